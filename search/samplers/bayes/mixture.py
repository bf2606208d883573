"""A mixture of three Gaussian processes that see different things of a network.

No part can mislead alone: each process is weighted by how well it predicts the trials left out one by one,
softmax(L / 4) with L the leave-one-out log likelihood.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError

from .gaussian_process import Regression
from .kernels import Floats, Integers, Kernel, Normal, Part, Views, exponential, matern52
from .posterior import Posterior

LOG = logging.getLogger(__name__)
TEMPERATURE = 4.0
"""Units of log likelihood by which one process has e times the weight of another."""


def kernels(groups: Integers, features: int, words: int) -> list[Kernel]:
    """Return the kernels of the mixture for a space.

    Args:
        groups: The path that each coordinate of the codes is of.
        features: How many features there are.
        words: How many words.
    """
    paths = int(groups.max()) + 1 if len(groups) else 0
    codes = Part(
        view="codes", profile=exponential, groups=groups, weight=Normal(math.log(2 / max(1, paths)), 1.0)
    )
    parts = [[codes]]
    if words:
        single = np.zeros(words, dtype=np.int64)
        parts.append(
            [codes, Part(view="words", profile=exponential, groups=single, weight=Normal(math.log(0.5), 1.0))]
        )
    if features:
        length = math.log(1.5 * math.sqrt(features / 3))  # a weight is a length to the power of -2
        weight = Normal(-2 * length, 1.6)
        parts.append(
            [codes, Part(view="features", profile=matern52, groups=np.arange(features), weight=weight)]
        )
    return [Kernel(name=" + ".join(part.view for part in sum_), parts=sum_) for sum_ in parts]


class Fit(NamedTuple):
    """One process of a mixture with its most probable parameters, and its log likelihood left out."""

    kernel: Kernel
    parameters: Floats
    likelihood: float


def fit(kernels: Sequence[Kernel], views: Views, target: Floats, floor: Floats) -> list[Fit]:
    """Return the processes of the mixture; one whose covariance cannot be factored is left out and logged."""
    fits = []
    for kernel in kernels:
        regression = Regression(kernel=kernel, views=views, target=target, floor=floor)
        try:
            parameters = regression.most_probable()
            likelihood = regression.left_out(parameters).log_likelihood(target)
        except LinAlgError as error:
            LOG.warning("%s: %s; its prior means stand in", kernel.name, error)
            try:
                parameters = regression.prior_mean
                likelihood = regression.left_out(parameters).log_likelihood(target)
            except LinAlgError as again:
                LOG.warning("%s: %s; it is left out", kernel.name, again)
                continue
        fits.append(Fit(kernel, parameters, likelihood))
    return fits


class Forecast(NamedTuple):
    """What the processes of a mixture say of candidates and of tried networks, on the scale of the target.

    Attributes:
        weights: Of the processes, (processes,).
        means: Posterior means of the candidates, (processes, candidates).
        deviations: Their standard deviations, without noise.
        fitted: Posterior means of the tried networks, (processes, tried).
        noise: Standard deviation of an observation, by process.
    """

    weights: Floats
    means: Floats
    deviations: Floats
    fitted: Floats
    noise: Floats

    @property
    def mean(self) -> Floats:
        """The mean of each candidate under the mixture."""
        return self.weights @ self.means

    @property
    def deviation(self) -> Floats:
        """The standard deviation of each candidate under the mixture, without noise."""
        second: Floats = self.weights @ (self.deviations**2 + self.means**2)
        return np.sqrt(np.maximum(second - self.mean**2, 1e-12))

    @property
    def tried(self) -> Floats:
        """The mean of each tried network under the mixture."""
        return self.weights @ self.fitted

    def joined(self, other: Forecast) -> Forecast:
        """Return the forecast of further candidates, too."""
        means = np.concatenate([self.means, other.means], axis=1)
        return self._replace(
            means=means, deviations=np.concatenate([self.deviations, other.deviations], axis=1)
        )

    def over(self, acquisition: Callable[[Floats, Floats, Floats], Floats]) -> Floats:
        """Return the weighted mean of `acquisition(mean, deviation, fitted)` of each process."""
        each = [
            weight * acquisition(*process)
            for weight, *process in zip(self.weights, self.means, self.deviations, self.fitted, strict=True)
        ]
        return sum(each, start=np.zeros(self.means.shape[1]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """Posteriors over one set of candidates, with their weights."""

    posteriors: Sequence[Posterior]
    weights: Floats

    @classmethod
    def of(cls, fits: Sequence[Fit], tried: Views, candidates: Views, floor: Floats) -> Mixture:
        """Return the posteriors of fitted processes.

        Raises:
            LinAlgError: If there is none, or a covariance is not positive definite.
        """
        if not fits:
            raise LinAlgError("no process of the mixture could be fitted")
        likelihoods = np.array([each.likelihood for each in fits])
        weights = np.exp((likelihoods - likelihoods.max()) / TEMPERATURE)
        posteriors = [Posterior.of(each.kernel, each.parameters, tried, candidates, floor) for each in fits]
        return cls(posteriors=posteriors, weights=weights / weights.sum())

    def after(self, network: Views, floor: float = 0.0) -> Mixture:
        """Return the mixture after one trial more."""
        return replace(self, posteriors=[each.after(network, floor) for each in self.posteriors])

    def over(self, candidates: Views) -> Mixture:
        """Return the mixture over other candidates."""
        return replace(self, posteriors=[each.over(candidates) for each in self.posteriors])

    def mean(self, target: Floats) -> Floats:
        """Return the posterior mean of each candidate under the mixture."""
        return self.weights @ np.stack([each.mean(target) for each in self.posteriors])

    def forecast(self, target: Floats, pending: Mixture | None = None) -> Forecast:
        """Return what the mixture says; `pending` is the same after networks that are being trained.

        Those are believed to come to their posterior means, so they narrow deviations and move no mean.
        """
        certain = pending or self
        return Forecast(
            self.weights,
            np.stack([each.mean(target) for each in self.posteriors]),
            np.stack([each.deviation for each in certain.posteriors]),
            np.stack([each.fitted(target) for each in self.posteriors]),
            np.sqrt([float(np.mean(each.noise)) for each in self.posteriors]),
        )
