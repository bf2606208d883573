"""What commands on studies share: where a study is found, and how long ago something was."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..spaces.errors import InputError

if TYPE_CHECKING:
    from ..search.study.study import Study

StorageOption = Annotated[
    str,
    typer.Option(
        "--storage",
        metavar="URL",
        envvar="ARCHSCAPE_STORAGE",
        show_envvar=True,
        help="The database: postgresql://USER@HOST/DATABASE, or the path of an SQLite file.",
    ),
]
NameOption = Annotated[str, typer.Option("--study", metavar="NAME", help="Name of the study in its storage.")]
RunArgument = Annotated[
    Path | None,
    typer.Argument(help="Folder of a search; or give --study and --storage.", metavar="[RUN]"),
]


def say(text: str) -> None:
    """Print to standard error."""
    print(text, file=sys.stderr)


def find_study(run: Path | None, name: str, storage: str) -> Study:
    """Open the study of a run's folder, or one in a storage.

    Raises:
        InputError: If neither is given, or the folder is that of no search.
        StudyError: If there is no such study.
    """
    from ..search.study.study import Study

    if run is not None:
        if not (run / "job.yaml").is_file():
            raise InputError(f"{run}: not the folder of a search; it has no job.yaml")
        return Study.open(run)
    if not storage:
        raise InputError("which study? give the folder of a search, or --study NAME and --storage URL")
    return Study.open(Path("runs", name or "study"), name=name, storage=storage)


def ago(moment: datetime | None) -> str:
    """Return how long ago a moment in UTC was, in words."""
    from ..analysis.reports.format import span

    if moment is None:
        return ""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = max(0.0, (datetime.now(UTC) - known).total_seconds())
    return f"{span(seconds)} ago".replace("\N{NO-BREAK SPACE}", " ")
