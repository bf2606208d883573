"""Padding and cropping of a map; no arithmetic."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..brackets import bracketed
from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Workload, check_map, per_axis, place
from ..memory_use import VIEW, Footprint, Size
from ..values import Value, shape_text

__all__ = ["Crop", "Pad", "centre_crop", "pad", "shifted"]

SIDES = (("left", "right"), ("top", "bottom"), ("front", "back"))
"""The sides of each axis, the last axis first, as PyTorch counts them."""


class Pad(Op):
    """Zeros around a map, so many before and after it along each axis."""

    before: Shape
    after: Shape
    kind: ClassVar[str] = "pad"
    example: ClassVar[Example] = Example(((1, 0), (2, 1)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels, and N + before + after per axis."""
        channels, *extent = inputs[0]
        return channels, *[n + b + a for n, b, a in zip(extent, self.before, self.after, strict=True)]

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return where the first element stands: before the map."""
        return tuple([-b for b in self.before])

    def attributes(self) -> dict[str, Value]:
        """Return one number for each side."""
        return _by_side(self.before, self.after)

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.pad(x, (left, right, top, bottom))`."""
        return f"F.pad({arguments[0]}, ({', '.join(values.values())}))"


class Crop(Op):
    """A part of a map, from the first element that it keeps to the first one after, along each axis."""

    start: Shape
    stop: Shape
    kind: ClassVar[str] = "crop"
    workload: ClassVar[Workload] = "view"
    example: ClassVar[Example] = Example(((1, 2), (9, 8)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels, and stop - start per axis."""
        return inputs[0][0], *[b - a for a, b in zip(self.start, self.stop, strict=True)]

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return where the first element stands."""
        return self.start

    def attributes(self) -> dict[str, Value]:
        """Return one number for each side."""
        return _by_side(self.start, self.stop)

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """A crop is a view; its gradient is widened axis by axis, the first one last."""
        channels, _, *rest = inputs[0]
        wide = channels * output[1] * prod(rest) - prod(output)
        return Footprint(view=True, backward=Size(wide)) if training else VIEW

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x[:, :, top:bottom, left:right]`."""
        bounds = [(values[first], values[last]) for first, last in reversed(SIDES[:rank])]
        slices = [(":" if (a + b).isalnum() else " : ").join((a, b)) for a, b in bounds]
        return f"{bracketed(arguments[0])}[:, :, {', '.join(slices)}]"


def pad(x: Tensor, *, sides: int | Shape, scope: str = "") -> Tensor:
    """Place zeros on both sides of each axis; nothing where there are none to place."""
    check_map(x, "padding")
    width = per_axis(sides, x.rank, "sides")
    return place(Pad(width, width), x, scope) if any(width) else x


def shifted(x: Tensor, steps: int, *, scope: str = "") -> Tensor:
    """Place a map that holds, at each position, what stood some steps further on; zeros move in."""
    check_map(x, "a shift")
    by, extent = (steps,) * x.rank, x.shape[1:]
    wide = place(Pad((0,) * x.rank, by), x, scope)
    return place(Crop(by, tuple([n + steps for n in extent])), wide, scope)


def pad_before(x: Tensor, steps: int, *, scope: str = "") -> Tensor:
    """Place zeros before the first step of a 1-D map; nothing for 0 steps."""
    return place(Pad((steps,), (0,)), x, scope) if steps else x


def centre_crop(x: Tensor, extent: Shape, *, scope: str = "") -> Tensor:
    """Cut a map to an extent around its centre; where the cut is odd, the end loses one more.

    Raises:
        ShapeError: If the map is smaller than that.
    """
    check_map(x, "a crop")
    old = x.shape[1:]
    if old == extent:
        return x
    if len(old) != len(extent) or any(e > n for e, n in zip(extent, old, strict=True)):
        raise ShapeError(f"a map {shape_text(old)} cannot be cut to {shape_text(extent)}")
    start = tuple([(n - e) // 2 for n, e in zip(old, extent, strict=True)])
    stop = tuple([s + e for s, e in zip(start, extent, strict=True)])
    return place(Crop(start, stop), x, scope)


def _by_side(first: Shape, last: Shape) -> dict[str, Value]:
    pairs = zip(SIDES, zip(reversed(first), reversed(last), strict=True), strict=False)
    return {name: number for names, numbers in pairs for name, number in zip(names, numbers, strict=True)}
