"""Bodies: the nodes of a block or a network, and the flat list of a network's operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol, TypeVar

from ..memory_use import NOTHING
from ..values import Value
from .operator import Op, Shape, Totals, make

T = TypeVar("T")


class Node(NamedTuple):
    """One step of a body.

    Attributes:
        op: An operator, or a body that is called.
        inputs: Values it reads: first the inputs of the body, then its nodes, numbered through from 0.
        shape: Output shape.
        name: Name in the body.
        like: Name of the node whose weights it shares, nothing if it has its own.
    """

    op: Op | Body
    inputs: tuple[int, ...]
    shape: Shape
    name: str
    like: str = ""

    @property
    def module(self) -> str:
        """The attribute of the module that holds its state."""
        return self.like or self.name


class Output(Op):
    """One of the further outputs of the body that it reads; what it gives is that of a node in this body."""

    number: int
    kind = "output"
    text = "{0}[{number}]"


class Definition(Protocol):
    """What a body was traced from."""

    @property
    def defaults(self) -> Mapping[str, Value]:
        """What its arguments are where nothing else is given."""

    def trace(self, inputs: tuple[Shape, ...], args: tuple[tuple[str, Value], ...]) -> Body:
        """Return the body on other inputs or with other arguments.

        Raises:
            SpaceError: If it cannot be built on these.
        """


@dataclass(eq=False, repr=False, slots=True)
class Body:
    """An immutable block or network: nodes over some inputs. It has one output or more.

    As a value, a node that calls a body of several outputs is the first; `Output` nodes give the others.

    Attributes:
        word: The block's word in the language; the network's name for a network.
        args: Its arguments.
        doc: Its formula, with the source.
        inputs: Shapes of its inputs.
        nodes: Its steps, in order.
        costs: Costs of each node.
        outputs: The values that are its results, numbered as in `Node.inputs`.
        names: Names of its inputs, the first one `x`.
        output_names: Names of its outputs, where it has several.
        definition: What it was traced from; None of a network, and of blocks one after the other.
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
    output_names: tuple[str, ...] = ()
    definition: Definition | None = None
    shape: Shape = field(init=False)
    _totals: Totals | None = field(default=None, init=False)
    _extent: tuple[int, int] | None = field(default=None, init=False)
    _shares: bool | None = field(default=None, init=False)

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
    def listed(self) -> bool:
        """Whether it is blocks that one list holds, a sequence or a loop, so that it needs no class."""
        return not self.word or self.sequence

    @property
    def plain(self) -> bool:
        """Whether it is operators with at most one module among them: it needs no class of its own."""
        return sum([2 if isinstance(node.op, Body) else node.op.stateful for node in self.nodes]) < 2

    @property
    def has_weights(self) -> bool:
        """Whether it holds parameters or statistics."""
        return any(
            cost.params
            or (node.op.has_weights if isinstance(node.op, Body) else node.op.buffers() != NOTHING)
            for node, cost in zip(self.nodes, self.costs, strict=True)
        )

    @property
    def shares(self) -> bool:
        """Whether weights are shared in it; remembered."""
        if self._shares is None:
            self._shares = any(
                node.like or (isinstance(node.op, Body) and node.op.shares) for node in self.nodes
            )
        return self._shares

    def same_module(self, other: Body) -> bool:
        """Tell whether one module computes both: their operators agree, whatever the extents."""
        if self is other:
            return True
        if self.outputs != other.outputs or len(self.nodes) != len(other.nodes):
            return False
        return all(
            a[1:2] == b[1:2]
            and a[3:] == b[3:]
            and cost.params == other_cost.params
            and (
                a.op.same_module(b.op) if isinstance(a.op, Body) and isinstance(b.op, Body) else a.op == b.op
            )
            for a, b, cost, other_cost in zip(self.nodes, other.nodes, self.costs, other.costs, strict=True)
        )

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


def through_rows(
    body: Body, inputs: Sequence[T], row: Callable[[Body, tuple[T, ...]], Sequence[T]]
) -> tuple[T, ...]:
    """Return what a network makes of its inputs, row by row.

    Args:
        body: The network, or a list of blocks.
        inputs: What stands for each input.
        row: Returns what stands for each output of a row, from its body and what stands for what it reads;
            an operator that is no block is a body of itself alone.
    """
    values = list(inputs)
    several: dict[int, Sequence[T]] = {}
    for op, sources, shape, *_ in body.nodes:
        if isinstance(op, Output):
            values.append(several[sources[0]][op.number])
            continue
        inner = op if isinstance(op, Body) else _alone(op, tuple(map(body.shape_of, sources)), shape)
        several[len(values)] = results = row(inner, tuple([values[source] for source in sources]))
        values.append(results[0])
    return tuple([values[output] for output in body.outputs])


@lru_cache(maxsize=4096)
def _alone(op: Op, inputs: tuple[Shape, ...], shape: Shape) -> Body:
    """Return an operator as a body."""
    node = Node(op, tuple(range(len(inputs))), shape, "0")
    return Body("", (), "", inputs, (node,), (op.costs(inputs, shape),), (len(inputs),))


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
    """The operators of a network as one list.

    Values are numbered through from 0: first the inputs, then what each node gives. The full name of a node
    that shares weights is its own; `like` is that of the one that has them.
    """

    inputs: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    @property
    def output(self) -> int:
        """The first output."""
        return self.outputs[0]

    @property
    def start(self) -> int:
        """The value of the first node: the number of inputs."""
        return len(self.inputs)

    def shape_of(self, value: int) -> Shape:
        """Return the shape of a value."""
        count = len(self.inputs)
        return self.inputs[value] if value < count else self.nodes[value - count].shape

    def shapes(self, node: Node) -> tuple[Shape, ...]:
        """Return the shapes that a node reads."""
        return tuple([self.shape_of(value) for value in node.inputs])


@lru_cache(maxsize=4)
def flat(body: Body) -> Flat:
    """Return every operator of a network; the last few are remembered, since one looks from many sides."""
    nodes: list[Node] = []
    count = len(body.inputs)
    outputs = _flatten(body, tuple(range(count)), "", "", count - 1, nodes)
    return Flat(body.inputs, tuple(nodes), outputs)


def _flatten(
    body: Body, arguments: tuple[int, ...], prefix: str, like: str, last: int, nodes: list[Node]
) -> tuple[int, ...]:
    """Append the operators of a body; `like` is the prefix of the weights that it shares, if it does."""
    values = list(arguments)
    several: dict[int, tuple[int, ...]] = {}
    for node in body.nodes:
        if isinstance(node.op, Output):
            values.append(several[node.inputs[0]][node.op.number])
            continue
        inputs = (
            tuple([values[value] for value in node.inputs])
            if len(node.inputs) > 1
            else (values[node.inputs[0]],)
        )
        shared = f"{like or prefix}{node.module}" if like or node.like else ""
        if isinstance(node.op, Body):
            inner = f"{shared}." if shared else ""
            results = _flatten(node.op, inputs, f"{prefix}{node.name}.", inner, last, nodes)
            if len(results) > 1:
                several[len(values)] = results
            values.append(results[0])
        else:
            shared = shared if node.op.stateful else ""
            nodes.append(make(Node, (node.op, inputs, node.shape, prefix + node.name, shared)))
            values.append(last + len(nodes))
    return tuple([values[value] for value in body.outputs])
