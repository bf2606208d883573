"""Joins: rows that read several maps."""

from __future__ import annotations

from fractions import Fraction

from ..graph import Tensor
from ..operators import add as added
from ..operators import centre_crop
from ..operators import concat as concatenated
from ..operators import multiply as multiplied
from .block import block
from .kinds import Rate
from .parts import drop


@block(styled=False, repeats=False)
def add(x: Tensor, *others: Tensor, crop: bool = False) -> Tensor:
    """The sum of maps of one shape; `crop` cuts the larger ones around their centre."""
    return added(*_alike(x, *others, crop=crop)) if others else x


@block(styled=False, repeats=False)
def concat(x: Tensor, *others: Tensor, crop: bool = False) -> Tensor:
    """Maps of one extent side by side along the channels; `crop` cuts the larger ones around their centre."""
    return concatenated(*_alike(x, *others, crop=crop)) if others else x


@block(styled=False, repeats=False)
def multiply(x: Tensor, *others: Tensor) -> Tensor:
    """The product of maps of one shape, or of a map and one factor per channel."""
    for other in others:
        x = multiplied(x, other)
    return x


@block(styled=False, repeats=False)
def residual(x: Tensor, f: Tensor, *, droppath: Rate = Fraction(0)) -> Tensor:
    """x + f(x) where f keeps the shape, else f(x); f is the rows within (He et al. 2015).

    The sum may drop f(x) of whole samples while training (Huang et al. 2016).
    """  # noqa: D403
    return added(drop(f, droppath), x) if f.shape == x.shape else f


def _alike(*maps: Tensor, crop: bool) -> tuple[Tensor, ...]:
    """Return maps of one extent: the smallest along each axis, where they may be cut."""
    if not crop or not all(x.rank == maps[0].rank for x in maps):
        return maps
    extent = tuple([min(sizes) for sizes in zip(*[x.shape[1:] for x in maps], strict=True)])
    return tuple([centre_crop(x, extent) for x in maps])
