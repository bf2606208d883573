"""Layers: every block of a diagram below all that it reads, with lanes for the lines that pass others.

As Sugiyama, Tagawa and Toda (1981) lay out graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..diagram import Diagram, Source
from .part import Part


@dataclass(eq=False, slots=True)
class Node:
    """What stands in a layer: a block, or a lane: a line that passes, enters or leaves.

    Attributes:
        layer: Counted from above.
        value: Of the block in its diagram; -1 of a lane.
        part: None of a lane.
        host: The join that a lane enters from the side.
        ups: Links to the layer above.
        downs: Links to the layer below.
        x: Of its axis.
        left: How far it reaches to the left of its axis.
        right: How far it reaches to the right.
        entries: Where lines enter, from its axis; of a lane and of a block that sees them evenly, found late.
        exits: Where lines leave, from its axis.
    """

    layer: int
    value: int = -1
    part: Part | None = None
    host: Node | None = None
    ups: list[Link] = field(default_factory=list)
    downs: list[Link] = field(default_factory=list)
    x: float = 0
    left: float = 0
    right: float = 0
    entries: tuple[float, ...] = (0,)
    exits: tuple[float, ...] = (0,)

    @property
    def lane(self) -> bool:
        """Whether it is a line alone."""
        return self.part is None


@dataclass(eq=False, slots=True)
class Link:
    """A piece of a line between two layers.

    Attributes:
        net: The value that it carries; lines of one value may meet.
        upper: Where it comes from.
        exit: Which exit of it.
        lower: Where it leads.
        entry: Which entry of it.
    """

    net: Source
    upper: Node
    exit: int
    lower: Node
    entry: int

    @property
    def start(self) -> float:
        """Where it leaves the upper node, from its axis."""
        return self.upper.exits[self.exit]

    @property
    def end(self) -> float:
        """Where it enters the lower node, from its axis."""
        return self.lower.entries[self.entry]


@dataclass(eq=False, slots=True)
class Layers:
    """The layers of a diagram.

    Attributes:
        rows: Nodes from left to right, layers from above.
        paths: For every line its links, from the source to the target.
        inputs: The lanes at which values come in.
        outputs: Those at which they go out.
    """

    rows: list[list[Node]]
    paths: list[list[Link]]
    inputs: list[Node]
    outputs: list[Node]


def in_layers(diagram: Diagram, parts: Sequence[Part]) -> Layers:
    """Return the layers of a diagram whose blocks have these parts."""
    depth = _depths(diagram)
    last = max(depth, default=0) + 1
    rows: list[list[Node]] = [[] for _ in range(last + (1 if diagram.outputs else 0))]
    nodes = [Node(depth[value]) for value in range(diagram.inputs)]
    for value, part in enumerate(parts, diagram.inputs):
        axis = _axis(part)
        nodes.append(
            Node(
                depth[value],
                value,
                part,
                left=axis,
                right=part.width - axis,
                entries=tuple([x - axis for x in part.entries]),
                exits=_exits(part, axis, value, diagram),
            )
        )
    for node in nodes:
        rows[node.layer].append(node)
    outputs = [Node(last) for _ in diagram.outputs]
    if outputs:
        rows[last].extend(outputs)
    layers = Layers(rows, [], nodes[: diagram.inputs], outputs)
    _add_lines(diagram, nodes, layers)
    _begin_with_main_ways(layers)
    return layers


def _begin_with_main_ways(layers: Layers) -> None:
    """Sort each row by a walk from the outputs upwards, which goes the ways around blocks last."""
    ranks: dict[Node, int] = {}

    def walk(node: Node) -> None:
        if node in ranks:
            return
        ranks[node] = len(ranks)
        sides = [side for side in layers.rows[node.layer] if side.host is node]
        ups = [*node.ups, *(link for side in sides for link in side.ups)]
        for link in sorted(ups, key=lambda link: _is_around(link)):
            if link.lower is not node:
                ranks.setdefault(link.lower, len(ranks))
            walk(link.upper)

    for row in layers.rows[::-1]:
        for node in row:
            if node.host is None:
                walk(node)
    for row in layers.rows:
        row.sort(key=lambda node: ranks[node])


def _is_around(link: Link) -> bool:
    """Tell whether a line passes blocks that read the same value."""
    upper = link.upper
    while upper.lane and upper.ups:
        upper = upper.ups[0].upper
    return upper is not link.upper and len(upper.downs) > 1


def _axis(part: Part) -> float:
    """Return where a part stands above what it leads to: at its only entry, or its middle."""
    return part.entries[0] if len(part.entries) == 1 else part.width / 2


def _exits(part: Part, axis: float, value: int, diagram: Diagram) -> tuple[float, ...]:
    """Return where lines leave; what the last but one of several gives, leaves beside what the last gives."""
    exits = [x - axis for x in part.exits]
    if (readers := diagram.readers()) and Source(value, len(exits)) in readers:
        exits.append((exits[-1] + part.width - axis) / 2)
    return tuple(exits)


def _depths(diagram: Diagram) -> list[int]:
    """Return the layer of every value: below all that it reads; of what reads nothing, above a reader."""
    depths = [0] * diagram.inputs
    for block in diagram.blocks:
        depths.append(max([depths[source.value] + 1 for source in block.sources], default=0))
    readers = diagram.readers()
    for value, block in enumerate(diagram.blocks, diagram.inputs):
        first = min([depths[reader] for reader in readers.get(Source(value), ())], default=0)
        if not block.sources and first > 1:
            depths[value] = first - 1
    return depths


def _add_lines(diagram: Diagram, nodes: Sequence[Node], layers: Layers) -> None:
    """Add the links of every line, and the lanes that they need; lines of one value share these."""
    targets: dict[Source, list[tuple[Node, int]]] = {}
    for value, block in enumerate(diagram.blocks, diagram.inputs):
        spread = nodes[value].part is not None and len(nodes[value].entries) < len(block.sources)
        for index, source in enumerate(dict.fromkeys(block.sources) if spread else block.sources):
            targets.setdefault(source, []).append((nodes[value], index))
        if spread:
            nodes[value].entries = (0,) * len(dict.fromkeys(block.sources))
    for source, node in zip(diagram.outputs, layers.outputs, strict=True):
        targets.setdefault(source, []).append((node, 0))
    sides = _sides(targets, nodes)
    for source, ends in targets.items():
        lanes: list[Link] = []
        for node, entry in sorted(ends, key=lambda end: end[0].layer):
            side = (source, node) in sides
            upper = nodes[source.value]
            while len(lanes) < node.layer - upper.layer - 1:
                lanes.append(
                    _link(source, lanes[-1].lower if lanes else upper, Node(upper.layer + len(lanes) + 1))
                )
                layers.rows[lanes[-1].lower.layer].append(lanes[-1].lower)
            before = lanes[: node.layer - upper.layer - 1]
            lower = node
            if side:
                lower = Node(node.layer, host=node)
                row = layers.rows[node.layer]
                row.insert(row.index(node) + 1, lower)
            path = [
                *before,
                _link(source, before[-1].lower if before else upper, lower, 0 if side else entry),
            ]
            layers.paths.append(path)


def _link(net: Source, upper: Node, lower: Node, entry: int = 0) -> Link:
    link = Link(net, upper, 0 if upper.lane else net.output, lower, entry)
    upper.downs.append(link)
    lower.ups.append(link)
    return link


def _sides(targets: dict[Source, list[tuple[Node, int]]], nodes: Sequence[Node]) -> set[tuple[Source, Node]]:
    """Return which lines enter which joins from the side: a sum is too small for several from above."""
    read: dict[Node, list[Source]] = {}
    for source, ends in targets.items():
        for node, _ in ends:
            read.setdefault(node, []).append(source)
    sides: set[tuple[Source, Node]] = set()
    for node, sources in read.items():
        part = node.part
        if part is None or not part.small or not 2 <= len(sources) <= 3:
            continue
        near = [s for s in sources if nodes[s.value].layer == node.layer - 1 and not nodes[s.value].lane]
        pill = part.width > part.height
        if pill and (len(sources) > 2 or len(near) > 1):
            continue
        above = near[:1] if len(near) == 1 or len(sources) == 3 else [] if near else sources[:1]
        sides |= {(source, node) for source in sources if source not in above}
    return sides
