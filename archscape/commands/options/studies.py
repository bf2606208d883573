"""The study that a command is about: the folder of its run, or its name and its storage; its results."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer

from ...hidden_password import VARIABLE, reveal_password
from ...spaces.bundle_files import is_bundle
from ...spaces.errors import InputError
from ...spaces.run_folder import STUDY, is_run_folder

if TYPE_CHECKING:
    from ...analysis.reports.results.run import RunResults
    from ...search.study.address import Address
    from ...search.study.reader import StudyReader
    from ...search.study.study import Study
    from ...spaces import Network, Space

StorageOption = Annotated[
    str,
    typer.Option(
        "--storage",
        metavar="URL",
        envvar=VARIABLE,
        show_envvar=True,
        callback=reveal_password,
        help="Database of the study: postgresql://USER@HOST/DB, or the path of an SQLite file. A password "
        "belongs in ARCHSCAPE_STORAGE, PGPASSWORD or ~/.pgpass; no folder keeps it.",
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
        _check_run(run)
        address = find_address(run, storage)
        return Study.open(run, name=address.name, storage="" if address.claim else address.storage)
    if not storage:
        raise InputError("which study? give the folder of a search, or --study NAME and --storage URL")
    return Study.open(Path("runs", name or "study"), name=name, storage=storage)


def _check_run(run: Path) -> None:
    """Check that a folder is that of a search.

    Raises:
        InputError: If it is not, or not yet.
    """
    if is_run_folder(run):
        return
    if not run.exists():
        raise InputError(f"{run}: no such folder")
    missing = f"it has no {' and no '.join(STUDY)}"
    if (run / "spool").is_dir():
        raise InputError(f"{run}: nothing yet, the search in it is starting: {missing}")
    if is_bundle(run):
        raise InputError(f"{run}: a bundle, not the folder of a search; name that which it was exported from")
    raise InputError(f"{run}: not the folder of a search; {missing}")


def find_address(run: Path, storage: str = "") -> Address:
    """Return the address that a run's folder keeps, with its password, which no folder keeps.

    Args:
        run: The folder.
        storage: What --storage says, if a command has it; it or ARCHSCAPE_STORAGE may hold the password.
    """
    from ...search.study.address import Address, with_secrets

    kept = Address.of(run)
    address = with_secrets(kept.storage, storage or os.environ.get(VARIABLE, ""))
    return kept if address == kept.storage else replace(kept, storage=address, claim=None)


def references(space: Space) -> list[Network]:
    """Return the networks of the catalog that do what those of a space do: of the same input and outputs."""
    from ...spaces import catalog_networks

    outputs = space.sample(Random(0)).network.body.shape
    known = catalog_networks()
    return [network for network in known if (network.input, network.body.shape) == (space.input, outputs)]


def results_of(study: StudyReader) -> RunResults:
    """Return the results of a study as its report shows them, references among them."""
    from ...search.folder import results
    from ...spaces import Space
    from ...spaces.errors import CodeNotRun

    try:
        known = references(Space.from_yaml(study.settings["space"]))
    except CodeNotRun:
        known = []  # what its networks read and tell apart is known by running its code alone
    return results(study, references=known)
