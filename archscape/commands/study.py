"""`archscape study list | show | stop | delete`: the studies of a storage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, emit
from ..spaces.errors import InputError
from .common import StorageOption, ago, find_study, say

if TYPE_CHECKING:
    from ..search.study.study import Study

app = typer.Typer(no_args_is_help=True, help="The studies of a storage: list, show, stop, delete.")

StudyName = Annotated[str, typer.Argument(help="Name of the study.", metavar="NAME")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]


@app.command(name="list")
def list_(storage: StorageOption = "", form: FormatOption = Format.table) -> None:
    """List the studies of a storage: how far they are, and how many processes work on them."""
    from ..search.study.summary import study_summaries

    rows = [
        (s.name, s.ended, s.trials, s.running, s.paused, s.failed, s.best, ago(s.latest))
        for s in study_summaries(_required(storage))
    ]
    columns = ("study", "ended", "of", "running", "paused", "failed", "best", "last change")
    emit(columns, rows, form)


@app.command()
def show(name: StudyName, storage: StorageOption = "", form: FormatOption = Format.table) -> None:
    """Show who works on what in a study, and the causes of its failures."""
    with _found(name, storage) as study:
        holders = [
            (held.number, held.state, held.owner.text if held.owner else "", held.attempts, ago(held.beat))
            for held in study.holders()
        ]
        counts = study.counts()
        failures = study.failures()
    emit(("trial", "state", "held by", "attempts", "last sign"), holders, form, title=name)
    if form is Format.table:
        say(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no trial yet")
        for cause, count in failures.items():
            say(f"  failed: {cause} ({count})")


@app.command()
def stop(name: StudyName, storage: StorageOption = "") -> None:
    """Ask every worker of a study to write a checkpoint, give its trial back, and leave.

    `archscape search` or `archscape worker` on the study goes on with it.
    """
    with _found(name, storage) as study:
        study.stop()
        working = len(study.at_work())
    say(f"{name}: asked; {working} trials are being given back. The same search command goes on with it")


@app.command()
def delete(
    name: StudyName,
    storage: StorageOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study with all its trials from its storage; files in folders stay."""
    with _found(name, storage) as study:
        counts, working = study.counts(), len(study.at_work())
        if working:
            raise InputError(
                f"study {name}: {working} trials are running; first `archscape study stop {name}`"
            )
        if not yes:
            typer.confirm(f"Delete {name} with {sum(counts.values())} trials?", abort=True, err=True)
        study.delete()
    say(f"{name}: deleted")


def _found(name: str, storage: str) -> Study:
    return find_study(None, name, _required(storage))


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
