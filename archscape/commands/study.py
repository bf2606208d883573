"""`archscape study list | show | stop | delete`: the studies of a storage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ..output import Format, FormatOption, emit, log
from ..spaces.errors import InputError
from .options.studies import StorageOption, find_study

study = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="The studies of a storage: list, show, stop, delete.",
)

StudyName = Annotated[str, typer.Argument(help="Name of the study.", metavar="NAME")]


@study.command(name="list")
def list_(storage: StorageOption = "", form: FormatOption = Format.table) -> None:
    """List the studies of a storage, with the number of their trials in each state."""
    from ..search.study.summary import study_summaries

    rows = [
        (s.name, s.ended, s.trials, s.running, s.paused, s.failed, s.best, _ago(s.latest))
        for s in study_summaries(_required(storage))
    ]
    columns = ("study", "ended", "of", "running", "paused", "failed", "best", "last change")
    emit(columns, rows, form)


@study.command()
def show(name: StudyName, storage: StorageOption = "", form: FormatOption = Format.table) -> None:
    """Show which worker holds which trial of a study, and the causes of its failures."""
    with find_study(None, name, _required(storage)) as reader:
        holders = [(t.number, t.state, t.holder, t.attempts, _ago(t.beat)) for t in reader.holders()]
        counts = reader.counts()
        failures = reader.failures()
    emit(("trial", "state", "held by", "attempts", "last sign"), holders, form, title=name)
    if form is Format.table:
        log(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no trial yet")
        for cause, count in failures.items():
            log(f"  failed: {cause} ({count})")


@study.command()
def stop(name: StudyName, storage: StorageOption = "") -> None:
    """Ask every worker of a study to write a checkpoint, give its trial back, and leave.

    `archscape search` or `archscape worker` on the study resumes it.
    """
    with find_study(None, name, _required(storage)) as reader:
        reader.stop()
        working = len(reader.at_work())
    log(f"{name}: asked; {working} trials are being given back. The same search command resumes it")


@study.command()
def delete(
    name: StudyName,
    storage: StorageOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study with all its trials from its storage; files in folders stay."""
    with find_study(None, name, _required(storage)) as reader:
        counts, working = reader.counts(), len(reader.at_work())
        if working:
            raise InputError(
                f"study {name}: {working} trials are running; first `archscape study stop {name}`"
            )
        if not yes:
            typer.confirm(f"Delete {name} with {sum(counts.values())} trials?", abort=True, err=True)
        reader.delete()
    log(f"{name}: deleted")


def _required(storage: str) -> str:
    """Return the storage; the folder of a run stands for its own."""
    if not storage:
        raise InputError("which storage? give --storage URL, or the folder of a search")
    folder = Path(storage)
    if not folder.is_dir():
        return storage
    from ..search.study.address import Address

    address = Address.of(folder)
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
