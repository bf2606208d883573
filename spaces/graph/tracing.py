"""Tracing: symbolic tensors, and the trace that collects what a block applies to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import ShapeError
from ..naming import attribute
from ..values import Term, text
from .body import Body, Node, Output
from .operator import FREE, Op, Shape, Totals, make


class Style(NamedTuple):
    """What `defaults:` sets once for every block.

    Attributes:
        norm: Normalisation after a convolution: a word, a term such as `group(8)`, or None.
        act: Activation, or None.
        bias: Whether convolutions have a bias; None gives them one only where no norm follows.
        init: How weights start; None is as PyTorch has it.
        last_norm: How the last norm of a residual branch starts: `zero`, or None as every other norm.
        affine: Whether norms have gamma and beta.
        padding_mode: What convolutions pad with: `zeros`, `reflect`, `replicate` or `circular`.
    """

    norm: str | Term | None = "batch"
    act: str | Term | None = "relu"
    bias: bool | None = None
    init: str | None = None
    last_norm: str | None = None
    affine: bool = True
    padding_mode: str = "zeros"


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

    def call(self, body: Body, *inputs: Tensor, name: str = "", like: str = "") -> Tensor:
        """Append a call of another body, under a name or the next one of its word; return its first value.

        It shares the weights of the node `like`, if that is named.
        """
        sources = tuple([x.index for x in inputs])
        fresh = attribute(name) if name else self.name(body.word, "")
        self.nodes.append(Node(body, sources, body.shape, fresh, attribute(like)))
        self.costs.append(body.totals._replace(params=0) if like else body.totals)
        return Tensor(self, self.last + len(self.nodes), body.shape)

    def outputs(self, x: Tensor, body: Body) -> tuple[Tensor, ...]:
        """Return every value of a body whose first one is given."""
        values = [x]
        for number, shape in enumerate(body.shapes[1:], 1):
            name = body.output_names[number]
            self.nodes.append(Node(Output(number), (x.index,), shape, name))
            self.costs.append(FREE)
            values.append(Tensor(self, self.last + len(self.nodes), shape))
        return tuple(values)

    def embed(self, name: str, body: Body, inputs: tuple[Tensor, ...], like: str = "") -> tuple[Tensor, ...]:
        """Append a body under a name and return its values; a plain one stands operator by operator.

        It shares the weights of the body that was embedded as `like`, if that is named.
        """
        if not body.plain:
            return self.outputs(self.call(body, *inputs, name=name, like=like), body)
        values = [x.index for x in inputs]
        alone = len(body.nodes) == 1
        for op, sources, shape, *_ in body.nodes:
            assert isinstance(op, Op)
            fresh = attribute(name) if op.stateful or alone else self.name(op.kind, name)
            shared = attribute(like) if op.stateful else ""
            self.nodes.append(Node(op, tuple([values[value] for value in sources]), shape, fresh, shared))
            values.append(self.last + len(self.nodes))
        self.costs += [cost._replace(params=0) for cost in body.costs] if like else body.costs
        return tuple([Tensor(self, values[each], body.shape_of(each)) for each in body.outputs])

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
    nodes.append(make(Node, (op, sources, shape, trace.name(op.kind, scope), "")))
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
        raise ShapeError(f"{what} {text(value)} has {len(value)} numbers, but the map has {rank} axes")
    return value
