"""The graph: what a network is once its rows are lowered.

A `Body` is a list of immutable nodes; a node applies an operator, or calls another body (a block). Blocks
with the same arguments and input shape are the same body, so a network repeats bodies rather than nodes.
`flatten` gives the plain list of operators with their full names.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, TypeAlias, dataclass_transform

from .errors import ShapeError
from .memory_use import FRESH, NOTHING, Footprint, Size
from .values import Term, Value

Shape: TypeAlias = tuple[int, ...]
"""Channels, then the extent of each spatial axis; a flat vector is `(features,)`."""


Steps: TypeAlias = "tuple[int | Fraction, ...]"
"""A distance along each spatial axis, in elements of the map that is read."""


make = tuple.__new__
"""Makes a named tuple without its checks: lowering spends much of its time there."""


class Style(NamedTuple):
    """What `defaults:` sets once for every block.

    Attributes:
        norm: Normalisation after a convolution: a word, a term such as `group(8)`, or None.
        act: Activation, or None.
        bias: Whether convolutions have a bias; None gives them one only where no norm follows.
        init: How weights start; None is as PyTorch has it.
        last_norm: How the last norm of a residual branch starts: `zero`, or None as every other norm.
    """

    norm: str | Term | None = "batch"
    act: str | Term | None = "relu"
    bias: bool | None = None
    init: str | None = None
    last_norm: str | None = None


class Totals(NamedTuple):
    """Costs of a node, a block or a network for one input (batch 1).

    Attributes:
        params: Trainable parameters.
        macs: Multiply-accumulates of convolutions and linear layers, without bias.
        other: Every other arithmetic operation: bias, norm, activation, pooling, joins.
        activations: Elements written by convolutions and linear layers.
    """

    params: int
    macs: int
    other: int
    activations: int

    @property
    def flops(self) -> int:
        """Floating-point operations: a multiply-accumulate is two, everything else counts as one."""
        return 2 * self.macs + self.other


FREE = Totals(0, 0, 0, 0)

Workload: TypeAlias = Literal[
    "view", "maps", "windows", "channels", "products", "linear", "convolution", "rare convolution"
]
"""What the time of an operator grows with: nothing, the bytes of its maps; with these the operations of its
windows, or the channels that it reduces, or its multiply-accumulates; the weights of a linear layer; weights,
multiply-accumulates and patches of a convolution, in fewer terms if few of its kind are ever timed."""


class Example(NamedTuple):
    """One use of an operator, which every contract test takes up.

    Attributes:
        attributes: What the operator is given, in order.
        inputs: The shapes that it reads.
    """

    attributes: tuple[Value, ...] = ()
    inputs: tuple[Shape, ...] = ((8, 12, 8),)


@dataclass_transform(frozen_default=True)
class _Fields(type):
    """Makes the annotations of an operator, those it inherits first, the fields of a named tuple."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> _Fields:
        hints = members.get("__annotations__", {})
        fresh = [field for field, hint in hints.items() if "ClassVar" not in str(hint)]
        fields = [*getattr(bases[0], "_fields", ()), *fresh]
        inherited = getattr(bases[0], "_field_defaults", {})
        defaults = [*inherited.values(), *(members.pop(field) for field in fresh if field in members)]
        accessors = vars(namedtuple(name, fields, defaults=defaults))
        return super().__new__(cls, name, bases, accessors | members)


