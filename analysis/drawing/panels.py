"""Panels: a cell that reads several maps and stands in many places is drawn once, beside the network.

As Zoph, Vasudevan, Shlens and Le (2018) draw theirs: the network names its cells, whose insides stand beside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from .diagram import Block, Diagram
from .repeats import collapse


def panelled(diagram: Diagram) -> tuple[Diagram, tuple[Block, ...]]:
    """Return a diagram in which such cells are boxes and what repeats is drawn once, and the cells.

    The widths of the cells are left open.
    """
    plans = [plan(block) if _is_cell(block) else None for block in diagram.blocks]
    counts = Counter(plans)
    blocks: list[Block] = []
    panels: dict[object, Block] = {}
    for block, own in zip(diagram.blocks, plans, strict=True):
        if own is None or counts[own] < 2:
            blocks.append(block)
            continue
        panels.setdefault(own, replace(block, inside=block.inside and _unsized(block.inside)))
        blocks.append(replace(block, kind="block", label=f"{block.label}, {block.shape[0]}", inside=None))
    collapsed = collapse(replace(diagram, blocks=tuple(blocks)))
    return replace(collapsed, blocks=tuple(map(_read_once, collapsed.blocks))), tuple(panels.values())


def _read_once(block: Block) -> Block:
    """Return a block that reads another once: what a cell gives stands for what it has read too."""
    if block.kind != "block":
        return block
    first = {source.value: source for source in block.sources[::-1]}
    return replace(block, sources=tuple([s for s in block.sources if first[s.value] == s]))


def plan(block: Block) -> object:
    """Return what a block has in common with others that differ in widths and strides alone."""
    inside = block.inside
    within = inside and (inside.outputs, tuple([(plan(each), each.sources) for each in inside.blocks]))
    return block.kind, block.label.partition(",")[0], within


def _is_cell(block: Block) -> bool:
    return block.inside is not None and block.inside.inputs > 1


def _unsized(diagram: Diagram) -> Diagram:
    blocks = [
        replace(block, label=_kept(block.label), inside=block.inside and _unsized(block.inside))
        for block in diagram.blocks
    ]
    return replace(diagram, blocks=tuple(blocks))


def _kept(label: str) -> str:
    """Return a label without the width.

    >>> _kept("3×3 conv, 64, /2")
    '3×3 conv, /2'
    """
    return ", ".join(part for part in label.split(", ") if not part.isdecimal())
