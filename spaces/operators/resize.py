"""Resizing without weights: interpolation, and pixels made of channels."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Totals, check_map, join, make, per_axis, place
from ..memory_use import Footprint
from ..values import Value, shape_text

__all__ = ["PixelShuffle", "Resize", "Upsample", "pixel_shuffle", "resize", "upsample"]

MODES = ("nearest", "bilinear")
_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


class _Interpolation(Op):
    """A map of another extent; its elements are the nearest ones of the input, or linear between them."""

    copies: ClassVar[bool] = True

    @property
    def mode(self) -> str:
        """How elements are found: the nearest, or linear between them."""
        raise AssertionError(f"{self.kind} has no mode")

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return 2^R products and 2^R - 1 sums per element of a map with R axes; nothing for the nearest."""
        corners = 2 ** (len(output) - 1)
        return make(Totals, (0, 0, 0 if self.mode == "nearest" else (2 * corners - 1) * prod(output), 0))

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return the elements that are read along each axis, 1 or 2, and old extent / new extent."""
        old, new = inputs[0][1:], self.shape(*inputs)[1:]
        read = 1 if self.mode == "nearest" else 2
        steps = tuple([Fraction(n, m) for n, m in zip(old, new, strict=True)])
        return tuple([read if step != 1 else 1 for step in steps]), steps

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return (step - 1) / 2: both maps have one middle."""
        return tuple([(Fraction(step) - 1) / 2 for step in strides])

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.interpolate(x, size)`, with the mode unless it is the nearest."""
        mode = "" if self.mode == "nearest" else f', mode="{_LINEAR[rank]}"'
        return super().call(arguments, values | {"mode": mode}, rank)


class Upsample(_Interpolation):
    """A map that is enlarged by whole numbers."""

    scale: Shape
    mode: str
    kind: ClassVar[str] = "upsample"
    text: ClassVar[str] = "F.interpolate({0}, scale_factor={scale}{mode})"
    example: ClassVar[Example] = Example(((2, 2), "bilinear"))

    @property
    def identity(self) -> bool:
        """A scale of one changes nothing."""
        return set(self.scale) == {1}

    def attributes(self) -> dict[str, Value]:
        """Return the scale as ratios, since PyTorch's are floats."""
        return {"scale": tuple(map(Fraction, self.scale)), "mode": self.mode}

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return it with the nearest element where there is one alone."""
        return self._replace(mode="nearest") if set(inputs[0][1:]) == {1} else self

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels, and the extents times the scale."""
        return inputs[0][0], *[n * s for n, s in zip(inputs[0][1:], self.scale, strict=True)]


class Resize(_Interpolation):
    """A map at the extent of a second one."""

    mode: str
    kind: ClassVar[str] = "resize"
    text: ClassVar[str] = "F.interpolate({0}, size={1}.shape[2:]{mode})"
    footprint: ClassVar[Footprint] = Footprint(reaches=1)  # the second map gives its extent alone
    example: ClassVar[Example] = Example(("nearest",), ((8, 6, 4), (4, 12, 8)))

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return it with the nearest element where there is one alone."""
        return self._replace(mode="nearest") if set(inputs[0][1:]) == {1} else self

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels of the first map and the extent of the second.

        Raises:
            ShapeError: If the maps have different numbers of axes.
        """
        if len(inputs[0]) != len(inputs[1]):
            shapes = " and ".join(map(shape_text, inputs))
            raise ShapeError(f"resizing needs maps with the same number of axes, but got {shapes}")
        return inputs[0][0], *inputs[1][1:]


class PixelShuffle(Op):
    """Every r x r channels of a pixel become r x r pixels of a channel (Shi et al. 2016, eq. 4)."""

    scale: int
    kind: ClassVar[str] = "pixelshuffle"
    copies: ClassVar[bool] = True
    text: ClassVar[str] = "F.pixel_shuffle({0}, {scale})"
    example: ClassVar[Example] = Example((2,))

    @property
    def identity(self) -> bool:
        """A scale of one changes nothing."""
        return self.scale == 1

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C / r^2, r H, r W).

        Raises:
            ShapeError: If the map is not 2-D, or r^2 does not divide its channels.
        """
        if len(inputs[0]) != 3:
            raise ShapeError(f"a pixel shuffle needs a 2-D map, but got {shape_text(inputs[0])}")
        channels, height, width = inputs[0]
        if channels % self.scale**2:
            raise ShapeError(f"{channels} channels cannot become {self.scale}x{self.scale} pixels each")
        return channels // self.scale**2, self.scale * height, self.scale * width

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return one element, and a stride of 1 / r."""
        return (1, 1), (Fraction(1, self.scale),) * 2


def upsample(x: Tensor, *, scale: int | Shape = 2, mode: str = "nearest", scope: str = "") -> Tensor:
    """Place an enlargement by whole numbers; `bilinear` is linear in 1-D and trilinear in 3-D."""
    check_map(x, "resizing")
    return place(Upsample(per_axis(scale, x.rank, "scale"), mode), x, scope)


def resize(x: Tensor, like: Tensor, *, mode: str = "nearest", scope: str = "") -> Tensor:
    """Place an interpolation to the extent of another map; modes as for `upsample`."""
    check_map(x, "resizing")
    return join(Resize(mode), (x, like), scope)


def pixel_shuffle(x: Tensor, *, scale: int, scope: str = "") -> Tensor:
    """Place a pixel shuffle."""
    return place(PixelShuffle(scale), x, scope)
