"""A Gaussian process: its most probable parameters, and the posterior at networks that nobody has trained.

Rasmussen and Williams 2006, algorithm 2.1, sections 5.4.1 (gradient) and 5.4.2 (leaving one out). The target
has mean 0 and variance about 1. Parameters are those of the kernel, then the logarithm of the variance of
the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri, dtrtrs
from scipy.optimize import minimize

from .kernels import Floats, Kernel, Normal, Views

NOISE = Normal(-5.0, 1.5)
REACH = 4.0
"""Deviations of the priors that bound the parameters."""
ITERATIONS = 15
JITTERS = (0.0, 1e-8, 1e-6, 1e-4)
"""Added to the diagonal, in units of the prior variance, until the matrix is positive definite."""
LOG_TWO_PI = math.log(2.0 * math.pi)


class LeftOut(NamedTuple):
    """What the others say of each observation, (observations,)."""

    mean: Floats
    variance: Floats

    def log_likelihood(self, target: Floats) -> float:
        """Return the sum of the log densities of the observations."""
        errors = (target - self.mean) ** 2 / self.variance
        return float(-0.5 * (errors + np.log(self.variance) + LOG_TWO_PI).sum())


def factor(matrix: Floats) -> Floats:
    """Return the lower Cholesky factor, with as much jitter as it takes.

    Raises:
        LinAlgError: If the largest does not do.
    """
    scale = float(np.mean(np.diag(matrix)))
    for jitter in JITTERS:
        try:
            lower: Floats = cholesky(matrix + jitter * scale * np.eye(len(matrix)), lower=True)
        except (LinAlgError, ValueError):  # a ValueError of a matrix that is not finite
            continue
        return lower
    raise LinAlgError(f"a covariance matrix of {len(matrix)} networks is not positive definite")


def solve_lower(lower: Floats, right: Floats) -> Floats:
    """Return L^-1 B."""
    solution: Floats = dtrtrs(lower, right, lower=1)[0]
    return solution


def solve_upper(lower: Floats, right: Floats) -> Floats:
    """Return L'^-1 B."""
    solution: Floats = dtrtrs(lower, right, lower=1, trans=1)[0]
    return solution


def inverse(lower: Floats) -> Floats:
    """Return (L L')^-1."""
    half: Floats = dpotri(lower, lower=1)[0]
    return np.tril(half) + np.tril(half, -1).T


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression:
    """The likelihood of observations under a kernel, as a function of its parameters.

    Attributes:
        kernel: The prior covariance.
        views: The vectors of the networks.
        target: One number a network, standardised.
        floor: The variance that the noise has at least, one number a network or one for all.
    """

    kernel: Kernel
    views: Views
    target: Floats
    floor: Floats | float = 0.0

    @property
    def priors(self) -> list[Normal]:
        """The prior of every parameter, that of the noise last."""
        return [*self.kernel.priors, NOISE]

    @property
    def prior_mean(self) -> Floats:
        """The parameters that are most probable before any observation."""
        return np.array([prior.mean for prior in self.priors])

    def noise(self, parameters: Floats) -> Floats:
        """Return the variance of the noise of each observation."""
        return np.full(len(self.target), math.exp(parameters[-1])) + self.floor

    def loss(self, parameters: Floats) -> tuple[float, Floats]:
        """Return the negative log posterior of the parameters up to a constant, and its gradient.

        Raises:
            LinAlgError: If the covariance is not positive definite.
        """
        covariance, pull_back = self.kernel.matrix_with_gradient(self.views, parameters[:-1])
        lower = factor(covariance + np.diag(self.noise(parameters)))
        inverted = inverse(lower)
        weights = inverted @ self.target
        by_matrix = 0.5 * (inverted - np.outer(weights, weights))
        by_noise = math.exp(parameters[-1]) * np.trace(by_matrix)
        means, deviations = np.array(self.priors).T
        away = (parameters - means) / deviations
        loss = 0.5 * float(self.target @ weights) + float(np.log(np.diag(lower)).sum()) + 0.5 * away @ away
        gradient = np.append(pull_back(by_matrix), by_noise) + away / deviations
        return float(loss), gradient

    def most_probable(self, start: Floats | None = None, iterations: int = ITERATIONS) -> Floats:
        """Return parameters of high posterior density, by L-BFGS-B from the prior means.

        Raises:
            LinAlgError: If a covariance on the way is not positive definite.
        """
        start = self.prior_mean if start is None else start
        bounds = [(p.mean - REACH * p.deviation, p.mean + REACH * p.deviation) for p in self.priors]
        options = {"maxiter": iterations}
        result = minimize(self.loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        parameters: Floats = result.x
        return parameters

    def left_out(self, parameters: Floats) -> LeftOut:
        """Return what the others say of each observation, with its noise, in closed form."""
        covariance = self.kernel.matrix(self.views, self.views, parameters[:-1])
        inverted = inverse(factor(covariance + np.diag(self.noise(parameters))))
        variance = 1.0 / np.diag(inverted)
        return LeftOut(self.target - (inverted @ self.target) * variance, variance)
