"""Diagrams of any making: whatever reads what, nothing overlaps and no line runs through or along another."""

from __future__ import annotations

from random import Random

import pytest
from helpers.figures import faults

from archscape.analysis.drawing.diagram import Block, Diagram, Source
from archscape.analysis.drawing.layout.figure import lay_out

LABELS = ("+", "×", "concat", "3×3 conv, 8", "a label that is longer than most")
SIGNS = ("+", "×", "concat")
SIZES = (1, 2, 4, 8, 15, 30, 60)


def random_diagram(rng: Random, size: int, *, inputs: int = 0) -> Diagram:
    """Return a diagram of blocks that read some before them, frames among them; each is read."""
    blocks = [] if inputs else [Block(kind="input", label="3×8×8", name="in", shape=(3, 8, 8))]
    unread = set(range(inputs + len(blocks)))
    while len(blocks) < size or len(unread) > 1:
        value = inputs + len(blocks)
        count = rng.choice([1, 1, 1, 2, 2, 3, 4])
        near = range(max(0, value - rng.choice([1, 3, 8])), value)
        read = set(rng.sample(near, min(count, len(near))))
        if len(blocks) >= size:
            read = set(sorted(unread)[: max(2, count)])
        elif rng.random() < 0.3:
            read.add(min(unread))
        blocks.append(random_block(rng, f"b{value}", tuple(map(Source, sorted(read))), framed=not inputs))
        unread = (unread - read) | {value}
    outputs = (Source(inputs + len(blocks) - 1),) if inputs else ()
    return Diagram(inputs=inputs, blocks=tuple(blocks), outputs=outputs)


def random_block(rng: Random, name: str, sources: tuple[Source, ...], *, framed: bool) -> Block:
    """Return a box, a join or a frame."""
    shape = (3, rng.choice([4, 8]), 8)
    if framed and rng.random() < 0.15:
        inside = random_diagram(rng, rng.choice([1, 3, 6]), inputs=len(sources))
        label, repeat = rng.choice(["", "cell"]), rng.choice(["", "×2"])
        return Block(
            kind="cell", label=label, name=name, sources=sources, shape=shape, inside=inside, repeat=repeat
        )
    label = rng.choice(LABELS if len(sources) > 1 else LABELS[-2:])
    kind = "join" if label in SIGNS else "conv"
    return Block(kind=kind, label=label, name=name, sources=sources, shape=shape)


@pytest.mark.parametrize("size", SIZES)
def test_figures_of_random_diagrams_are_without_fault(size: int) -> None:
    for seed in range(5):
        assert faults(lay_out(random_diagram(Random(seed), size), title="random")) == []
