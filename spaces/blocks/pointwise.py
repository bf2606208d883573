"""Rows that keep the shape: an activation, divisive normalisation, a scale, noise while training."""

from __future__ import annotations

from fractions import Fraction

from .. import operators
from ..graph import Tensor
from . import parts
from .block import block
from .kinds import Number, OptionalFactor, Rate, Several


@block(repeats=False, lacks=("padding_mode", "affine"))
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
def softmax(x: Tensor, *, parts: Several) -> Tensor:
    """A softmax across equal parts of the channels: how much each of several branches weighs.

    Element i of a part is weighed against element i of every other (Li et al. 2019,
    eq. 5); `split` takes the parts.
    """
    return operators.part_softmax(x, parts=parts)


@block(styled=False, repeats=False, excludes={"by": ("init",)})
def scale(x: Tensor, *, by: OptionalFactor = None, init: Number = Fraction(1, 1_000_000)) -> Tensor:
    """gamma x with one learned factor per channel that starts at `init` (Touvron et al. 2021, eq. 3).

    With `by` it is a constant factor.
    """  # noqa: D403
    return operators.scale(x, start=init) if by is None else operators.times(x, by)


@block(styled=False, repeats=False)
def droppath(x: Tensor, *, rate: Rate) -> Tensor:
    """Zeroes whole samples while training: stochastic depth in a residual branch (Huang et al. 2016)."""
    return operators.droppath(x, rate=rate)


@block(styled=False, repeats=False)
def reparameterise(x: Tensor, logvar: Tensor) -> Tensor:
    """x + eps exp(logvar / 2) with normal eps while training, else x (Kingma and Welling 2014)."""  # noqa: D403
    return operators.reparameterise(x, logvar)
