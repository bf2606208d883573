"""Bundles of a search, of a final training or of a network: one, or one for each network of a frontier."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces import Network, load_network
from archscape.spaces.bundle_files import is_bundle
from archscape.spaces.errors import ArchscapeError, ExportError, InputError
from archscape.spaces.run_folder import is_run_folder

from ...datasets.progress import no_progress
from ...study.reader import StudyReader
from ...study.trained import frontier_trials
from ..trained_network import is_training
from .bundle import Bundle, write_bundle
from .card_words import UNKNOWN_LICENCE
from .index import write_index
from .subject import subject_of_network, subject_of_seed, subject_of_trial

if TYPE_CHECKING:
    from archscape.spaces.codegen.formats.base import ExportOptions

    from ...datasets.settings import DataSettings
    from .subject import Note, Show

WARNING = logging.getLogger("archscape").warning


def export(
    source: str | Path | Network,
    out: str | Path,
    *,
    trial: str | int = "best",
    data: str | DataSettings | None = None,
    options: ExportOptions | None = None,
    licence: str = UNKNOWN_LICENCE,
    note: Note = WARNING,
    show: Show = no_progress,
) -> list[Bundle]:
    """Export a network, trained or not, as a bundle: files that compute by themselves, a card and a proof.

    ::

        archscape.search.export("runs/digits", "best")
        archscape.search.export("runs/digits", "front", trial="frontier")

    Args:
        source: The folder of a search or of a final training, or a network or its name.
        out: The folder to write to; of a frontier each has a folder of its own in it.
        trial: Of a search `best`, a number, or `frontier`; of a final training `best` or a seed.
        data: In place of what it was trained on, where that is elsewhere now.
        options: How the files that compute by themselves are exported.
        licence: An identifier for the card, as model hubs take it.
        note: Takes lines about what is left out.
        show: Takes how far it is.

    Raises:
        InputError: If there is no such trial, its weights or data are missing, or the folder holds
            something else.
        ExportError: If a file gives something else than the network, or that something else than recorded.
    """
    out, which = Path(out), str(trial)
    if isinstance(source, Network) or not Path(source).is_dir():
        network = source if isinstance(source, Network) else load_network(str(source))
        subject = subject_of_network(network)
    elif is_training(Path(source)):
        subject = subject_of_seed(Path(source), which, data=data, note=note, show=show)
    else:
        _check_run(Path(source))
        with StudyReader.open(Path(source)) as study:
            return export_study(
                study, which, out, data=data, options=options, licence=licence, note=note, show=show
            )
    return [write_bundle(subject, out, options=options, licence=licence, note=note, show=show)]


def _check_run(folder: Path) -> None:
    """Raise InputError if a folder is not that of a search."""
    if is_run_folder(folder):
        return
    if is_bundle(folder):
        raise InputError(f"{folder}: is a bundle already; export what it was made from")
    raise InputError(f"{folder}: neither the folder of a search nor of a final training")


def export_study(
    study: StudyReader,
    which: str,
    out: Path,
    *,
    data: str | DataSettings | None,
    options: ExportOptions | None,
    licence: str,
    note: Note,
    show: Show,
) -> list[Bundle]:
    """Export a trial of a study, or each of its frontier; arguments are those of `export`."""
    if which == "frontier":
        numbers = [str(trial.number) for trial in frontier_trials(study)]
        return _export_several(
            study, numbers, out, data=data, options=options, licence=licence, note=note, show=show
        )
    subject = subject_of_trial(study, which, data=data, note=note, show=show)
    return [write_bundle(subject, out, options=options, licence=licence, note=note, show=show)]


def _export_several(
    study: StudyReader,
    numbers: Sequence[str],
    out: Path,
    *,
    data: str | DataSettings | None,
    options: ExportOptions | None,
    licence: str,
    note: Note,
    show: Show,
) -> list[Bundle]:
    """Write a bundle of each trial, and their page; one that cannot be exported leaves the others alone.

    Raises:
        InputError: If one cannot be exported; the others have been.
        ExportError: If a file of one gives something else than its network.
    """
    bundles, failures = list[Bundle](), list[ArchscapeError]()
    for number in numbers:
        try:
            subject = subject_of_trial(study, number, data=data, note=note, show=show)
            bundles.append(
                write_bundle(
                    subject, out / subject.folder, options=options, licence=licence, note=note, show=show
                )
            )
        except (InputError, ExportError) as error:
            note(f"archscape: {error}")
            failures.append(error)
    if bundles:
        write_index(out, bundles, objectives=study.objectives)
    if failures:
        law = f"{len(failures)} of the {len(numbers)} trials of the frontier could not be exported"
        raise (InputError if all(isinstance(each, InputError) for each in failures) else ExportError)(law)
    return bundles
