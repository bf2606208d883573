"""Padding: words and numbers as so many elements before and after a map, along each axis.

What an operator of PyTorch cannot pad itself, uneven sides and modes beside zeros, is a `Pad` of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from ..errors import ShapeError
from ..graph import Shape, Tensor, check_map, per_axis, place
from ..values import shape_text
from .pad import Pad

__all__ = ["pad"]

Side: TypeAlias = "int | tuple[int, int]"
Padding: TypeAlias = "int | str | tuple[Side, ...]"
"""A word, a number for both sides of every axis, or for each axis a number or a pair (before, after)."""


@lru_cache(maxsize=4096)
def resolve_padding(padding: Padding, kernel: Shape, dilation: Shape) -> Shape:
    """Return the padding of both sides of each axis for `same`, `valid`, `full` or a number."""
    if padding == "same":
        return tuple([d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True)])
    if padding == "full":
        return tuple([d * (k - 1) for d, k in zip(dilation, kernel, strict=True)])
    if isinstance(padding, str):
        return (0,) * len(kernel)
    assert not is_uneven(padding)
    return per_axis(padding, len(kernel), "padding")  # type: ignore[arg-type]


def is_uneven(padding: Padding) -> bool:
    """Tell whether the two sides of an axis may differ."""
    return padding == "same_upper" or (
        isinstance(padding, tuple) and any(isinstance(side, tuple) for side in padding)
    )


@lru_cache(maxsize=4096)
def pairs_of(padding: tuple[Side, ...] | int, rank: int, what: str) -> tuple[Shape, Shape]:
    """Return what stands before and after each axis.

    Raises:
        ShapeError: If a sequence does not have one number or pair per axis.
    """
    sides = per_axis(padding, rank, what)  # type: ignore[arg-type]
    pairs = [(side, side) if isinstance(side, int) else side for side in sides]
    return tuple([before for before, _ in pairs]), tuple([after for _, after in pairs])


@lru_cache(maxsize=4096)
def both_sides(
    padding: Padding, extent: Shape, kernel: Shape, stride: Shape, dilation: Shape
) -> tuple[Shape, Shape]:
    """Return the padding before and after each axis.

    `same_upper` is TensorFlow's `SAME`, the ONNX word for it: ceil(N / S) windows; of an odd number of
    elements that this takes, the end gets one more.

    Raises:
        ShapeError: If a window does not fit, or a sequence does not have one number or pair per axis.
    """
    windows = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if padding == "same_upper":
        axes = zip(extent, windows, stride, strict=True)
        added = [max(0, (-(-n // s) - 1) * s + window - n) for n, window, s in axes]
        before, after = tuple([n // 2 for n in added]), tuple([n - n // 2 for n in added])
    elif isinstance(padding, tuple):
        before, after = pairs_of(padding, len(kernel), "padding")
    else:
        before = after = resolve_padding(padding, kernel, dilation)
    for n, window, b, a in zip(extent, windows, before, after, strict=True):
        if n + b + a < window:
            raise ShapeError(
                f"a window of {window} does not fit the map {shape_text(extent)} with padding {[b, a]}"
            )
    return before, after


def padded(
    x: Tensor,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Padding,
    dilation: Shape,
    mode: str = "zeros",
    scope: str = "",
) -> tuple[Tensor, Shape]:
    """Place the padding that windows cannot have themselves; return the map, and what is left to them.

    Zeros at the end that no window reaches are as many as stand before: no operator of their own.
    """
    before, after = both_sides(padding, x.shape[1:], kernel, stride, dilation)
    if mode == "zeros":
        axes = zip(x.shape[1:], kernel, dilation, stride, before, after, strict=True)
        room = [(n - d * (k - 1) - 1 + b, s, b, a) for n, k, d, s, b, a in axes]
        if all((left + b) // s == (left + a) // s for left, s, b, a in room):
            return x, before
    return surrounded(x, before, after, mode, scope=scope), (0,) * x.rank


def surrounded(x: Tensor, before: Shape, after: Shape, mode: str = "zeros", *, scope: str = "") -> Tensor:
    """Place a padding; nothing where there is none to place."""
    return place(Pad(before, after, mode), x, scope) if any(before + after) else x


def pad(x: Tensor, *, sides: int | tuple[Side, ...], mode: str = "zeros", scope: str = "") -> Tensor:
    """Place a padding of both sides of each axis; nothing where there is none to place."""
    check_map(x, "padding")
    return surrounded(x, *pairs_of(sides, x.rank, "sides"), mode, scope=scope)
