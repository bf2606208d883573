"""Joins: rows that read several maps."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import prod

from ..graph import Tensor
from ..operators import add as added
from ..operators import centre_crop, times
from ..operators import concat as concatenated
from ..operators import multiply as multiplied
from ..operators import shift as shifted
from ..operators import subtract as subtracted
from .block import block
from .kinds import Factor, Rate
from .parts import drop


@block(styled=False, repeats=False)
def add(x: Tensor, *others: Tensor, crop: bool = False) -> Tensor:
    """The sum of maps of one shape, or of extent 1 where others have more.

    `crop` cuts the larger ones around their centre.
    """
    return _sum(*_alike(x, *others, crop=crop))


@block(styled=False, repeats=False)
def concat(x: Tensor, *others: Tensor, crop: bool = False) -> Tensor:
    """Maps of one extent side by side along the channels; `crop` cuts the larger ones around their centre."""
    return concatenated(*_alike(x, *others, crop=crop)) if others else x


@block(styled=False, repeats=False)
def multiply(x: Tensor, *others: Tensor) -> Tensor:
    """The product of maps of one shape, or of extent 1 where others have more.

    So a map of 1xHxW is a factor for each position, and one of Cx1x1 a factor for each
    channel.
    """
    for other in others:
        x = multiplied(x, other)
    return x


@block(styled=False, repeats=False, ordered=True)
def subtract(x: Tensor, *others: Tensor) -> Tensor:
    """x minus the others, of its shape or with extent 1 where it has more."""  # noqa: D403
    for other in others:
        x = subtracted(x, other)
    return x


@block(styled=False, repeats=False)
def residual(x: Tensor, f: Tensor, *, droppath: Rate = Fraction(0), scale: Factor = Fraction(1)) -> Tensor:
    """x + scale f(x) where f keeps the shape, else f(x); f is the rows within (He et al. 2015).

    The sum may drop f(x) of whole samples while training (Huang et al. 2016), or scale
    it (Szegedy et al. 2016, section 3.3).
    """  # noqa: D403
    return added(drop(times(f, scale), droppath), x) if f.shape == x.shape else f


def _sum(*maps: Tensor) -> Tensor:
    """Return the sum of maps; those of one shape are added first, and the smaller ones before the larger."""
    shapes = sorted({x.shape for x in maps}, key=lambda shape: (prod(shape), shape))
    alike = [[x for x in maps if x.shape == shape] for shape in shapes]
    terms = [added(*each) if len(each) > 1 else each[0] for each in alike]
    return reduce(shifted, terms)


def _alike(*maps: Tensor, crop: bool) -> tuple[Tensor, ...]:
    """Return maps of one extent: the smallest along each axis, where they may be cut."""
    if not crop or not all(x.rank == maps[0].rank for x in maps):
        return maps
    extent = tuple([min(sizes) for sizes in zip(*[x.shape[1:] for x in maps], strict=True)])
    return tuple([centre_crop(x, extent) for x in maps])
