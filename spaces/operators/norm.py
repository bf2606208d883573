"""Normalisation layers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..graph import Op, Shape, Tensor, place


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNorm(Op):
    """y = gamma (x - mean) / sqrt(var + eps) + beta per channel (Ioffe and Szegedy 2015)."""

    channels: int

    kind: ClassVar[str] = "norm"
    stateful: ClassVar[bool] = True

    @property
    def params(self) -> int:
        """Gamma and beta of each channel."""
        return 2 * self.channels

    def other(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Return a multiplication and an addition per element: the statistics are constants at inference."""
        return 2 * prod(output)

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.BatchNormNd(...)`; a flat vector takes the 1-D form."""
        return f"nn.BatchNorm{max(rank, 1)}d({values['channels']})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalResponseNorm(Op):
    """y = x / (k + alpha / n sum x^2)^beta over n neighbouring channels (Krizhevsky et al. 2012, section 3.3)."""

    size: int

    kind: ClassVar[str] = "lrn"

    def other(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Return n squares, n - 1 additions, a scale, a shift, a power and a division per element."""
        return (2 * self.size + 3) * prod(output)

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.local_response_norm(x, n)`."""
        return f"F.local_response_norm({arguments[0]}, {values['size']})"


def norm(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the normalisation of the network's style, or nothing where there is none."""
    if x.style.norm is None:
        return x
    return place(BatchNorm(channels=x.channels), x, scope=scope)


def local_response_norm(x: Tensor, *, size: int, scope: str = "") -> Tensor:
    """Place a local response normalisation over `size` neighbouring channels."""
    return place(LocalResponseNorm(size=size), x, scope=scope)
