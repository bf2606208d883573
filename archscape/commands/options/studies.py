"""The study that a command is about: the folder of its run, or its name and its storage; its results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from ...spaces.errors import InputError

if TYPE_CHECKING:
    from ...analysis.reports.results.run import RunResults
    from ...search.study.reader import StudyReader
    from ...search.study.study import Study
    from ...spaces import Network, Space

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


def references(space: Space) -> Iterator[Network]:
    """Yield the networks of the catalog on a space's input with its number of classes, where they fit."""
    from ...spaces import SpaceError, catalog_networks

    classes = space.sample(Random(0)).network.body.shape[0]
    for network in catalog_networks():
        try:
            yield network.at(input=space.input, classes=classes)
        except SpaceError:
            continue  # its rows need a larger input or other axes, so it is no reference there


def results_of(study: StudyReader) -> RunResults:
    """Return the results of a study as its report shows them, references among them."""
    from ...search.folder import results
    from ...spaces import Space

    return results(study, references=references(Space.from_yaml(study.settings["space"])))
