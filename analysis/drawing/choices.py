"""Choices: the diagram of a space, which is that of its rows with what is left open.

A row that is one of several blocks is a choice between a fork and a join. A block that looks the same
whatever is chosen stands as in a network. Any other is a box that says what it may be given: `16|24|32`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from archscape.spaces import Space
from archscape.spaces.blocks import BLOCKS
from archscape.spaces.errors import SpaceError
from archscape.spaces.graph import Body, Node, Shape
from archscape.spaces.language.alternative import Alternative
from archscape.spaces.language.row_program import RowProgram
from archscape.spaces.language.slots import Slot, possible_values
from archscape.spaces.values import Option, Value

from .blocks import diagram_of_body, diagram_of_row, input_block
from .diagram import Block, Diagram, Source
from .wording import BETWEEN, box_label, kind_of, said, setting_lines, wrapped

MOST = 1000
"""How many ways to draw a value are looked at."""
UNSAID = ("none", "1", "false")
"""Values of settings that change nothing."""


def diagram_of_space(space: Space) -> Diagram:
    """Return the diagram of a space; nothing of it is built."""
    blocks = [input_block(name, space) for name in space.inputs]
    sources = {name: Source(value) for value, name in enumerate(space.inputs)}
    shapes = _shapes(space)
    for row in space.program.rows:
        read = dict.fromkeys(sources[name] for name in _read(space, row) if name in sources)
        block = _Row(space, row).block()
        if block is None:
            sources[row.line.name] = next(iter(read))
            continue
        sources[row.line.name] = Source(len(blocks))
        blocks.append(replace(block, sources=tuple(read), shape=shapes.get(row.line.name, ())))
    outputs = [sources[name] for name in space.outputs] or [Source(len(blocks) - 1)]
    return Diagram(blocks=tuple(blocks), outputs=tuple(outputs))


def _shapes(space: Space) -> dict[str, Shape]:
    """Return the shapes of rows whose maps have the same extents at both ends of every choice."""
    try:
        drawn = space.decide(lambda _, options: options[0]), space.decide(lambda _, options: options[-1])
    except SpaceError:
        return {}
    first, last = ({node.name: node.shape for node in network.lower().nodes} for network in drawn)
    return {name: shape for name, shape in last.items() if name in first and first[name][1:] == shape[1:]}


def _read(space: Space, row: RowProgram) -> Iterator[str]:
    """Yield the names of what a row may read."""
    if row.line.ends:
        yield from map(str, row.line.ends)
    else:
        yield from map(str, possible_values(row.source, space.program.lets, MOST))
    for _, leaf in row.target.leaves():
        for slot in leaf.maps.values():
            for value in possible_values(slot, space.program.lets, MOST):
                yield from map(str, value if isinstance(value, tuple) else (value,))


@dataclass(frozen=True)
class _Row:
    """A row of a space, and what it may come down to."""

    space: Space
    row: RowProgram

    @property
    def name(self) -> str:
        return self.row.line.name

    @cached_property
    def leaves(self) -> list[Alternative]:
        """The blocks of which it is one."""
        return [leaf for _, leaf in self.row.target.leaves()]

    @cached_property
    def depths(self) -> list[Value]:
        return self.values(self.row.depth)

    @property
    def repeat(self) -> str:
        return "" if self.depths == [1] else f"×{said(self.depths)}"

    def values(self, slot: Slot) -> list[Value]:
        return [*dict.fromkeys(possible_values(slot, self.space.program.lets, MOST))]

    def block(self) -> Block | None:
        """Return the row as a block, without what it reads; None if nothing of it is drawn."""
        if len(self.leaves) > 1:
            return self.choice()
        (leaf,) = self.leaves
        inside = self.fixed(leaf) or self.cell(leaf)
        if inside is None:
            return replace(self.box(leaf, self.settings(leaf)), name=self.name, repeat=self.repeat)
        if not inside.blocks:
            return None
        (block,) = inside.blocks if len(inside.blocks) == 1 else (None,)
        if block is None or inside.inputs != 1:
            block = Block(kind="cell", label=leaf.word, inside=inside)
        return replace(block, name=self.name, repeat=self.repeat if len(self.depths) > 1 else block.repeat)

    def choice(self) -> Block:
        """Return a row that is one of several blocks; what they share stands above them."""
        by_leaf = [self.settings(leaf) for leaf in self.leaves]
        shared = {
            key: value for key, value in by_leaf[0].items() if all(each.get(key) == value for each in by_leaf)
        }
        options = []
        for leaf, settings in zip(self.leaves, by_leaf, strict=True):
            own = {key: value for key, value in settings.items() if key not in shared}
            box = replace(self.box(leaf, own), sources=(Source(0),))
            alone = Diagram(inputs=1, blocks=(box,), outputs=(Source(1),))
            options.append(self.fixed(leaf) or alone)
        label = ", ".join([self.name, *setting_lines(shared)])
        return Block(
            kind="choice", label=label, name=self.name, repeat=self.repeat, alternatives=tuple(options)
        )

    def settings(self, leaf: Alternative) -> dict[str, str]:
        """Return what a block may be given, in words; of sequences, the words that stand in them."""
        settings = {}
        for name, slot in (*leaf.slots.items(), *leaf.style.items()):
            values = self.values(slot)
            if len(values) > 1 and any(isinstance(value, tuple) for value in values):
                if words := self.words(slot):
                    settings[name] = BETWEEN.join(words)
            elif (text := said(values)) not in UNSAID:
                settings[name] = text
        return settings

    def words(self, slot: Slot) -> list[str]:
        """Return the words of blocks that a sequence may hold."""
        known = {*BLOCKS, *self.space.blocks}
        heads = tuple(f"{name}." for name in slot.count().variables)
        paths = (options for path, options in self.space.paths.items() if path.startswith(heads))
        return [*dict.fromkeys(str(word) for options in paths for word in options if word in known)]

    def box(self, leaf: Alternative, settings: Mapping[str, str]) -> Block:
        """Return a block as a box that says what it may be given."""
        assert leaf.block is not None
        kernel = said([dict(leaf.block.defaults).get("kernel") or 0])
        axes = len(self.space.input_shapes[0]) - 1
        return Block(kind=kind_of(leaf.word), label=box_label(leaf.word, settings, axes=axes, kernel=kernel))

    def fixed(self, leaf: Alternative) -> Diagram | None:
        """Return the diagram of a block that looks the same at both ends of every choice."""
        diagrams = [self.drawn(leaf, end) for end in (0, -1)]
        looks = [diagram and diagram_of_row(*diagram) for diagram in diagrams]
        if looks[0] is None or looks[1] is None or looks[0].look != looks[1].look:
            return None
        return looks[0]

    def cell(self, leaf: Alternative) -> Diagram | None:
        """Return a composed block in which words are chosen, if no choice changes what reads what."""
        if leaf.block is None or not leaf.block.composed:
            return None
        body, other = (_alone(self.drawn(leaf, end)) for end in (-1, -2))
        if body is None or other is None or not _same_lines(body, other):
            return None
        chosen = {}
        for path, options in self.space.paths.items():
            if (changed := _alone(self.drawn(leaf, -1, path))) is None or not _same_lines(body, changed):
                return None
            for node, after in zip(body.nodes, changed.nodes, strict=True):
                if _made(node) != _made(after):
                    chosen[node.name] = Block(kind="choice", label="\n".join(wrapped([*map(str, options)])))
        frame = Block(
            kind="cell",
            label=leaf.word,
            sources=(Source(0),),
            repeat=self.repeat,
            inside=diagram_of_body(body, chosen),
        )
        return Diagram(inputs=1, blocks=(frame,), outputs=(Source(1),))

    def drawn(self, leaf: Alternative, end: int, changed: str = "") -> tuple[Body, Node] | None:
        """Return a network in which the row is this block, and the row in it; None if there is none.

        Every other choice is its option at one end, or the last but one; at the path `changed` it is that.
        """
        words = {f"{self.name}.{self.row.word}", f"{self.name}.1.{self.row.word}"}

        def choose(path: str, options: Sequence[Option]) -> Option:
            if path in words and leaf.word in options:
                return leaf.word
            if path == f"{self.name}.depth":
                return options[0] or options[1]
            return options[max(-2 if path == changed else end, -len(options))]

        try:
            body = self.space.decide(choose).lower()
        except SpaceError:
            return None
        node = next((node for node in body.nodes if node.name == self.name), None)
        return (body, node) if node is not None and len(node.inputs) == 1 else None


def _alone(drawn: tuple[Body, Node] | None) -> Body | None:
    """Return one block of a row."""
    body = drawn[1].op if drawn else None
    while isinstance(body, Body) and body.listed:
        body = body.nodes[0].op
    return body if isinstance(body, Body) else None


def _same_lines(body: Body, other: Body) -> bool:
    return [node.inputs for node in body.nodes] == [node.inputs for node in other.nodes]


def _made(node: Node) -> tuple[object, ...]:
    """Return what a node computes, whatever it is called."""
    return (node.op.word, node.op.args) if isinstance(node.op, Body) else (node.op.kind, *node.op)
