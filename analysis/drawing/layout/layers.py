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
    used = {*diagram.readers(), *diagram.outputs}
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
                exits=_exits(part, axis, Source(value, len(part.exits)) in used),
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
    for row in layers.rows[::-1]:
        for end in row:
            waiting = [end]
            while waiting:
                node = waiting.pop()
                if node not in ranks:
                    ranks[node] = len(ranks)
                    links = sorted(node.ups, key=is_around)
                    waiting.extend([link.upper for link in links[::-1]])
    for row in layers.rows:
        row.sort(key=lambda node: ranks[node])


def is_around(link: Link) -> bool:
    """Tell whether a line has passed blocks that read the same value."""
    start = source_of(link)
    return start is not link.upper and len(start.downs) > 1


def source_of(link: Link) -> Node:
    """Return where a line comes from: a block, or an input."""
    upper = link.upper
    while upper.lane and upper.ups:
        upper = upper.ups[0].upper
    return upper


def _axis(part: Part) -> float:
    """Return where a part stands above what it leads to: at its only entry, or its middle."""
    return part.entries[0] if len(part.entries) == 1 else part.width / 2


def _exits(part: Part, axis: float, last_but_one: bool) -> tuple[float, ...]:
    """Return where lines leave; what the last but one of several gives, leaves beside what the last gives."""
    exits = [x - axis for x in part.exits]
    if last_but_one:
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
    for source, ends in targets.items():
        upper = nodes[source.value]
        lanes: list[Link] = []
        for node, entry in sorted(ends, key=lambda end: end[0].layer):
            while len(lanes) < node.layer - upper.layer - 1:
                lane = Node(upper.layer + len(lanes) + 1)
                layers.rows[lane.layer].append(lane)
                lanes.append(_link(source, lanes[-1].lower if lanes else upper, lane))
            before = lanes[: node.layer - upper.layer - 1]
            layers.paths.append([*before, _link(source, before[-1].lower if before else upper, node, entry)])


def _link(net: Source, upper: Node, lower: Node, entry: int = 0) -> Link:
    link = Link(net, upper, 0 if upper.lane else net.output, lower, entry)
    upper.downs.append(link)
    lower.ups.append(link)
    return link
