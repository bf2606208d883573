"""Padding and cropping of a map; no arithmetic."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..brackets import bracketed
from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Workload, check_map, place
from ..memory_use import FRESH, SAVES_INPUT, VIEW, Footprint, Size
from ..values import Value, shape_text

__all__ = ["Crop", "Pad", "centre_crop", "shifted"]

SIDES = (("left", "right"), ("top", "bottom"), ("front", "back"))
"""The sides of each axis, the last axis first, as PyTorch counts them."""


PAD_MODES = ("zeros", "reflect", "replicate", "circular")
"""What stands around a map: zeros, the map mirrored at its edges, the edges again, or its other end."""


class Pad(Op):
    """Zeros around a map, or what else a mode says, so many before and after it along each axis."""

    before: Shape
    after: Shape
    mode: str = "zeros"
    kind: ClassVar[str] = "pad"
    copies: ClassVar[bool] = True
    example: ClassVar[Example] = Example(((1, 0), (2, 1)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels, and N + before + after per axis.

        Raises:
            ShapeError: If the mode would need more of the map than there is.
        """
        channels, *extent = inputs[0]
        spared = {"reflect": 1, "circular": 0}.get(self.mode)
        sides = [max(pair) for pair in zip(self.before, self.after, strict=True)]
        if spared is not None and any(side > n - spared for side, n in zip(sides, extent, strict=True)):
            least = shape_text(tuple([side + spared for side in sides]))
            law = f"{self.mode} padding {sides} needs a map of at least {least}"
            raise ShapeError(f"{law}, but got {shape_text(tuple(extent))}")
        return channels, *[n + b + a for n, b, a in zip(extent, self.before, self.after, strict=True)]

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return where the first element stands: before the map."""
        return tuple([-b for b in self.before])

    def attributes(self) -> dict[str, Value]:
        """Return one number for each side, and the mode if it is not zeros."""
        sides = _by_side(self.before, self.after)
        return sides if self.mode == "zeros" else sides | {"mode": self.mode}

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the map that is mirrored, or whose edges are repeated."""
        return SAVES_INPUT if self.mode in ("reflect", "replicate") else FRESH

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.pad(x, (left, right, top, bottom))`, with its mode."""
        sides = ", ".join([text for name, text in values.items() if name != "mode"])
        mode = f', mode="{self.mode}"' if "mode" in values else ""
        return f"F.pad({arguments[0]}, ({sides}){mode})"


class Crop(Op):
    """A part of a map, from the first element that it keeps to the first one after, along each axis."""

    start: Shape
    stop: Shape
    kind: ClassVar[str] = "crop"
    copies: ClassVar[bool] = True
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


def shifted(x: Tensor, steps: int, *, scope: str = "") -> Tensor:
    """Place a map that holds, at each position, what stood some steps further on; zeros move in."""
    check_map(x, "a shift")
    by, extent = (steps,) * x.rank, x.shape[1:]
    wide = place(Pad((0,) * x.rank, by), x, scope)
    return place(Crop(by, tuple([n + steps for n in extent])), wide, scope)


def pad_before(x: Tensor, steps: int, mode: str = "zeros", *, scope: str = "") -> Tensor:
    """Place zeros, or what else a mode says, before the first step of a 1-D map; nothing for 0 steps."""
    return place(Pad((steps,), (0,), mode), x, scope) if steps else x


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
