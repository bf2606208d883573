"""Receptive fields: how much of the input each layer's output sees along each axis, and where.

Along one axis each element of a map sees an interval of the input. After convolutions and poolings these are
alike and evenly spaced. After a transposed convolution or an up-sampling they repeat only every few elements.
So an axis holds the intervals of one period, as whole numbers, and how far the next period lies: what an
element sees is exact for any order of narrowing and widening.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import ceil, floor, gcd, lcm
from typing import NamedTuple, TypeAlias, TypeVar

from archscape.spaces import Graph, Network
from archscape.spaces.graph import Body, Flat, Node, Op, Shape, Steps


class Field(NamedTuple):
    """What the elements of a map see of the input, per axis; input elements stand at 0, 1, ...

    Attributes:
        size: Input elements that one element sees: the most, where a map has been enlarged.
        jump: Distance between the fields of neighbours, on average; 0 where one element sees the whole map.
        centre: Middle of the first element's field, which may lie in the padding. Where a map has been
            enlarged it is where the middle would lie if fields were evenly spaced.
    """

    size: Shape
    jump: Steps
    centre: Steps


UNSEEN = Field((), (), ())
"""The field of what does not see an input."""


def receptive_fields(graph: Graph, input: int = 0) -> dict[str, Shape]:  # noqa: A002 - the language's word
    """Return the size of the receptive field of every operator of a network, by name.

    Of several inputs it is the field on one of them, by its place; () where an operator does not see it.

    >>> from archscape.spaces import load_network
    >>> receptive_fields(load_network("vgg16").graph)["maxpool5"]
    (212, 212)
    """
    return {name: field.size for name, field in fields(graph, input).items()}


def fields(graph: Graph, input: int = 0) -> dict[str, Field]:  # noqa: A002 - the language's word
    """Return the receptive field of every operator of a network on one of its inputs, by name.

    For kernel extent k, stride s and jump j a chain of layers has r = r + (k - 1) j and j = j s (Araujo et
    al. 2019, "Computing receptive fields of convolutional neural networks"). A join sees what any of its
    inputs sees; what does not see the input is `UNSEEN`. No field is cut at the border of the input.

    >>> from archscape.spaces import load_network
    >>> field = fields(load_network("vgg16").graph)["maxpool5"]
    >>> [str(step) for step in (*field.jump, *field.centre)]
    ['32', '32', '31/2', '31/2']
    """
    flat = graph.flatten()
    values: list[Axes | None] = [None] * flat.start
    values[input] = own_axes(flat.inputs[input])
    values = axes_seen(flat, values)
    results: list[Field] = []
    for value, axes in enumerate(values):
        first = flat.nodes[value - flat.start].inputs[0] if value >= flat.start else value
        results.append(results[first] if value > first and axes is values[first] else field_of(axes))
    return dict(zip([node.name for node in flat.nodes], results[flat.start :], strict=True))


def own_axes(shape: Shape) -> Axes:
    """Return what the elements of an input see of it: themselves."""
    return (_Axis(1, ((0, 0),)),) * (len(shape) - 1)


def axes_seen(flat: Flat, inputs: Sequence[Axes | None]) -> list[Axes | None]:
    """Return what each value of a network, or of a part of one, sees along each axis; first its inputs."""
    pointwise = {kind for kind in {type(node.op) for node in flat.nodes} if is_pointwise(kind)}
    values = list(inputs)
    for node in flat.nodes:
        first = node.inputs[0]
        passes = type(node.op) in pointwise
        if passes and len(node.inputs) == 1:
            values.append(values[first])
        else:
            values.append(_axes(flat, node, [values[value] for value in node.inputs], passes))
    return values


class FieldAtDepth(NamedTuple):
    """What the layers of one depth see.

    Attributes:
        depth: Convolutions and linear layers on the longest way to it.
        layer: The layer of that depth that sees most; the last of several.
        field: Its receptive field.
    """

    depth: int
    layer: str
    field: Shape


def field_growth(network: Network, input: int = 0) -> list[FieldAtDepth]:  # noqa: A002 - the language's word
    """Return the largest receptive field at every depth, as long as a layer writes more than one place.

    Of several inputs it is the field on one of them, by its place.

    >>> from archscape.spaces import load_network
    >>> [deep.field[0] for deep in field_growth(load_network("vgg16"))][:5]
    [3, 6, 10, 16, 24]
    """
    flat, sizes = network.graph.flatten(), receptive_fields(network.graph, input)
    depths = [0] * flat.start
    deepest: dict[int, FieldAtDepth] = {}
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        depth = max([depths[value] for value in node.inputs]) + node.op.weighted
        depths.append(depth)
        if depth and max(node.shape[1:], default=1) > 1 and sizes[node.name]:
            seen = FieldAtDepth(depth, node.name, sizes[node.name])
            if depth not in deepest or max(seen.field) >= max(deepest[depth].field):
                deepest[depth] = seen
    return [deepest[depth] for depth in sorted(deepest)]


def field_of(axes: Axes | None) -> Field:
    """Return the field of what the elements of a map see along each axis."""
    if axes is None:
        return UNSEEN
    if axes and _alike(axes, axes[0]):
        size, jump, centre = axes[0].field
        return Field((size,) * len(axes), (jump,) * len(axes), (centre,) * len(axes))
    parts = [axis.field for axis in axes]
    return Field(
        tuple([size for size, _, _ in parts]),
        tuple([jump for _, jump, _ in parts]),
        tuple([centre for _, _, centre in parts]),
    )


class _Axis(NamedTuple):
    """What the elements along one axis see.

    Attributes:
        shift: How many input elements one period lies after the other.
        ends: First and last input element that each element of the first period sees.
    """

    shift: int
    ends: tuple[tuple[int, int], ...]

    @property
    def jump(self) -> int | Fraction:
        return self.shift if len(self.ends) == 1 else Fraction(self.shift, len(self.ends))

    @property
    def field(self) -> tuple[int, int | Fraction, int | Fraction]:
        """Size, jump and centre."""
        size = max([high - low + 1 for low, high in self.ends])
        middle = _ratio(sum([low + high for low, high in self.ends]), 2 * len(self.ends))
        if len(self.ends) == 1:
            return size, self.shift, middle
        return size, self.jump, middle - Fraction(self.jump) * (len(self.ends) - 1) / 2

    def at(self, position: int) -> tuple[int, int]:
        """Return what an element sees."""
        period, phase = divmod(position, len(self.ends))
        low, high = self.ends[phase]
        return low + period * self.shift, high + period * self.shift

    def windows(self, kernel: int, stride: int | Fraction, centre: int | Fraction) -> _Axis:
        """Return what windows over this axis see; a window reads what is less than half its extent away."""
        if len(self.ends) == 1 and isinstance(centre, int) and isinstance(stride, int):
            ((low, high),) = self.ends
            reach = (kernel - 1) // 2
            seen = low + (centre - reach) * self.shift, high + (centre + reach) * self.shift
            return _Axis(stride * self.shift, (seen,))
        half, stride = Fraction(kernel, 2), Fraction(stride)
        period = (
            stride.denominator * len(self.ends) // gcd(stride.numerator, stride.denominator * len(self.ends))
        )
        ends = []
        for position in range(period):
            middle = centre + position * stride
            first, last = floor(middle - half) + 1, ceil(middle + half) - 1
            if first > last:
                first = last = floor(middle)
            ends.append((self.at(first)[0], self.at(last)[1]))
        return _Axis(int(period * stride) // len(self.ends) * self.shift, tuple(ends))

    def still(self) -> _Axis:
        """Return the axis of a map with a single element: whatever reads it sees the same."""
        return _Axis(0, self.ends[:1])


Axes: TypeAlias = "tuple[_Axis, ...]"
T = TypeVar("T")


def _axes(flat: Flat, node: Node, read: list[Axes | None], passes: bool) -> Axes | None:
    """Return what an operator sees: through windows on its first input and any that they cover, else all.

    None if nothing that it reads sees the input.
    """
    inputs = [axes for axes in read if axes is not None]
    if passes or not inputs:
        return reduce(_unions, inputs) if inputs else None
    op: Op = node.op  # type: ignore[assignment]
    shapes = flat.shapes(node)
    kernel, stride = op.field(shapes)
    # Axes that the input does not have, such as that of a group's rotations, stand before those that it has.
    rank = len(inputs[0])
    steps = tuple(zip(kernel, stride, op.centre(kernel, stride), strict=True))[-rank:]
    # A vector has no axis to look along, and all that it was made of has been seen.
    if not _alike(steps, (1, 1, 0)) and len(steps) == rank:
        inputs = [
            _windows(axes, steps) if number == 0 or shape[1:][-rank:] == kernel[-rank:] else axes
            for number, (axes, shape) in enumerate(zip(read, shapes, strict=True))
            if axes is not None
        ]
        if shapes[0][1:] == kernel and set(node.shape[1:][-rank:]) <= {1}:
            inputs = [tuple([axis.still() for axis in axes]) for axes in inputs]
    return reduce(_unions, inputs)


def is_pointwise(kind: type[Op | Body]) -> bool:
    """Return whether operators of a kind read no window, but what stands in the place of each element."""
    return issubclass(kind, Op) and kind.field is Op.field and kind.centre is Op.centre and not kind.whole


def _alike(items: tuple[T, ...], item: T) -> bool:
    return items.count(item) == len(items)


def _windows(axes: Axes, steps: tuple[tuple[int, int | Fraction, int | Fraction], ...]) -> Axes:
    """Return what windows see along each axis; axes and windows that are alike are looked at once."""
    if _alike(axes, axes[0]) and _alike(steps, steps[0]):
        return (axes[0].windows(*steps[0]),) * len(axes)
    return tuple([axis.windows(*step) for axis, step in zip(axes, steps, strict=True)])


def _unions(a: Axes, b: Axes) -> Axes:
    """Return what elements of two maps see together along each axis."""
    if a == b:
        return a
    if _alike(a, a[0]) and _alike(b, b[0]):
        return (_union(a[0], b[0]),) * len(a)
    return tuple(map(_union, a, b))


def _ratio(a: int, b: int) -> int | Fraction:
    """Return a / b; whole numbers are faster than fractions."""
    return Fraction(a, b) if a % b else a // b


def _union(a: _Axis, b: _Axis) -> _Axis:
    """Return what elements of two maps see together; a single element moves along with the other map."""
    if a == b:
        return a
    if a.jump < b.jump:
        a, b = b, a
    period = lcm(len(a.ends), len(b.ends))
    ends = []
    for position in range(period):
        (low, high), (low2, high2) = a.at(position), b.at(position)
        along = 0 if b.shift else floor(position * a.jump)
        ends.append((min(low, low2 + along), max(high, high2 + along)))
    return _Axis(a.shift * period // len(a.ends), tuple(ends))
