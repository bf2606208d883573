"""What is wrong with a composed block whatever its arguments are."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from ..vocabulary import nearest
from .calls import RowError
from .composed import CHANNELS, EXTENT, ComposedBlock
from .composed_row import ComposedRow, Names, values_of
from .expression_parts import is_open, words_in
from .rows import INPUT
from .scope import outputs_of


def check_composed(block: ComposedBlock, let: Collection[str], choices: Collection[str]) -> None:
    """Raise if a row is wrong whatever the arguments are, or one of these is not used.

    Args:
        block: The block; which rows share the weights of which is noted in it.
        let: What the table declares under `let`.
        choices: What it declares under `choices`.
    """
    known = dict.fromkeys((*block.let, *block.parameters, CHANNELS, EXTENT))
    names = Names(known, known, {})
    above = {INPUT, *block.maps[1:]}
    block.find_likes()
    for index, line in enumerate(block.lines):
        if line.name in above:
            law = f"a row and an argument have the name '{line.name}'; name them apart"
            raise RowError(law, line.inner, at_key=True)
        if isinstance(block.terms[index], str):
            ComposedRow(block, line, index, names, above).check(let, choices)
        term = block.terms[index]
        above |= outputs_of(line.name, block.words.get(term) if isinstance(term, str) else None)
    _check_outputs(block)
    _check_read(block)
    used = values_of(block.definition)
    for name in block.parameters:
        if name not in used:
            law = f"nothing in '{block.word}' uses the argument '{name}'"
            raise RowError(law, ("blocks", block.word), at_key=True)


def _check_read(block: ComposedBlock) -> None:
    """Raise if nothing reads a row, whatever the arguments are."""
    sources = [block.sources_of(index) for index in range(len(block.lines))]
    if any(map(is_open, chain.from_iterable(sources))):
        return
    read = {name for line in block.lines for name in line.ends}
    read |= {name.partition(".")[0] for name in words_in(chain.from_iterable(sources))}
    read |= set(block.outputs or [block.lines[-1].name])
    for line in block.lines:
        if line.name not in read:
            raise RowError(f"nothing reads '{line.name}'; take it out", line.place)


def _check_outputs(block: ComposedBlock) -> None:
    """Raise if what it gives are not rows of it, each once."""
    names = [line.name for line in block.lines]
    for at, name in enumerate(block.outputs):
        near = f"; did you mean {nearest(name, names)}?" if nearest(name, names) else "; name a row so"
        law = f"'{name}' is no row of '{block.word}'{near}" if name not in names else ""
        law = law or (f"'{name}' is an output already" if name in block.outputs[:at] else "")
        if law:
            raise RowError(law, ("blocks", block.word), at_key=True)
