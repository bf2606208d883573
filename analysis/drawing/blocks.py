"""Blocks: the diagram of a network, as papers draw it.

A convolution, its norm and its activation are one box. A block in which a map is read twice, so that lines
branch and meet again, is a frame around what is inside; any other stands box by box. What follows itself is
drawn once and says how often it stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from archscape.spaces import Network
from archscape.spaces.graph import Body, Node, Op, Output
from archscape.spaces.language.rows import BEFORE, INPUT
from archscape.spaces.language.table import Table
from archscape.spaces.operators import Carry, Multiply, Resize

from .diagram import Block, Diagram, Source
from .extents import extent_text
from .labels import Label, label_of
from .panels import panelled
from .repeats import collapse
from .shorthand import shorten

GATES = ("sigmoid", "tanh", "hard_sigmoid", "hsigmoid")
"""Activations that are drawn where maps are multiplied by them."""


def plan_of(network: Network, *, layers: bool = False) -> tuple[Diagram, tuple[Block, ...]]:
    """Return the diagram of a network, and the cells that stand beside it.

    Args:
        network: Nothing of it is built.
        layers: Whether every operator is a box of its own, and nothing is drawn once for many.
    """
    inputs = [input_block(name, network) for name in network.inputs]
    trace = _Trace(0, _Insides(layers=layers))
    values = [trace.add(block) for block in inputs]
    outputs = trace.place(network.body, values, "")
    if len(trace.blocks) == len(inputs) and not layers:
        return plan_of(network, layers=True)  # all that it has would be left out
    if len(outputs) > 1:
        names = network.outputs or network.body.output_names
        for name, source in zip(names, outputs, strict=True):
            trace.add(Block(kind="input", label=name, name=name, sources=(source,)))
    diagram = _with_ends_early(Diagram(blocks=tuple(trace.blocks)), outputs[0])
    if layers:
        return diagram, ()
    return panelled(shorten(diagram))


def _with_ends_early(diagram: Diagram, output: Source) -> Diagram:
    """Return a diagram in which what leads to other outputs comes right after what it begins with."""
    blocks = diagram.blocks
    main = diagram.needed([output.value])
    begins: dict[int, int] = {}
    for value, block in enumerate(blocks):
        read = [begins[source.value] for source in block.sources]
        begins[value] = value if value in main else max(read, default=value)
    order = sorted(range(len(blocks)), key=lambda value: (begins[value], value not in main, value))
    moved = {value: new for new, value in enumerate(order)}

    def again(block: Block) -> Block:
        return replace(block, sources=tuple([s._replace(value=moved[s.value]) for s in block.sources]))

    return Diagram(blocks=tuple([again(blocks[value]) for value in order]))


def input_block(name: str, table: Table) -> Block:
    """Return the box of an input of a network or a space."""
    shape = table.inputs[name]
    text = extent_text(shape)
    label = f"{name}, {text}" if len(table.inputs) > 1 else text
    return Block(kind="input", label=label, name=name, shape=shape)


def diagram_of_row(body: Body, node: Node) -> Diagram:
    """Return the diagram of one row of a network: a node of its body, which reads the diagram's inputs."""
    shapes = tuple([body.shape_of(value) for value in node.inputs])
    alone = node._replace(inputs=tuple(range(len(shapes))))
    cost = body.costs[body.nodes.index(node)]
    return diagram_of_body(Body("", (), "", shapes, (alone,), (cost,), (len(shapes),)))


def diagram_of_body(body: Body, chosen: Mapping[str, Block] | None = None) -> Diagram:
    """Return the diagram of a body; `chosen` has the boxes of nodes, by name, that are drawn otherwise."""
    return _Insides(layers=False).of(body, chosen)


FEWEST_FRAMED = 3
"""So many layers one after the other are framed where they are a row of the table."""


class _Insides:
    """The diagrams of bodies: a network repeats bodies, each of which is drawn once."""

    def __init__(self, *, layers: bool) -> None:
        self.layers = layers
        self.known: dict[Body, Diagram] = {}
        self.blocks: _Insides | None = None

    def size(self, body: Body) -> int:
        """Return how many boxes a body is in a figure of blocks."""
        if self.layers:
            self.blocks = self.blocks or _Insides(layers=False)
        return len((self.blocks or self).of(body).blocks)

    def of(self, body: Body, chosen: Mapping[str, Block] | None = None) -> Diagram:
        if body not in self.known:
            count = len(body.inputs)
            trace = _Trace(count, self, chosen or {})
            outputs = trace.place(body, [Source(value) for value in range(count)], "")
            diagram = Diagram(inputs=count, blocks=tuple(trace.blocks), outputs=outputs)
            diagram = diagram if self.layers else collapse(shorten(diagram))
            names = (INPUT, *body.names[1:]) if count > 1 else ()
            self.known[body] = replace(diagram, names=names)
        return self.known[body]


