"""Operators: what each states of itself, and what it costs."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Sequence
from fractions import Fraction
from math import inf, prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, TypeAlias, dataclass_transform

from ..brackets import bracketed
from ..memory_use import FRESH, NOTHING, Footprint, Size
from ..values import Value

Shape: TypeAlias = tuple[int, ...]
"""Channels, then the extent of each spatial axis; a flat vector is `(features,)`."""


_FOLLOWED = re.compile(r"\{(\d+)\}(?=[.\[])")
"""An argument in a text that an attribute or an index follows."""

Steps: TypeAlias = "tuple[int | Fraction, ...]"
"""A distance along each spatial axis, in elements of the map that is read."""


make = tuple.__new__
"""Makes a named tuple without its checks: lowering spends much of its time there."""


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


class Bounds(NamedTuple):
    """Between which values all elements of a map lie, both ends included."""

    low: float = -inf
    high: float = inf

    def holds(self, other: Bounds) -> bool:
        """Tell whether all elements within other bounds are within these."""
        return self.low <= other.low and other.high <= self.high


ANYTHING = Bounds()

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
        copies: Whether each element that it writes is one that it reads, a mean of some, or 0.
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

        _field_defaults: ClassVar[dict[str, Value]]

        def _asdict(self) -> dict[str, Value]: ...
        def _replace(self, **changes: Value) -> Self: ...

    kind: ClassVar[str]
    stateful: ClassVar[bool] = False
    weighted: ClassVar[bool] = False
    commutative: ClassVar[bool] = False
    zero: ClassVar[bool] = False
    whole: ClassVar[bool] = False
    copies: ClassVar[bool] = False
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

    @property
    def interchangeable(self) -> str:
        """PyTorch's class of the module that does the same, where a block may take any of its kind."""
        return ""

    @property
    def unchanged(self) -> Bounds | None:
        """Between which values it returns what it reads, so that a second one would change nothing."""
        return None

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Return between which values all that it writes lies, from the bounds of what it reads."""
        if not self.copies:
            return ANYTHING
        return Bounds(min([0, *[read.low for read in inputs]]), max([0, *[read.high for read in inputs]]))

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
        texts = list(arguments)
        for index in map(int, _FOLLOWED.findall(self.text)):
            texts[index] = bracketed(texts[index])
        return self.text.format(*texts, rank=rank, **values)

    def attributes(self) -> dict[str, Value]:
        """Return the attributes by name."""
        return self._asdict()

    def __eq__(self, other: object) -> bool:
        # As tuples alone, two operators of different kinds with the same attributes would be equal.
        return type(self) is type(other) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__
