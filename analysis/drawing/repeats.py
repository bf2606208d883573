"""Repeats: blocks that follow themselves are drawn once, with the number of times that they stand there."""

from __future__ import annotations

from dataclasses import replace

from .diagram import Block, Diagram, Source
from .shorthand import SEPARABLE

FEWEST_LAYERS = 5
"""So many layers alike are drawn once; papers show fewer one by one. Of what is several layers, two are."""


def collapse(diagram: Diagram) -> Diagram:
    """Return a diagram in which each run of blocks that look the same is one block."""
    runs = _runs(diagram)
    if len(runs) == len(diagram.blocks):
        return diagram
    moved = {Source(value): Source(value) for value in range(diagram.inputs)}
    blocks: list[Block] = []
    value = diagram.inputs
    for length in runs:
        block = diagram.blocks[value - diagram.inputs]
        here = diagram.inputs + len(blocks)
        sources = tuple(
            [moved.get(s) or s._replace(value=moved[Source(s.value)].value) for s in block.sources]
        )
        if length > 1:
            block = replace(
                block, repeat=f"×{length}", shape=diagram.blocks[value - diagram.inputs + length - 1].shape
            )
            moved[Source(value + length - 2)] = Source(here, 1)
        moved[Source(value + length - 1)] = Source(here)
        blocks.append(replace(block, sources=sources))
        value += length
    outputs = tuple([moved.get(s) or s._replace(value=moved[Source(s.value)].value) for s in diagram.outputs])
    return Diagram(inputs=diagram.inputs, blocks=tuple(blocks), outputs=outputs)


def _runs(diagram: Diagram) -> list[int]:
    """Return how many blocks, one after the other, each block of the collapsed diagram stands for."""
    last_reader = {source.value: max(values) for source, values in diagram.readers().items()}
    last_reader |= {source.value: len(diagram.blocks) + diagram.inputs for source in diagram.outputs}
    lengths: list[int] = []
    start = diagram.inputs
    end = start + len(diagram.blocks)
    while start < end:
        stop = start + 1
        while stop < end and _follows(diagram, stop):
            stop += 1
        # What is read from afar ends a run, but for the last block and the one before it.
        while stop - start > 1 and any(last_reader.get(v, v) >= stop for v in range(start, stop - 2)):
            stop -= 1
        if stop - start < _fewest(diagram.blocks[start - diagram.inputs]):
            stop = start + 1
        lengths.append(stop - start)
        start = stop
    return lengths


def _fewest(block: Block) -> int:
    """Return how many such blocks at least are drawn once."""
    several = block.inside is not None or block.kind == "block" or SEPARABLE in block.label
    return 2 if several else FEWEST_LAYERS


def _follows(diagram: Diagram, value: int) -> bool:
    """Tell whether a block looks like the one before it and reads it, and otherwise what that one read."""
    before, block = (diagram.blocks[value - diagram.inputs - back] for back in (1, 0))
    if not block.sources or block.sources[0] != Source(value - 1) or block.look != before.look:
        return False
    return block.sources[1:] in (before.sources[1:], before.sources[:1])
