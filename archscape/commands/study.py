"""`archscape study list | show | stop | add | retry | drop | copy | delete`: the studies of a storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, emit, log, say
from ..spaces.errors import InputError, suggest
from .options.networks import UsesOption
from .options.studies import StorageOption, find_address, find_study

if TYPE_CHECKING:
    from ..search.study.study import Study

study = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Studies: list, show, stop, add, retry, drop, copy, delete.",
)

StudyName = Annotated[
    str, typer.Argument(help="Name of the study, or the folder of its search.", metavar="NAME|RUN")
]

WHICH = "which storage? give --storage URL, or the folder of a search"


@study.command(name="list")
def list_(
    run: Annotated[
        str, typer.Argument(help="Folder of a search, in place of --storage.", metavar="[RUN]")
    ] = "",
    storage: StorageOption = "",
    form: FormatOption = Format.table,
) -> None:
    """List the studies of a storage, with the number of their trials in each state."""
    from ..search.study.summary import study_summaries

    rows = [
        (s.name, s.ended, s.trials, s.running, s.paused, s.failed, s.best, _ago(s.latest))
        for s in study_summaries(_required(run or storage))
    ]
    columns = ("study", "ended", "of", "running", "paused", "failed", "best", "last change")
    emit(columns, rows, form, least=("last change", "paused", "best", "running"))


@study.command()
def show(name: StudyName, storage: StorageOption = "", form: FormatOption = Format.table) -> None:
    """Show how a study stands: who holds which trial, the counts, the best trials, the causes of failures."""
    from ..search.closing import overview

    with _find(name, storage) as reader:
        holders = [(t.number, t.state, t.holder, t.attempts, _ago(t.beat)) for t in reader.holders()]
        lines = overview(reader) if form is Format.table else []
        title = reader.name
    if holders or form is not Format.table:
        emit(("trial", "state", "held by", "attempts", "last sign"), holders, form, title=title)
    else:
        say(title)
    for line in lines:
        say(line)


@study.command()
def stop(name: StudyName, storage: StorageOption = "") -> None:
    """Ask every worker of a study to write a checkpoint, give its trial back, and leave.

    `archscape search` or `archscape worker` on the study resumes it.
    """
    with _find(name, storage) as reader:
        reader.stop()
        working = len(reader.at_work())
    trials = "1 trial is" if working == 1 else f"{working} trials are"
    log(f"{reader.name}: asked; {trials} being given back. The same search command resumes it")


@study.command()
def add(
    name: StudyName,
    network: Annotated[
        str,
        typer.Argument(
            help="A name of `archscape list`, a YAML or JSON file, or decisions as JSON.", metavar="NETWORK"
        ),
    ],
    storage: StorageOption = "",
    metrics: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What its training gave; may be repeated."),
    ] = None,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Where that is known from.")] = "",
    uses: UsesOption = None,
) -> None:
    """Add a network of the space to a study, to be trained next, or with a known result.

    It counts as a trial. With `--metrics` it is complete, with the cause `added` and the source as its
    message, and counts for samplers and frontier as any other.
    """
    from ..search.job.adding import add_network

    with _find(name, storage) as reader:
        number = add_network(reader, network, metrics or (), source=source)
        what = "is added with its result" if metrics else "waits to be trained; the search command trains it"
        log(f"{reader.name}: trial {number} {what}")


@study.command()
def retry(
    name: StudyName,
    storage: StorageOption = "",
    trial: Annotated[
        list[int] | None, typer.Option(help="Number of a failed trial; may be repeated. [default: all]")
    ] = None,
    cause: Annotated[
        str, typer.Option(help="Only trials that failed for it: `error`, `out_of_memory` ... [default: any]")
    ] = "",
) -> None:
    """Let trials that failed be trained again under their numbers, from their beginning.

    No attempt counts any more. Workers that are at work take them up; else the same `archscape search`
    command does.
    """
    with _find(name, storage) as reader:
        causes = reader.failures()
        if cause and cause not in causes:
            known = f"those that have failed: {', '.join(causes)}" if causes else "none has failed"
            raise InputError(
                f"{reader.name}: no trial has failed for '{cause}'{suggest(cause, causes)}; {known}"
            )
        failed = [record.number for record in reader.in_states("failed")]
        if wrong := sorted(set(trial or ()) - set(failed)):
            known = f"those that have: {_numbers(failed)}" if failed else "none has"
            raise InputError(f"{reader.name}: trial {_numbers(wrong)} has not failed; {known}")
        retried = reader.retry(trial or (), cause=cause)
    if retried:
        noun = "trial waits" if len(retried) == 1 else "trials wait"
        log(f"{reader.name}: {len(retried)} {noun} again ({_numbers(retried)}). The search trains them")
    else:
        law = f"of these has failed for '{cause}'" if trial and cause else "has failed"
        log(f"{reader.name}: no trial {law}")


@study.command()
def drop(
    name: StudyName,
    trial: Annotated[int, typer.Argument(help="Number of the trial.", metavar="TRIAL")],
    storage: StorageOption = "",
) -> None:
    """Hide a trial from samplers and frontier; its row stays, marked as dropped.

    Its network is not proposed again. A trial that somebody works on cannot be dropped.
    """
    with _find(name, storage) as reader:
        state, numbers = reader.drop(trial), sum(reader.counts().values())
        if not state:
            known = f"they go from 0 to {numbers - 1}" if numbers else "it has none"
            raise InputError(f"{reader.name}: no trial {trial}; {known}")
        if state == "running":
            remedy = f"first `archscape study stop {name}`, or wait until it has ended"
            raise InputError(f"{reader.name}: trial {trial} is running; {remedy}")
        before = "already" if state == "dropped" else f"now; it was {state}"
        log(f"{reader.name}: trial {trial} is dropped {before}")


@study.command()
def copy(
    name: StudyName,
    new: Annotated[str, typer.Argument(help="Name of the copy.", metavar="NEW")],
    storage: StorageOption = "",
    to: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Database of the copy, as in --storage; created if it is a file. A password belongs in "
            "PGPASSWORD or ~/.pgpass. [default: the study's own]",
        ),
    ] = "",
) -> None:
    """Copy a study with its trials, their epochs and what is known of their weights.

    Refused if there is a study of the name. A job with `search: NEW` on the storage works on the copy.
    """
    from ..search.job.settings import NAME
    from ..search.study.copying import copy_study

    if "***" in to:
        raise InputError(f"--to {to}: give the password in PGPASSWORD or ~/.pgpass")
    if not NAME.accepts(new):
        raise InputError(f"NEW {NAME.refusal(new, repr(new))}")
    with _find(name, storage) as reader:
        trials = copy_study(reader, new, storage=to)
        log(f"{new}: a copy of {reader.name} with {trials} trial{'s' * (trials != 1)}")


@study.command()
def delete(
    name: StudyName,
    storage: StorageOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study with all its trials from its storage; files in folders stay."""
    with _find(name, storage) as reader:
        counts, working = reader.counts(), len(reader.at_work())
        if working:
            running = "1 trial is" if working == 1 else f"{working} trials are"
            raise InputError(f"study {reader.name}: {running} running; first `archscape study stop {name}`")
        if not yes:
            trials = sum(counts.values())
            typer.confirm(
                f"Delete {reader.name} with {trials} trial{'s' * (trials != 1)}?", abort=True, err=True
            )
        reader.delete()
    log(f"{reader.name}: deleted")


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _find(name: str, storage: str) -> Study:
    """Open a study by its name in a storage, or by the folder of its search."""
    if Path(name).is_dir() and (not storage or Path(name).name != name):
        return find_study(Path(name), "", "")
    if not storage:
        raise InputError(f"no folder '{name}'; {WHICH}")
    return find_study(None, name, _required(storage))


def _required(storage: str) -> str:
    """Return the storage; the folder of a run stands for its own."""
    if not storage:
        raise InputError(WHICH)
    folder = Path(storage)
    if not folder.is_dir():
        return storage
    address = find_address(folder)
    if not address.storage and not Path(address.target).is_file():
        raise InputError(f"{storage}: the folder of no search; it has no study.db")
    return str(address.target)


def _ago(moment: datetime | None) -> str:
    """Return how long ago a moment in UTC was, in words."""
    from ..analysis.reports.format import plain_span

    if moment is None:
        return ""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = max(0.0, (datetime.now(UTC) - known).total_seconds())
    return f"{plain_span(seconds)} ago"
