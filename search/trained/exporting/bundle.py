"""A bundle: one exported network in a folder, with its weights, its card and its proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.costs.latency import measure
from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.svg import to_svg
from archscape.spaces.atomic import write_whole
from archscape.spaces.bundle_files import CARD, CONFIG, DRAWING, FILES, PARITY, REQUIREMENTS, TABLE, WEIGHTS
from archscape.spaces.codegen.export import copy_used
from archscape.spaces.codegen.formats import FORMATS
from archscape.spaces.codegen.formats.base import Export, ExportOptions
from archscape.spaces.errors import InputError
from archscape.spaces.language.uses import used_name

from .card import Card
from .card_words import UNKNOWN_LICENCE
from .config import config_of, digests_of
from .parity import FileParity, check_file, check_recorded, parity_facts
from .reference import Reference, initialised, reference_of
from .requirements import reader_of, requirements_text
from .smaller import check_trained, int8_of
from .whole_folder import check_place, whole_folder

if TYPE_CHECKING:
    from ..trained_network import Note, Show
    from .fresh_process import Reader
    from .smaller import Int8
    from .subject import Subject

STEM = Path(WEIGHTS).stem
COMPUTING = ("weights", "pt2", "onnx")
"""The formats of a bundle that compute; `weights` by the source beside them."""
ROUNDS = 3
"""Of measuring latency."""
INITIALISED = {"weights": "initialised at seed 0"}
"""What weights say of themselves that nobody trained."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle that was written.

    Attributes:
        folder: Its folder.
        subject: The network.
        parity: What each file gave in a fresh process.
        left_out: Why a file is not there, by its name.
        int8: The file of 8 bits beside the float one, if there is one.
    """

    folder: Path
    subject: Subject
    parity: tuple[FileParity, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    int8: Int8 | None = None


def write_bundle(
    subject: Subject,
    out: Path,
    *,
    options: ExportOptions | None = None,
    licence: str = UNKNOWN_LICENCE,
    note: Note,
    show: Show,
) -> Bundle:
    """Write a bundle, whole or not at all, once its files have proved to give what the network gives.

    An earlier bundle of the same network is replaced.

    Args:
        subject: The network, and what is known of it.
        out: The folder.
        options: How the files that compute by themselves are exported; source, table and weights belong
            together and stay as they are.
        licence: An identifier, as model hubs take it.
        note: Takes a line about a file that is left out.
        show: Takes how far it is.

    Raises:
        InputError: If the folder holds something else, or an option does not go with the network.
        ExportError: If a file gives something else than the network, or that something else than recorded.
    """
    asked, name = options or ExportOptions(), subject.network.name
    _check(subject, asked)
    options = replace(asked, int8=False, max_drop=ExportOptions.max_drop)
    check_place(out, name)
    steps = _Steps(words=f"exporting {name}", show=show)
    steps.next()
    reference = reference_of(subject)
    if subject.is_ours:
        check_recorded(subject.title, reference)
    subject = replace(subject, measurement=measure([subject.network], rounds=ROUNDS)[0])
    with whole_folder(out) as folder:
        writing = _Writing(subject=subject, folder=folder, options=options, reference=reference, steps=steps)
        left_out = writing.files()
        for file, reason in left_out.items():
            note(f"{out.name}: without {file}: {reason}")
        readers = writing.readers()
        parity = writing.prove(readers)
        int8 = int8_of(subject, reference, folder / STEM, asked) if asked.int8 else None
        if int8:
            write_whole(folder / int8.small.file, int8.content)
        write_whole(folder / DRAWING, to_svg(draw(subject.network)))
        write_whole(folder / REQUIREMENTS, requirements_text(readers))
        facts = parity_facts(reference, parity) | ({"int8": int8.facts()} if int8 else {})
        _write_json(folder / PARITY, facts)
        card = Card(
            subject=subject,
            options=options,
            config=config_of(subject, options, {}),
            licence=licence,
            reference=reference,
            readers=readers,
            parity=parity,
            left_out=left_out,
            int8=int8,
        )
        write_whole(folder / CARD, card.text())
        _write_json(folder / CONFIG, config_of(subject, options, digests_of(folder)))
    return Bundle(folder=out, subject=subject, parity=tuple(parity), left_out=left_out, int8=int8)


@dataclass(kw_only=True)
class _Steps:
    """How far a bundle is: the network is measured, files are written, those that compute are checked."""

    words: str
    show: Show
    done: int = 0
    total: int = 2 * len(COMPUTING) + 1

    def next(self) -> None:
        """Show that a step begins."""
        self.show(self.words, self.done, self.total)
        self.done += 1


@dataclass(frozen=True, kw_only=True)
class _Writing:
    """The files of a network on their way into a folder."""

    subject: Subject
    folder: Path
    options: ExportOptions
    reference: Reference
    steps: _Steps

    def files(self) -> dict[str, str]:
        """Write all files that hold the network; return why one of those that compute is left out."""
        plain, whole = self._exports()
        self.steps.next()
        for name in ("source", "weights"):
            FORMATS.load(name).write(plain)
        table = Export(table=self.subject.network, path=self.folder / Path(TABLE).stem, uses=plain.uses)
        FORMATS.load("spec").write(table)
        left_out = {}
        for name in COMPUTING[1:]:
            self.steps.next()
            try:
                FORMATS.load(name).write(whole)
            except InputError as error:
                if self.options != ExportOptions():
                    raise
                left_out[f"{STEM}.{name}"] = str(error)
        return left_out

    def _exports(self) -> tuple[Export, Export]:
        """Return what source and weights are written of, and what pt2 and onnx are."""
        subject, network = self.subject, self.subject.network
        initial = dict(initialised(network).state_dict()) if subject.weights is None else {}
        plain = Export(
            table=network,
            path=self.folder / STEM,
            uses=copy_used(network, self.folder),
            weights=initial or subject.weights,
            metadata=subject.metadata if subject.weights is not None else INITIALISED,
            preprocessing=subject.preprocessing,
        )
        return plain, replace(plain, weights=subject.weights, metadata=subject.metadata, options=self.options)

    def readers(self) -> dict[str, Reader]:
        """Return what each file that computes is used with, by its name."""
        names = {f"{STEM}.{name}": name for name in COMPUTING[1:]}
        there = {WEIGHTS: "weights"} | {
            file: name for file, name in names.items() if (self.folder / file).is_file()
        }
        return {
            file: reader_of(
                FORMATS.load(name),
                network=self.subject.network,
                folder=self.folder,
                runs_source=file == WEIGHTS,
            )
            for file, name in there.items()
        }

    def prove(self, readers: Mapping[str, Reader]) -> list[FileParity]:
        """Return what each file gives in a fresh process.

        Raises:
            ExportError: If one gives something else than the network.
        """
        proofs = []
        for file, reader in readers.items():
            self.steps.next()
            takes_raw = file == WEIGHTS or self.options.preprocessing
            samples = self.reference.sources if takes_raw else self.reference.ready
            softmax = self.options.softmax and file != WEIGHTS
            proofs.append(check_file(self.folder / file, reader, self.reference, [*samples], softmax=softmax))
        return proofs


def _check(subject: Subject, options: ExportOptions) -> None:
    """Check that options go with a network.

    Raises:
        InputError: If they do not.
    """
    network = subject.network
    if options.int8:
        check_trained(subject)
    if options.fold and subject.weights is None:
        law = f"{subject.title} was not trained, and --fold folds trained batch norms"
        raise InputError(f"{law}; leave it out")
    for use in map(used_name, network.uses):
        if Path(use).name in FILES:
            law = f"network {network.name} uses {use}, the name of a file of a bundle"
            raise InputError(f"{law}; rename it")


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    write_whole(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")