class Op(tuple[Any, ...], metaclass=_Fields):
    """A primitive operator. Each states once its shape rule, its costs, its field and its PyTorch text.

    Operators are named tuples: what a class annotates, beside class variables, are the attributes that it is
    given and that the generated source names.

    Attributes:
        kind: The field's word for the operator, such as `conv`.
        stateful: Whether the operator is a module with parameters, buffers or a training mode. A stateless
            one is written as a function call.
        weighted: Whether it is a convolution or a linear layer, whose outputs count as activations.
        commutative: Whether the order of its inputs does not matter.
        zero: Whether it gives zeros, whatever it reads: an edge that is not there.
        whole: Whether each element that it writes sees the whole of its first map.
        operations: Arithmetic operations for each element that it writes, where that is all that it costs.
        footprint: What it holds in memory, where that is the same for all shapes.
        text: Its PyTorch text, the constructor's if it is stateful, else that which applies it: a format of
            the arguments `{0}`, `{1}`, ..., the attributes by name, and the `{rank}`. `module` and `call` may
            say more.
        helper: The name in `codegen.runtime` that its text uses, if any.
        workload: What its time grows with.
        latency_class: Its class of operators with one kernel, where that is not called like the operator.
        example: A use of it for the contract tests.
    """

    if TYPE_CHECKING:

        def __init__(self, *fields: Value) -> None: ...
        def _asdict(self) -> dict[str, Value]: ...
        def _replace(self, **changes: Value) -> Self: ...

    kind: ClassVar[str]
    stateful: ClassVar[bool] = False
    weighted: ClassVar[bool] = False
    commutative: ClassVar[bool] = False
    zero: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    operations: ClassVar[int] = 0
    footprint: ClassVar[Footprint] = FRESH
    text: ClassVar[str]
    helper: ClassVar[str] = ""
    workload: ClassVar[Workload] = "maps"
    latency_class: ClassVar[str] = ""
    example: ClassVar[Example] = Example()

    def shape(self, *inputs: Shape) -> Shape:
        """Return the output shape."""
        return inputs[0]

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return parameters, and the operations for one input; without arithmetic it costs nothing."""
        return make(Totals, (0, 0, self.operations * prod(output), 0)) if self.operations else FREE

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Return what it holds in memory beside its inputs, its output and its weights."""
        return self.footprint

    def buffers(self) -> Size:
        """Return the tensors of its state that are no parameters."""
        return NOTHING

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return kernel extent and stride per axis: the step of the receptive field.

        The extent is how many input elements one output element reads; an enlarged map has strides below 1.
        """
        ones = (1,) * (len(inputs[0]) - 1)
        return (inputs[0][1:] if self.whole else ones), ones

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return the centre of the first output element's window per axis; input elements stand at 0, 1, ...

        A window begins before 0 by the padding. An enlarged map keeps its middle.
        """
        padding = getattr(self, "padding", None) or (0,) * len(kernel)
        return tuple(
            [
                Fraction(s - 1, 2) if s < 1 else (k - 1) // 2 - p if k % 2 else Fraction(k - 1, 2) - p
                for k, s, p in zip(kernel, strides, padding, strict=True)
            ]
        )

    def timed_as(self, output: Shape) -> str:
        """Return its class of operators: those that one kernel of PyTorch serves, with one efficiency."""
        return self.latency_class or type(self).__name__.lower()

    @property
    def identity(self) -> bool:
        """Whether the operator returns its input unchanged."""
        return False

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return the one form of all operators that do the same as this one on these inputs."""
        return self

    def helpers(self) -> tuple[str, ...]:
        """Return the names in `runtime` that its text uses; they are copied into the generated source."""
        return (self.helper,) if self.helper else ()

    def imports(self) -> tuple[str, ...]:
        """Return the import lines that its text needs beyond torch, such as `from my_blocks import Mixer`."""
        return ()

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return the constructor's text of a stateful operator.

        Args:
            values: Text of each attribute: a literal or the name of a parameter of the enclosing class.
            rank: Number of spatial axes.
        """
        return self.text.format(rank=rank, **values)

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return the text that applies the operator to its arguments; `values` as in `module`."""
        return self.text.format(*arguments, rank=rank, **values)

    def attributes(self) -> dict[str, Value]:
        """Return the attributes by name."""
        return self._asdict()

    def __eq__(self, other: object) -> bool:
        # As tuples alone, two operators of different kinds with the same attributes would be equal.
        return type(self) is type(other) and tuple.__eq__(self, other)

    __hash__ = tuple.__hash__


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


@dataclass(eq=False, repr=False, slots=True)
class Tensor:
    """A value while a block is traced: its shape, and where it comes from."""

    trace: Trace
    index: int
    shape: Shape

    @property
    def channels(self) -> int:
        """Number of channels, or of features of a flat vector."""
        return self.shape[0]

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.shape) - 1

    @property
    def style(self) -> Style:
        """The defaults of the network that is traced."""
        return self.trace.style

    def __add__(self, other: Tensor) -> Tensor:
        return INFIX["+"](self, other)

    def __mul__(self, other: Tensor) -> Tensor:
        return INFIX["*"](self, other)


INFIX: dict[str, Callable[[Tensor, Tensor], Tensor]] = {}
"""What `x + y` and `x * y` apply; the operators, which build on this file, enter themselves here."""


class Trace:
    """Collects the nodes of one body while its function runs."""

    __slots__ = ("_counts", "costs", "inputs", "last", "nodes", "style")

    def __init__(self, inputs: tuple[Shape, ...], style: Style) -> None:
        self.inputs = inputs
        self.last = len(inputs) - 1
        self.style = style
        self.nodes: list[Node] = []
        self.costs: list[Totals] = []
        self._counts: dict[str, int] = {}

    def arguments(self) -> list[Tensor]:
        """Return the inputs as tensors."""
        return [Tensor(self, index, shape) for index, shape in enumerate(self.inputs)]

    def call(self, body: Body, *inputs: Tensor, name: str = "") -> Tensor:
        """Append a call of another body, under a name or the next one of its word, and return its value."""
        sources = tuple([x.index for x in inputs])
        self.nodes.append(Node(body, sources, body.shape, name or self.name(body.word, "")))
        self.costs.append(body.totals)
        return Tensor(self, self.last + len(self.nodes), body.shape)

    def embed(self, name: str, body: Body, inputs: tuple[Tensor, ...]) -> Tensor:
        """Append a body under a name and return its value; a plain one stands operator by operator."""
        if not body.plain:
            return self.call(body, *inputs, name=name)
        values = [x.index for x in inputs]
        alone = len(body.nodes) == 1
        for op, sources, shape, _ in body.nodes:
            assert isinstance(op, Op)
            fresh = name if op.stateful or alone else self.name(op.kind, name)
            self.nodes.append(Node(op, tuple([values[value] for value in sources]), shape, fresh))
            values.append(self.last + len(self.nodes))
        self.costs += body.costs
        return Tensor(self, values[body.output], body.shape)

    def name(self, kind: str, scope: str) -> str:
        """Return a fresh name: `conv1`, `conv2` without a scope, `shortcut_conv` in the scope `shortcut`."""
        stem = f"{scope}_{kind}" if scope else kind
        count = self._counts.get(stem, 0) + 1
        self._counts[stem] = count
        return stem if scope and count == 1 else f"{stem}{count}"


def place(op: Op, x: Tensor, scope: str = "") -> Tensor:
    """Apply an operator to a tensor and return the new one."""
    return _place(op, x.trace, (x.shape,), (x.index,), scope)


def join(op: Op, inputs: tuple[Tensor, ...], scope: str = "") -> Tensor:
    """Apply an operator to several tensors and return the new one."""
    shapes = tuple([x.shape for x in inputs])
    return _place(op, inputs[0].trace, shapes, tuple([x.index for x in inputs]), scope)


def _place(op: Op, trace: Trace, inputs: tuple[Shape, ...], sources: tuple[int, ...], scope: str) -> Tensor:
    shape = op.shape(*inputs)
    nodes = trace.nodes
    nodes.append(make(Node, (op, sources, shape, trace.name(op.kind, scope))))
    trace.costs.append(op.costs(inputs, shape))
    return Tensor(trace, trace.last + len(nodes), shape)


def check_map(x: Tensor, what: str) -> None:
    """Raise unless a tensor is a map, not a flat vector."""
    if x.rank == 0:
        raise ShapeError(f"{what} needs a map, but got {x.channels} flat features")


def per_axis(value: int | tuple[int, ...], rank: int, what: str) -> Shape:
    """Return a size as one number per spatial axis.

    Raises:
        ShapeError: If a sequence does not have one number per axis.
    """
    if isinstance(value, int):
        return (value,) * rank
    if len(value) != rank:
        raise ShapeError(f"{what} {list(value)} has {len(value)} numbers, but the map has {rank} axes")
    return value
