"""The study that a command is about: the folder of its run, or its name and its storage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...spaces.errors import InputError

if TYPE_CHECKING:
    from ...search.study.study import Study

StorageOption = Annotated[
    str,
    typer.Option(
        "--storage",
        metavar="URL",
        envvar="ARCHSCAPE_STORAGE",
        show_envvar=True,
        help="Database of the study: postgresql://USER@HOST/DB, or the path of an SQLite file.",
    ),
]
NameOption = Annotated[str, typer.Option("--study", metavar="NAME", help="Name of the study in its storage.")]
RunArgument = Annotated[
    Path | None,
    typer.Argument(help="Folder of a search; or give --study and --storage.", metavar="[RUN]"),
]


def find_study(run: Path | None, name: str, storage: str) -> Study:
    """Open the study of a run's folder, or one in a storage.

    Raises:
        InputError: If neither is given, or the folder is that of no search.
        StudyError: If there is no such study.
    """
    from ...search.study.study import Study

    if run is not None:
        if not (run / "job.yaml").is_file():
            raise InputError(f"{run}: not the folder of a search; it has no job.yaml")
        return Study.open(run)
    if not storage:
        raise InputError("which study? give the folder of a search, or --study NAME and --storage URL")
    return Study.open(Path("runs", name or "study"), name=name, storage=storage)
