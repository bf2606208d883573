"""The posterior of a Gaussian process over a fixed set of candidates, kept as trials come in one by one.

With L the factor of the covariance of the tried networks A, and C the candidates, V = L^-1 K(A, C) gives the
mean V' L^-1 z and the variance k - sum V^2. A new trial adds a row to L and to V, and a new target changes
neither. Rows are always added one at a time, so whoever replays the same trials gets the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .gaussian_process import factor, solve_lower, solve_upper
from .kernels import Floats, Kernel, Views


def rows_of(views: Views, rows: slice | Floats | list[int]) -> dict[str, Floats]:
    """Return some of the networks."""
    return {name: vectors[rows] for name, vectors in views.items()}


def joined(first: Views, second: Views) -> dict[str, Floats]:
    """Return the networks of both."""
    return {name: np.concatenate([vectors, second[name]]) for name, vectors in first.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """What is needed of the tried networks and the candidates to predict, whatever the target.

    Attributes:
        kernel: The prior covariance.
        parameters: Its parameters, and the log variance of the noise.
        tried: The vectors of the tried networks.
        candidates: The vectors of the candidates.
        noise: The variance of the noise of each observation.
        lower: The factor L, (tried, tried).
        cross: V, (tried, candidates).
        variance: The posterior variance of each candidate without noise.
    """

    kernel: Kernel
    parameters: Floats
    tried: Views
    candidates: Views
    noise: Floats
    lower: Floats
    cross: Floats
    variance: Floats

    @classmethod
    def of(
        cls, kernel: Kernel, parameters: Floats, tried: Views, candidates: Views, floor: Floats
    ) -> Posterior:
        """Return the posterior after trials; `floor` is the variance that the noise of each has at least.

        Raises:
            LinAlgError: If the covariance is not positive definite.
        """
        noise = math.exp(parameters[-1]) + floor
        lower = factor(kernel.matrix(tried, tried, parameters[:-1]) + np.diag(noise))
        cross = solve_lower(lower, kernel.matrix(tried, candidates, parameters[:-1]))
        variance = kernel.variance(parameters[:-1]) - np.einsum("tc,tc->c", cross, cross)
        return cls(
            kernel=kernel, parameters=parameters, tried=tried, candidates=candidates, noise=noise,
            lower=lower, cross=cross, variance=variance,
        )  # fmt: skip

    def over(self, candidates: Views) -> Posterior:
        """Return the posterior over other candidates."""
        cross = solve_lower(self.lower, self.kernel.matrix(self.tried, candidates, self.parameters[:-1]))
        variance = self.kernel.variance(self.parameters[:-1]) - np.einsum("tc,tc->c", cross, cross)
        return replace(self, candidates=candidates, cross=cross, variance=variance)

    def after(self, network: Views, floor: float) -> Posterior:
        """Return the posterior after one trial more, of the vectors of one network.

        Raises:
            LinAlgError: If the covariance is not positive definite any more.
        """
        parameters = self.parameters[:-1]
        noise = math.exp(self.parameters[-1]) + floor
        link = solve_lower(self.lower, self.kernel.matrix(self.tried, network, parameters))[:, 0]
        square = self.kernel.variance(parameters) + noise - link @ link
        if not square > 0:
            raise np.linalg.LinAlgError("a covariance matrix is not positive definite after a trial more")
        pivot = math.sqrt(square)
        count = len(link)
        lower = np.zeros((count + 1, count + 1), order="F")
        lower[:count, :count], lower[count, :count], lower[count, count] = self.lower, link, pivot
        row = (self.kernel.matrix(network, self.candidates, parameters)[0] - link @ self.cross) / pivot
        return replace(
            self,
            tried=joined(self.tried, network),
            noise=np.append(self.noise, noise),
            lower=lower,
            cross=np.vstack([self.cross, row]),
            variance=self.variance - row * row,
        )

    def mean(self, target: Floats) -> Floats:
        """Return the posterior mean of each candidate."""
        return solve_lower(self.lower, target) @ self.cross

    def fitted(self, target: Floats) -> Floats:
        """Return the posterior mean of each tried network: K (K + N)^-1 z = z - N (K + N)^-1 z."""
        half = solve_lower(self.lower, target)
        weights = solve_upper(self.lower, half)
        return target - self.noise * weights

    @property
    def deviation(self) -> Floats:
        """The posterior standard deviation of each candidate, without noise."""
        return np.sqrt(np.maximum(self.variance, 1e-12))