class _Trace:
    """Collects the blocks of a diagram."""

    def __init__(self, inputs: int, insides: _Insides, chosen: Mapping[str, Block] | None = None) -> None:
        self.inputs = inputs
        self.insides = insides
        self.chosen = chosen or {}
        self.blocks: list[Block] = []

    def add(self, block: Block) -> Source:
        self.blocks.append(block)
        return Source(self.inputs + len(self.blocks) - 1)

    def place(self, body: Body, inputs: Sequence[Source], prefix: str) -> tuple[Source, ...]:
        """Append the blocks of a body and return its outputs."""
        values = list(inputs)
        several: dict[int, tuple[Source, ...]] = {}
        for node in body.nodes:
            sources = [values[value] for value in node.inputs]
            name = f"{prefix}{node.name}"
            if isinstance(node.op, Output):
                values.append(several[node.inputs[0]][node.op.number])
            elif name in self.chosen:
                values.append(self.add(replace(self.chosen[name], name=name, sources=tuple(sources))))
            elif isinstance(node.op, Body):
                several[len(values)] = outputs = self._call(node.op, sources, name)
                values.append(outputs[0])
            else:
                values.append(self._operator(node, sources, name, body))
        return tuple([values[output] for output in body.outputs])

    def _call(self, body: Body, sources: list[Source], name: str) -> tuple[Source, ...]:
        if body.listed:
            return self.place(body, sources, f"{name}.")
        inside = self.insides.of(body)
        if not self._framed(body, inside) or _leads_on(body):
            return self._inline(inside, sources, name)
        if len(kept := inside.read_inputs()) < inside.inputs:
            inside, sources = inside.with_inputs(kept), [sources[value] for value in kept]
        label = body.word.replace("_", " ")
        frame = Block(
            kind="cell", label=label, name=name, sources=tuple(sources), shape=body.shape, inside=inside
        )
        value = self.add(frame).value
        return tuple([Source(value, number) for number in range(len(inside.outputs))])

    def _framed(self, body: Body, inside: Diagram) -> bool:
        """Tell whether a block is framed: lines branch in it, or it is a row of several layers."""
        if _branches(inside):
            return True
        return not self.inputs and len(body.inputs) == 1 and self.insides.size(body) >= FEWEST_FRAMED

    def _inline(self, inside: Diagram, sources: list[Source], name: str) -> tuple[Source, ...]:
        """Append the blocks of a diagram one by one."""
        start = self.inputs + len(self.blocks) - inside.inputs

        def outer(source: Source) -> Source:
            if source.value < inside.inputs:
                return sources[source.value]
            return source._replace(value=source.value + start)

        for block in inside.blocks:
            full = f"{name}.{block.name}" if len(inside.blocks) > 1 else name
            self.add(replace(block, name=full, sources=tuple(map(outer, block.sources))))
        return tuple(map(outer, inside.outputs))

    def _operator(self, node: Node, sources: list[Source], name: str, body: Body) -> Source:
        assert isinstance(node.op, Op)
        label = label_of(node.op)
        if not self.insides.layers and len(sources) == 1 and self._left_out(label, node, body):
            return sources[0]
        if isinstance(node.op, Resize):
            sources = sources[:1]  # of the other map it takes the extent alone
        kind, text, _ = label
        return self.add(Block(kind=kind, label=text, name=name, sources=tuple(sources), shape=node.shape))

    def _left_out(self, label: Label, node: Node, body: Body) -> bool:
        """Tell whether an operator belongs to a layer beside it; a gate does not."""
        if label.text not in GATES:
            return label.minor
        value = len(body.inputs) + body.nodes.index(node)
        readers = [other.op for other in body.nodes if value in other.inputs]
        return not any(isinstance(reader, Multiply | Carry) for reader in readers)


def _leads_on(body: Body) -> bool:
    """Tell whether a block of several inputs is a step of the main way, as those of decoders are."""
    return len(body.inputs) > 1 and BEFORE not in body.names and body.shape[1:] != body.inputs[0][1:]


def _branches(diagram: Diagram) -> bool:
    """Tell whether a value is read twice, so that lines branch."""
    return any(len(readers) > 1 for readers in diagram.readers().values()) or len(diagram.outputs) > 1
