"""Kernels: how alike two networks are, each a function of a weighted squared distance between vectors.

::

    h(a, b) = exp(-sum_i w_i d_i(a, b))     decisions, a weight for each
    g(a, b) = exp(-w |G_a - G_b|^2)         words of the graph, one weight
    f(a, b) = Matern 5/2 of |F_a - F_b|_w   features of the analysis, a weight for each

A decision is a vector too (`encoding`), so all are one formula: s = sum_j w_group(j) (x_aj - x_bj)^2, then a
profile of s. Any such kernel is positive definite, and sums with positive amplitudes are. Parameters are
logarithms of amplitudes and weights, with normal priors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Views: TypeAlias = Mapping[str, Floats]
"""The vectors of networks by the name of the view, (networks, columns) each."""

Profile: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]
"""Returns the kernel at squared distances, and its derivative by them."""

ROOT5 = math.sqrt(5.0)


def exponential(squares: Floats) -> tuple[Floats, Floats]:
    """Return exp(-s) and its derivative.

    >>> exponential(np.zeros(1))
    (array([1.]), array([-1.]))
    """
    value = np.exp(-squares)
    return value, -value


def matern52(squares: Floats) -> tuple[Floats, Floats]:
    """Return the Matern kernel of smoothness 5/2 at distances sqrt(s), and its derivative by s.

    Source: Rasmussen and Williams 2006, equation 4.17.
    """
    distance = ROOT5 * np.sqrt(squares)
    decay = np.exp(-distance)
    slope = (1.0 + distance) * decay
    return slope + (5.0 / 3.0) * squares * decay, (-5.0 / 6.0) * slope


class Normal(NamedTuple):
    """A normal prior of the logarithm of a parameter."""

    mean: float
    deviation: float


AMPLITUDE_DEVIATION = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One summand of a kernel: an amplitude times a profile of weighted squared distances in one view.

    Attributes:
        view: Name of the vectors that it compares.
        profile: The function of the squared distance.
        groups: Number of the weight of each column; (columns,).
        weight: Prior of every weight.
    """

    view: str
    profile: Profile
    groups: Integers
    weight: Normal

    @cached_property
    def weights(self) -> int:
        """How many weights there are."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0

    def squares(self, first: Floats, second: Floats, weights: Floats) -> Floats:
        """Return the weighted squared distances between two sets of vectors, (first, second)."""
        if self.weights == 1:
            return float(weights[0]) * _squares(first, second)
        scale = np.sqrt(weights)[self.groups]
        return _squares(first * scale, second * scale)

    def gradient(self, vectors: Floats, weights: Floats, pull: Floats) -> Floats:
        """Return sum_ab pull_ab w_i ds_ab/dw_i for each weight; `pull` is symmetric, (vectors, vectors)."""
        columns = 2.0 * (pull.sum(axis=1) @ (vectors * vectors) - (vectors * (pull @ vectors)).sum(axis=0))
        return weights * np.bincount(self.groups, columns, minlength=self.weights)


def _squares(first: Floats, second: Floats) -> Floats:
    """Return the squared distances between two sets of vectors, (first, second)."""
    squares: Floats = -2.0 * (first @ second.T)
    squares += np.einsum("ij,ij->i", first, first)[:, None]
    squares += np.einsum("ij,ij->i", second, second)
    return np.maximum(squares, 0.0, out=squares)


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """A sum of parts. Its parameters: for each part the log amplitude and the log weights, in order.

    Attributes:
        name: For the log.
        parts: The summands.
    """

    name: str
    parts: Sequence[Part]

    @cached_property
    def priors(self) -> list[Normal]:
        """The prior of every parameter."""
        amplitude = Normal(-math.log(len(self.parts)), AMPLITUDE_DEVIATION)
        return [prior for part in self.parts for prior in (amplitude, *[part.weight] * part.weights)]

    def split(self, parameters: Floats) -> list[tuple[Part, float, Floats]]:
        """Return each part with its amplitude and its weights."""
        values, start, split = np.exp(parameters), 0, []
        for part in self.parts:
            end = start + 1 + part.weights
            split.append((part, float(values[start]), values[start + 1 : end]))
            start = end
        return split

    def variance(self, parameters: Floats) -> float:
        """Return the prior variance of every network, the sum of the amplitudes."""
        return sum(amplitude for _, amplitude, _ in self.split(parameters))

    def matrix(self, first: Views, second: Views, parameters: Floats) -> Floats:
        """Return the covariances between two sets of networks, (first, second)."""
        total = np.zeros((len(first[self.parts[0].view]), len(second[self.parts[0].view])))
        for part, amplitude, weights in self.split(parameters):
            value, _ = part.profile(part.squares(first[part.view], second[part.view], weights))
            value *= amplitude
            total += value
        return total

    def matrix_with_gradient(
        self, views: Views, parameters: Floats
    ) -> tuple[Floats, Callable[[Floats], Floats]]:
        """Return the covariances of a set of networks, and what turns dL/dK into dL/dparameters.

        The gradient of a loss by the covariances is symmetric, (networks, networks).
        """
        split = self.split(parameters)
        values = []
        for part, amplitude, weights in split:
            value, slope = part.profile(part.squares(views[part.view], views[part.view], weights))
            values.append((amplitude * value, amplitude * slope))

        def pull_back(by_matrix: Floats) -> Floats:
            gradient: list[Floats] = []
            for (part, _, weights), (value, slope) in zip(split, values, strict=True):
                gradient.append(np.array([np.vdot(by_matrix, value)]))
                gradient.append(part.gradient(views[part.view], weights, by_matrix * slope))
            return np.concatenate(gradient)

        return sum((value for value, _ in values), start=np.zeros(())), pull_back
