"""Receptive fields: how much of the input each layer's output sees along each axis, and where.

Along one axis each element of a map sees an interval of the input. After convolutions and poolings these are
alike and evenly spaced. After a transposed convolution or an up-sampling they repeat only every few elements.
So an axis holds the intervals of one period, as whole numbers, and how far the next period lies: what an
element sees is exact for any order of narrowing and widening.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import ceil, floor, gcd, lcm
from typing import NamedTuple, TypeAlias

from archscape.spaces import Graph
from archscape.spaces.graph import Flat, Node, Op, Shape, Steps


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


def receptive_fields(graph: Graph) -> dict[str, Shape]:
    """Return the size of the receptive field of every operator of a network, by name.

    >>> from archscape.spaces import load_network
    >>> receptive_fields(load_network("vgg16").graph)["maxpool5"]
    (212, 212)
    """
    return {name: found.size for name, found in fields(graph).items()}


def fields(graph: Graph) -> dict[str, Field]:
    """Return the receptive field of every operator of a network, by name.

    For kernel extent k, stride s and jump j a chain of layers has r = r + (k - 1) j and j = j s (Araujo et
    al. 2019, "Computing receptive fields of convolutional neural networks"). A join sees what any of its
    inputs sees. No field is cut at the border of the input.

    >>> from archscape.spaces import load_network
    >>> field = fields(load_network("vgg16").graph)["maxpool5"]
    >>> [str(step) for step in (*field.jump, *field.centre)]
    ['32', '32', '31/2', '31/2']
    """
    flat = graph.flatten()
    values = [(_Axis(1, ((0, 0),)),) * (len(flat.input) - 1)]
    for node in flat.nodes:
        values.append(_axes(flat, node, [values[value] for value in node.inputs]))
    known = {axes: _field(axes) for axes in set(values)}
    return {node.name: known[axes] for node, axes in zip(flat.nodes, values[1:], strict=True)}


def _field(axes: Axes) -> Field:
    return Field(
        tuple([axis.size for axis in axes]),
        tuple([axis.jump for axis in axes]),
        tuple([axis.centre for axis in axes]),
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
    def size(self) -> int:
        return max([high - low + 1 for low, high in self.ends])

    @property
    def jump(self) -> int | Fraction:
        return self.shift if len(self.ends) == 1 else Fraction(self.shift, len(self.ends))

    @property
    def centre(self) -> Fraction:
        middle = Fraction(sum([low + high for low, high in self.ends]), 2 * len(self.ends))
        return middle - Fraction(self.jump) * (len(self.ends) - 1) / 2 if len(self.ends) > 1 else middle

    def at(self, place: int) -> tuple[int, int]:
        """Return what an element sees."""
        period, phase = divmod(place, len(self.ends))
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
        for place in range(period):
            middle = centre + place * stride
            first, last = floor(middle - half) + 1, ceil(middle + half) - 1
            if first > last:
                first = last = floor(middle)
            ends.append((self.at(first)[0], self.at(last)[1]))
        return _Axis(int(period * stride) // len(self.ends) * self.shift, tuple(ends))

    def still(self) -> _Axis:
        """Return the axis of a map with a single element: whatever reads it sees the same."""
        return _Axis(0, self.ends[:1])


Axes: TypeAlias = "tuple[_Axis, ...]"


def _axes(flat: Flat, node: Node, inputs: list[Axes]) -> Axes:
    """Return what an operator sees: through windows on its first input and any that they cover, else all."""
    assert isinstance(node.op, Op)
    if not _pointwise(type(node.op)):
        shapes = flat.shapes(node)
        kernel, stride = node.op.field(shapes)
        centre = node.op.centre(shapes)
        joins = set(kernel) | set(stride) <= {1} and not any(centre)
        # A vector has no axis to look along, and all that it was made of has been seen.
        if not joins and len(kernel) == len(inputs[0]):
            steps = list(zip(kernel, stride, centre, strict=True))
            inputs = [
                _windows(axes, steps) if place == 0 or shape[1:] == kernel else axes
                for place, (axes, shape) in enumerate(zip(inputs, shapes, strict=True))
            ]
            if shapes[0][1:] == kernel and set(node.shape[1:]) <= {1}:
                inputs = [tuple([axis.still() for axis in axes]) for axes in inputs]
    return reduce(_unions, inputs)


def _pointwise(op: type[Op]) -> bool:
    """Return whether an operator has no windows."""
    return op.field is Op.field and op.centre is Op.centre


def _windows(axes: Axes, steps: list[tuple[int, int | Fraction, int | Fraction]]) -> Axes:
    """Return what windows see along each axis; axes and windows that are alike are looked at once."""
    if len(set(axes)) == len(set(steps)) == 1:
        return (axes[0].windows(*steps[0]),) * len(axes)
    return tuple([axis.windows(*step) for axis, step in zip(axes, steps, strict=True)])


def _unions(a: Axes, b: Axes) -> Axes:
    return a if a == b else tuple(map(_union, a, b))


def _union(a: _Axis, b: _Axis) -> _Axis:
    """Return what elements of two maps see together; a single element moves along with the other map."""
    if a == b:
        return a
    if a.jump < b.jump:
        a, b = b, a
    period = lcm(len(a.ends), len(b.ends))
    ends = []
    for place in range(period):
        (low, high), (low2, high2) = a.at(place), b.at(place)
        along = 0 if b.shift else floor(place * a.jump)
        ends.append((min(low, low2 + along), max(high, high2 + along)))
    return _Axis(a.shift * period // len(a.ends), tuple(ends))
