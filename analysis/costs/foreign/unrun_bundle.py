"""The costs of a bundle whose table uses Python that was not run: from its files, or from the known rows.

The program or the ONNX file beside the table holds all operators of the network. Without either, rows are
counted up to the first that only the code could tell, and all costs are lower bounds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from archscape.spaces import Network
from archscape.spaces.bundle_files import ONNX, PT2, TABLE, bundle_folder
from archscape.spaces.errors import CodeNotRun, SpaceError
from archscape.spaces.language.document import read_file
from archscape.spaces.language.reading import read
from archscape.spaces.language.rows import Row
from archscape.spaces.language.written import WrittenNetwork
from archscape.spaces.loading import load

from ..layers import Layer
from ..profile import profile
from . import profile_file
from .table import FileCoverage, FileProfile

OPAQUE = "opaque"


def is_unrun(name: str | Path) -> bool:
    """Return whether a name is that of a bundle which uses Python that nobody named to be run."""
    folder = bundle_folder(name)
    if folder is None:
        return False
    try:
        load(folder)
    except CodeNotRun:
        return True
    return False


def written_of(name: str | Path) -> WrittenNetwork:
    """Return the table of a bundle as it is written.

    Raises:
        SpaceError: If it does not follow the language.
    """
    folder = bundle_folder(name)
    assert folder is not None
    return read(read_file(folder / TABLE), WrittenNetwork)


def profile_unrun(name: str | Path) -> FileProfile:
    """Return what is known of the costs of a bundle whose code was not run.

    Raises:
        InputError: If its table or its files cannot be read.
    """
    folder = bundle_folder(name)
    assert folder is not None
    table = written_of(name)
    file = next((folder / each for each in (PT2, ONNX) if (folder / each).is_file()), None)
    if file is None:
        return _known_rows(table)
    costs = profile_file(file)
    source = f"bundle, counted from its {file.name}: {costs.format}"
    return replace(costs, name=table.name, format=source, notes=(f"{table.note}.", *costs.notes))


def _known_rows(table: WrittenNetwork) -> FileProfile:
    """Return the costs of the rows before the first that is opaque; the others are named."""
    opaque = {*table.opaque}
    opaque |= {word for word, block in table.composed.items() if _words(block.rows) & opaque}
    known = next((at for at, row in enumerate(table.layers) if _words([row]) & opaque), len(table.layers))
    rest = table.layers[known:]
    unknown = {row.word: (f"row {at}",) for at, row in reversed([*enumerate(rest, known + 1)])}
    return FileProfile(
        name=table.name,
        format="bundle without a model.pt2 or model.onnx, counted by the rows that are known",
        inputs=dict(table.inputs),
        layers=[
            *_layers(table, table.layers[:known], opaque),
            *[Layer(row.word, OPAQUE, (), 0, 0, 0, 0) for row in rest],
        ],
        coverage=FileCoverage(unknown, {}, {}),
        notes=(f"{table.note}.",),
        has_all_parameters=False,
    )


def _layers(table: WrittenNetwork, rows: Sequence[Row], opaque: Collection[str]) -> list[Layer]:
    """Return the layers of rows; none where they are no network by themselves."""
    names = [
        name for name in Network.settable() if name not in ("layers", "outputs", "uses", "blocks", "origin")
    ]
    settings = {name: getattr(table, name) for name in names}
    try:
        blocks = {word: block for word, block in table.composed.items() if word not in opaque}
        return profile(Network(**settings, blocks=blocks, layers=tuple(rows))).layers
    except SpaceError:
        return []


def _words(rows: Iterable[Row]) -> set[str]:
    """Return the words of rows and of all in their branches."""
    return {word for row in rows for word in (row.word, *_words(inner for b in row.branches for inner in b))}
