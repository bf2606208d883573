"""Normalisation layers."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import ClassVar, NamedTuple

from ..errors import ShapeError
from ..graph import Op, Shape, Tensor, Totals, make, place


class BatchNormFields(NamedTuple):
    """What a `BatchNorm` is given."""

    channels: int


class BatchNorm(Op, BatchNormFields):
    """y = gamma (x - mean) / sqrt(var + eps) + beta per channel (Ioffe and Szegedy 2015)."""

    __slots__ = ()
    kind: ClassVar[str] = "norm"
    stateful: ClassVar[bool] = True

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return gamma and beta, and two operations per element: statistics are constant at inference."""
        return make(Totals, (2 * self.channels, 0, 2 * prod(output), 0))

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.BatchNormNd(...)`; a flat vector takes the 1-D form."""
        return f"nn.BatchNorm{max(rank, 1)}d({values['channels']})"


class LocalResponseNormFields(NamedTuple):
    """What a `LocalResponseNorm` is given."""

    size: int


class LocalResponseNorm(Op, LocalResponseNormFields):
    """y = x / (k + alpha / n sum x^2)^beta over n channels (Krizhevsky et al. 2012, section 3.3)."""

    __slots__ = ()
    kind: ClassVar[str] = "lrn"

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return n squares, n - 1 additions, a scale, a shift, a power and a division per element."""
        return make(Totals, (0, 0, (2 * self.size + 3) * prod(output), 0))

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.local_response_norm(x, n)`."""
        return f"F.local_response_norm({arguments[0]}, {values['size']})"


def norm(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the normalisation of the network's style, or nothing where there is none."""
    if x.style.norm is None:
        return x
    return place(batch_norm(x.channels), x, scope)


@lru_cache(maxsize=4096)
def batch_norm(channels: int) -> BatchNorm:
    """Return the operator for a number of channels, remembered."""
    return BatchNorm(channels=channels)


def local_response_norm(x: Tensor, *, size: int, scope: str = "") -> Tensor:
    """Place a local response normalisation over `size` neighbouring channels.

    Raises:
        ShapeError: On a flat vector.
    """
    if x.rank == 0:
        raise ShapeError(f"local response normalisation needs a map, but got {x.channels} flat features")
    return place(LocalResponseNorm(size=size), x, scope)
