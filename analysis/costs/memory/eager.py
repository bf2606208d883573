"""Inference memory in eager PyTorch: the statements of the generated source, one after the other.

A map lives as long as a variable of an open scope or the caller of an open module holds it.
"""

from __future__ import annotations

from archscape.spaces import Network
from archscape.spaces.codegen.source import statements
from archscape.spaces.graph import Body, Node

from .peak import Peak, Tally, elements


def eager_peak(network: Network, batch: int, item: int) -> Peak:
    """Return the peak of the maps of a module as `Network.build` gives it; the caller holds its input."""
    tally = Tally()
    _run(network, batch, item, tally)
    return Peak(tally.top, tally.place)


def eager_curve(network: Network, batch: int, item: int) -> list[int]:
    """Return the bytes that are held before the first operator, then while each of them runs."""
    tally = _Recorder()
    _run(network, batch, item, tally)
    return [batch * item * elements(network.input), *tally.curve]


def _run(network: Network, batch: int, item: int, tally: Tally) -> None:
    walk = _Walk(network, batch, item, tally)
    given = tally.new(batch * item * elements(network.input))
    walk.call(network.body, [given], "")


class _Recorder(Tally):
    """A tally that remembers what was held whenever it looked.

    Attributes:
        curve: The bytes, in order.
    """

    __slots__ = ("curve",)

    def __init__(self) -> None:
        super().__init__()
        self.curve: list[int] = []

    def look(self, place: str, more: int = 0) -> None:
        """Compare what is held with the most so far, and remember it."""
        super().look(place, more)
        self.curve.append(self.live + more)


class _Walk:
    """Goes through the bodies of a network as their forward methods do."""

    def __init__(self, network: Network, batch: int, item: int, tally: Tally) -> None:
        self.batch, self.item = batch, item
        self.tally = tally
        self.statements = statements(network)

    def call(self, body: Body, given: list[int], prefix: str) -> list[int]:
        """Run a body on pieces that the caller holds; return its results, held once more each."""
        hold, release = self.tally.hold, self.tally.release
        if body.sequence:
            (x,) = map(hold, given)
            for node in body.nodes:
                y = self.step(body, node, [x], prefix)
                release(x)
                x = y
            return [x]
        values = dict(enumerate(given))
        names = {name: hold(piece) for name, piece in zip(body.names, given, strict=True)}
        for steps, name in self.statements(body):
            value = self.evaluate(body, steps, values, prefix)
            if name:
                old = names.get(name)
                names[name] = values[value]
                if old is not None:
                    release(old)
            elif value not in body.outputs:
                release(values[value])
        direct = not name and body.outputs == (value,)
        results = [values[value] if direct else hold(values[output]) for output in body.outputs]
        for piece in names.values():
            release(piece)
        return results

    def evaluate(self, body: Body, steps: tuple[int, ...], values: dict[int, int], prefix: str) -> int:
        """Run the steps of a statement; only the last one's value is held afterwards."""
        count = len(body.inputs)
        before = None
        for index in steps:
            node = body.nodes[index]
            values[count + index] = self.step(body, node, [values[value] for value in node.inputs], prefix)
            if before is not None:
                self.tally.release(values[before])
            before = count + index
        assert before is not None
        return before

    def step(self, body: Body, node: Node, given: list[int], prefix: str) -> int:
        """Run one step and return its result, held once more."""
        if isinstance(node.op, Body):
            (result,) = self.call(node.op, given, f"{prefix}{node.name}.")
            return result
        shapes = tuple([body.shape_of(value) for value in node.inputs])
        footprint = node.op.memory(shapes, node.shape, False)
        if footprint.view:
            result = self.tally.hold(given[0])
        else:
            result = self.tally.new(self.batch * self.item * elements(node.shape))
        self.tally.look(prefix + node.name, footprint.during.bytes(self.batch, self.item))
        return result
