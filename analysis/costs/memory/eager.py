"""Inference memory in eager PyTorch: the statements of the generated source, one after the other.

A map lives as long as a variable of an open scope or the caller of an open module holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archscape.spaces import Network
from archscape.spaces.codegen.source import statements
from archscape.spaces.graph import Body, Node, Output


def eager_curve(network: Network, batch: int, item: int) -> list[int]:
    """Return the bytes held before the first operator, then while each runs; the caller holds the inputs."""
    interpreter = _Interpreter(network, batch, item)
    interpreter.call(network.body, interpreter.images)
    return interpreter.curve


class _Pieces:
    """Pieces of memory with a count of who holds each; a piece that nobody holds is free.

    Attributes:
        live: Bytes held now.
    """

    __slots__ = ("counts", "live", "sizes")

    def __init__(self) -> None:
        self.live = 0
        self.sizes: list[int] = []
        self.counts: list[int] = []

    def new(self, size: int) -> int:
        """Return a new piece with one holder."""
        self.live += size
        self.sizes.append(size)
        self.counts.append(1)
        return len(self.sizes) - 1

    def hold(self, piece: int) -> int:
        """Add a holder and return the piece."""
        self.counts[piece] += 1
        return piece

    def release(self, piece: int) -> None:
        """Take a holder away."""
        self.counts[piece] -= 1
        if not self.counts[piece]:
            self.live -= self.sizes[piece]


class _Interpreter:
    """Goes through the bodies of a network as their forward methods do.

    Attributes:
        images: The inputs, which the caller holds.
        curve: The bytes held before the first operator, and while each ran so far.
    """

    def __init__(self, network: Network, batch: int, item: int) -> None:
        self.batch, self.item = batch, item
        self.pieces = _Pieces()
        self.statements = statements(network)
        self.images = [self.pieces.new(batch * item * prod(shape)) for shape in network.input_shapes]
        self.results: list[int] = []
        self.curve = [self.pieces.live]

    def call(self, body: Body, inputs: list[int]) -> list[int]:
        """Run a body on pieces that the caller holds; return its results, held once more each."""
        hold, release = self.pieces.hold, self.pieces.release
        if body.sequence:
            (x,) = map(hold, inputs)
            for node in body.nodes:
                y = self.step(body, node, [x])
                release(x)
                x = y
            return [x]
        values = dict(enumerate(inputs))
        variables = {name: hold(piece) for name, piece in zip(body.names, inputs, strict=True)}
        direct = False
        for steps, name, value, others, kept, loop in self.statements(body):
            if loop:
                self.loop(body, steps[0], variables, (name, kept), loop)
                values[value] = variables[name]
                self.results = [variables[name], variables.get(kept, -1)]
                self.note_outputs(body, value, values)
                continue
            if steps:
                self.evaluate(body, steps, values)
            elif name:
                hold(values[value])  # under another name
            if kept:
                self.assign(variables, name, kept, values[value])
            elif name:
                old = [variables.get(each) for each in (name, *others)]
                variables |= zip((name, *others), self.results if others else [values[value]], strict=True)
                self.note_outputs(body, value, values)
                for piece in old:
                    if piece is not None:
                        release(piece)
            elif value not in body.outputs:
                release(values[value])
            direct = bool(steps) and not name and body.outputs == (value,)
        results = [values[output] if direct else hold(values[output]) for output in body.outputs]
        for piece in variables.values():
            release(piece)
        return results

    def loop(
        self,
        body: Body,
        index: int,
        variables: dict[str, int],
        carried: tuple[str, str],
        reads: Sequence[str],
    ) -> None:
        """Run blocks in a loop, on variables of the body; each replaces those that are carried on."""
        rows = body.nodes[index].op
        assert isinstance(rows, Body)
        for node in rows.nodes:
            result = self.step(rows, node, [variables[name] for name in reads])
            self.assign(variables, *carried, result)

    def assign(self, variables: dict[str, int], name: str, kept: str, piece: int) -> None:
        """Assign to a variable; another one, if it is named, takes what that held."""
        old, variables[name] = variables.get(name), piece
        if kept and old is not None:
            dropped, variables[kept] = variables.get(kept), old
        else:
            dropped = old
        if dropped is not None:
            self.pieces.release(dropped)

    def note_outputs(self, body: Body, value: int, values: dict[int, int]) -> None:
        """Note the further results of a step that has several, where nodes of the body stand for them."""
        for index, node in enumerate(body.nodes):
            if isinstance(node.op, Output) and node.inputs == (value,):
                values[len(body.inputs) + index] = self.results[node.op.number]

    def evaluate(self, body: Body, steps: tuple[int, ...], values: dict[int, int]) -> None:
        """Run the steps of a statement; only the last one's value is held afterwards."""
        count = len(body.inputs)
        before = None
        for index in steps:
            node = body.nodes[index]
            values[count + index] = self.step(body, node, [values[value] for value in node.inputs])
            if before is not None:
                self.pieces.release(values[before])
            before = count + index

    def step(self, body: Body, node: Node, inputs: list[int]) -> int:
        """Run one step and return its result, held once more."""
        if isinstance(node.op, Body):
            self.results = self.call(node.op, inputs)
            return self.results[0]
        shapes = tuple([body.shape_of(value) for value in node.inputs])
        footprint = node.op.memory(shapes, node.shape, False)
        if footprint.view:
            result = self.pieces.hold(inputs[0])
        else:
            result = self.pieces.new(self.batch * self.item * prod(node.shape))
        self.curve.append(self.pieces.live + footprint.during.bytes(self.batch, self.item))
        return result
