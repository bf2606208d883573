"""Bundles of a search, of a final training or of a network: one, or one for each network of a frontier."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from archscape.spaces import Network, load_network
from archscape.spaces.bundle_files import is_bundle
from archscape.spaces.codegen.formats.base import ExportOptions
from archscape.spaces.errors import InputError
from archscape.spaces.run_folder import is_run_folder

from ...datasets.progress import no_progress
from ...datasets.settings import DataSettings
from ...study.reader import StudyReader
from ..trained_network import Note, Show, is_training
from .bundle import Bundle, write_bundle
from .card_words import UNKNOWN_LICENCE
from .index import check_index, write_index
from .subject import Subject, subject_of_network, subject_of_seed, subject_of_trial
from .trials import FRONTIER, export_trials

WARNING = logging.getLogger("archscape").warning


@dataclass(frozen=True, kw_only=True)
class BundleWriter:
    """Writes bundles of what a command or a program names.

    Attributes:
        data: In place of what networks were trained on, where that is elsewhere now.
        options: How the files that compute by themselves are exported.
        licence: An identifier for the card, as model hubs take it.
        note: Takes lines about what is left out.
        show: Takes how far it is.
    """

    data: str | DataSettings | None = None
    options: ExportOptions | None = None
    licence: str = UNKNOWN_LICENCE
    note: Note = WARNING
    show: Show = no_progress

    def write(self, subject: Subject, out: Path) -> Bundle:
        """Write the bundle of a network; errors are those of `write_bundle`."""
        return write_bundle(
            subject, out, options=self.options, licence=self.licence, note=self.note, show=self.show
        )

    def of_network(self, network: Network, out: Path) -> Bundle:
        """Write the bundle of a network that nobody trained.

        Raises:
            InputError: If data are named, which it has not seen.
        """
        if self.data is not None:
            law = (
                f"data are of a trained network, and {network.name} is not: its files are compared on random"
            )
            raise InputError(f"{law} samples; leave --data out, or name the folder of a search")
        return self.write(subject_of_network(network), out)

    def of_folder(self, folder: Path, which: str, out: Path) -> list[Bundle]:
        """Write bundles of a search or of a final training, as `export` says.

        Raises:
            InputError: If the folder is that of neither.
        """
        if is_training(folder):
            return [
                self.write(
                    subject_of_seed(folder, which, data=self.data, note=self.note, show=self.show), out
                )
            ]
        if not is_run_folder(folder):
            law = (
                "is a bundle already; export what it was made from"
                if is_bundle(folder)
                else "neither the folder of a search nor of a final training"
            )
            raise InputError(f"{folder}: {law}")
        with StudyReader.open(folder) as study:
            return self.of_study(study, which, out)

    def of_study(self, study: StudyReader, which: str, out: Path) -> list[Bundle]:
        """Write the bundle of a trial, by `best` or its number, or those of the `frontier` and their page.

        Raises:
            InputError: If one cannot be exported; the others of the frontier have been.
            ExportError: If a file of one gives something else than its network; likewise.
        """
        bundles: list[Bundle] = []

        def write(trial: str) -> None:
            subject = subject_of_trial(study, trial, data=self.data, note=self.note, show=self.show)
            bundles.append(self.write(subject, out / subject.folder if which == FRONTIER else out))

        if which == FRONTIER:
            check_index(out)
        try:
            export_trials(study, which, write, self.note)
        finally:
            if which == FRONTIER and bundles:
                write_index(out, bundles, objectives=study.objectives)
        return bundles


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
    writer = BundleWriter(data=data, options=options, licence=licence, note=note, show=show)
    if not isinstance(source, Network) and Path(source).is_dir():
        return writer.of_folder(Path(source), str(trial), Path(out))
    network = source if isinstance(source, Network) else load_network(str(source))
    if trial != "best":
        raise InputError(f"trial {trial} needs the folder of a search, but got the network {network.name}")
    return [writer.of_network(network, Path(out))]
