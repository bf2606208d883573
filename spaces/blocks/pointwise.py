"""Rows that keep the shape: an activation, divisive normalisation, a learned scale, noise while training."""

from __future__ import annotations

from fractions import Fraction

from .. import operators
from ..graph import Tensor
from . import parts
from .block import block
from .kinds import Number, Rate


@block(repeats=False)
def act(x: Tensor) -> Tensor:
    """The activation of the network's style alone."""
    return parts.act(x)


@block(styled=False, repeats=False)
def gdn(x: Tensor) -> Tensor:
    """y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2) at each position (Ballé et al. 2016, eq. 2)."""
    return operators.gdn(x)


@block(styled=False, repeats=False)
def igdn(x: Tensor) -> Tensor:
    """y_i = x_i sqrt(beta_i + sum_j gamma_ij x_j^2): the inverse of `gdn`, roughly (Ballé et al. 2017)."""
    return operators.gdn(x, inverse=True)


@block(styled=False, repeats=False)
def scale(x: Tensor, *, init: Number = Fraction(1, 1_000_000)) -> Tensor:
    """gamma x with one learned factor per channel that starts at `init` (Touvron et al. 2021, eq. 3)."""  # noqa: D403
    return operators.scale(x, start=init)


@block(styled=False, repeats=False)
def droppath(x: Tensor, *, rate: Rate) -> Tensor:
    """Zeroes whole samples while training: stochastic depth in a residual branch (Huang et al. 2016)."""
    return operators.droppath(x, rate=rate)


@block(styled=False, repeats=False)
def reparameterise(x: Tensor, logvar: Tensor) -> Tensor:
    """x + eps exp(logvar / 2) with normal eps while training, else x (Kingma and Welling 2014)."""  # noqa: D403
    return operators.reparameterise(x, logvar)
