"""Bodies: the nodes of a block or a network, and the flat list of a network's operators."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ..values import Value
from .operator import Op, Shape, Totals, make


class Node(NamedTuple):
    """One step of a body.

    Attributes:
        op: An operator, or a body that is called.
        inputs: Values it reads: first the inputs of the body, then its nodes, numbered through from 0.
        shape: Output shape.
        name: Name in the body; the attribute of the module that holds its state.
    """

    op: Op | Body
    inputs: tuple[int, ...]
    shape: Shape
    name: str


@dataclass(eq=False, repr=False, slots=True)
class Body:
    """An immutable block or network: nodes over some inputs. A block has one output, a network one or more.

    Attributes:
        word: The block's word in the language; the network's name for a network.
        args: Its arguments.
        doc: Its formula, with the source.
        inputs: Shapes of its inputs.
        nodes: Its steps, in order.
        costs: Costs of each node.
        outputs: The values that are its results, numbered as in `Node.inputs`.
        names: Names of its inputs, the first one `x`.
        shape: Shape of the first output.
    """

    word: str
    args: tuple[tuple[str, Value], ...]
    doc: str
    inputs: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    costs: tuple[Totals, ...]
    outputs: tuple[int, ...]
    names: tuple[str, ...] = ("x",)
    shape: Shape = field(init=False)
    _totals: Totals | None = field(default=None, init=False)
    _extent: tuple[int, int] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.shape = self.shape_of(self.outputs[0])

    def shape_of(self, value: int) -> Shape:
        """Return the shape of a value of the body."""
        count = len(self.inputs)
        return self.inputs[value] if value < count else self.nodes[value - count].shape

    @property
    def output(self) -> int:
        """The first output."""
        return self.outputs[0]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of every output."""
        return tuple([self.shape_of(value) for value in self.outputs])

    @property
    def sequence(self) -> bool:
        """Whether the nodes are a plain chain named 0, 1, 2, ...: an `nn.Sequential`."""
        return self.outputs == (len(self.nodes),) and all(
            node.name == str(i) and node.inputs == (i,) for i, node in enumerate(self.nodes)
        )

    @property
    def plain(self) -> bool:
        """Whether it is operators with at most one module among them: it needs no class of its own."""
        return sum([2 if isinstance(node.op, Body) else node.op.stateful for node in self.nodes]) < 2

    @property
    def extent(self) -> tuple[int, int]:
        """Operators and blocks that it comes down to, and how many stand within each other; remembered."""
        if self._extent is None:
            within = [node.op.extent if isinstance(node.op, Body) else (1, 0) for node in self.nodes]
            levels = max([levels for _, levels in within], default=0)
            self._extent = 1 + sum([size for size, _ in within]), 1 + levels
        return self._extent

    @property
    def totals(self) -> Totals:
        """Costs of the whole body, remembered."""
        if self._totals is None:
            columns = zip(*self.costs, strict=True) if self.nodes else ((0,),) * 4
            self._totals = Totals(*[sum(column) for column in columns])
        return self._totals


class Graph(NamedTuple):
    """A network: its name, and its rows as one body."""

    name: str
    body: Body

    @property
    def totals(self) -> Totals:
        """Costs of the network."""
        return self.body.totals

    def flatten(self) -> Flat:
        """Return every operator in order, with full names."""
        return flat(self.body)


class Flat(NamedTuple):
    """The operators of a network as one list; value 0 is the input, value i + 1 is the output of node i."""

    input: Shape
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    @property
    def output(self) -> int:
        """The first output."""
        return self.outputs[0]

    def shape_of(self, value: int) -> Shape:
        """Return the shape of a value."""
        return self.nodes[value - 1].shape if value else self.input

    def shapes(self, node: Node) -> tuple[Shape, ...]:
        """Return the shapes that a node reads."""
        return tuple([self.shape_of(value) for value in node.inputs])


@lru_cache(maxsize=4)
def flat(body: Body) -> Flat:
    """Return every operator of a network; the last few are remembered, since one looks from many sides."""
    nodes: list[Node] = []
    outputs = _flatten(body, (0,), "", nodes)
    return Flat(body.inputs[0], tuple(nodes), outputs)


def _flatten(body: Body, arguments: tuple[int, ...], prefix: str, nodes: list[Node]) -> tuple[int, ...]:
    values = list(arguments)
    for node in body.nodes:
        inputs = (
            tuple([values[value] for value in node.inputs])
            if len(node.inputs) > 1
            else (values[node.inputs[0]],)
        )
        if isinstance(node.op, Body):
            values += _flatten(node.op, inputs, f"{prefix}{node.name}.", nodes)
        else:
            nodes.append(make(Node, (node.op, inputs, node.shape, prefix + node.name)))
            values.append(len(nodes))
    return tuple([values[value] for value in body.outputs])
