"""Shorthand: a few layers that papers draw as one box."""

from __future__ import annotations

from dataclasses import replace

from .diagram import Block, Diagram, Source

DEPTHWISE = "depthwise conv"
SEPARABLE = "separable conv"
GATE = "squeeze and excite"


def shorten(diagram: Diagram) -> Diagram:
    """Return a diagram whose separable convolutions and squeeze-and-excitation gates are one box each."""
    return _gated(_halved(_separable(diagram)))


def _separable(diagram: Diagram) -> Diagram:
    """A depthwise and a 1x1 convolution that are all of a block are a separable convolution."""
    if diagram.inputs != 1 or len(diagram.blocks) != 2:
        return diagram
    first, second = diagram.blocks
    pointwise = second.label.startswith(("1×1 conv, ", "conv 1, ", "1×1×1 conv, ")) and not second.repeat
    if first.kind != "depthwise" or DEPTHWISE not in first.label or not pointwise:
        return diagram
    before, _, after = first.label.partition(DEPTHWISE)
    width = second.label.partition(", ")[2]
    stride = after.partition(", /")[2].partition(",")[0]
    text = f"{before}{SEPARABLE}{'' if before else after.partition(',')[0]}, {width}"
    block = replace(
        second, kind="depthwise", label=f"{text}, /{stride}" if stride else text, sources=first.sources
    )
    return Diagram(inputs=1, blocks=(block,), outputs=(Source(1),))


def _halved(diagram: Diagram) -> Diagram:
    """Two convolutions that each read half of the places, side by side, reduce as one with their channels."""
    if diagram.inputs != 1 or len(diagram.blocks) != 3:
        return diagram
    first, second, joined = diagram.blocks
    kernel, _, rest = first.label.partition(", ")
    halves = first.look == second.look and first.sources == second.sources == (Source(0),)
    if not halves or joined.label != "concat" or not rest.endswith("/2") or first.kind != "conv":
        return diagram
    label = f"{kernel}, {joined.shape[0]}, /2"
    block = replace(first, label=label, name=joined.name, shape=joined.shape)
    return Diagram(inputs=1, blocks=(block,), outputs=(Source(1),))


def _gated(diagram: Diagram) -> Diagram:
    """Global pooling, layers and a product with what was pooled are a squeeze-and-excitation gate."""
    readers = diagram.readers()
    dropped: dict[int, int] = {}
    for value, block in enumerate(diagram.blocks, diagram.inputs):
        if block.label == "×" and len(block.sources) == 2:
            for gate, gated in (block.sources, block.sources[::-1]):
                chain = _chain(diagram, gate, gated, readers)
                if chain:
                    dropped |= dict.fromkeys(chain, value)
    if not dropped:
        return diagram
    return _without(diagram, dropped)


def _chain(diagram: Diagram, gate: Source, gated: Source, readers: dict[Source, list[int]]) -> list[int]:
    """Return the blocks from a global pooling of a map to its gate, if nothing else reads them."""
    chain: list[int] = []
    while gate.value >= diagram.inputs and len(readers[gate]) == 1:
        block = diagram.blocks[gate.value - diagram.inputs]
        chain.append(gate.value)
        if len(block.sources) != 1:
            return []
        if block.sources[0] == gated:
            return chain if block.label == "global avg pool" and len(chain) > 1 else []
        gate = block.sources[0]
    return []


def _without(diagram: Diagram, dropped: dict[int, int]) -> Diagram:
    """Return a diagram whose products are boxes that have taken in the blocks before them."""
    blocks: list[Block] = []
    moved: dict[int, int] = {value: value for value in range(diagram.inputs)}
    for value, block in enumerate(diagram.blocks, diagram.inputs):
        if value in dropped:
            continue
        moved[value] = diagram.inputs + len(blocks)
        kept = tuple([s._replace(value=moved[s.value]) for s in block.sources if s.value not in dropped])
        if value in dropped.values():
            block = replace(block, kind="attention", label=GATE)
        blocks.append(replace(block, sources=kept))
    outputs = tuple([s._replace(value=moved[s.value]) for s in diagram.outputs])
    return Diagram(inputs=diagram.inputs, blocks=tuple(blocks), outputs=outputs)
