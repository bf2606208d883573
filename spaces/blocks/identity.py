"""Rows that compute next to nothing: the identity, its projection, nothing at all, a vector as a map."""

from __future__ import annotations

from .. import operators
from ..graph import Tensor
from . import parts
from .block import block
from .kinds import MapShape


@block(styled=False, repeats=False)
def identity(x: Tensor) -> Tensor:
    """Return x."""
    return x


@block(styled=False, repeats=False)
def zero(x: Tensor, *, stride: int = 1) -> Tensor:
    """0 x at every s-th position: an edge of a cell that is not there (Dong and Yang 2020, `none`)."""
    return operators.zero(x, stride=stride)


@block(repeats=False)
def shortcut(x: Tensor, *, width: int, stride: int = 1) -> Tensor:
    """Return x where the shape is kept, else a strided 1x1 convolution and norm (He et al. 2015, B)."""
    return parts.shortcut(x, width=width, stride=stride)


@block(styled=False, repeats=False)
def flatten(x: Tensor) -> Tensor:
    """A map as one vector of features."""
    return operators.flatten(x) if x.rank else x


@block(styled=False, repeats=False)
def reshape(x: Tensor, *, shape: MapShape) -> Tensor:
    """A flat vector as a map of channels and extents."""
    return operators.reshape(x, size=shape)
