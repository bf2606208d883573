"""How the model of `bayes` ranks scored networks that it has not seen, and how soon it finds the best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from archscape.search.samplers.bayes.acquisition import expected_improvement
from archscape.search.samplers.bayes.mixture import Forecast, Mixture, fit
from archscape.search.samplers.bayes.posterior import rows_of
from archscape.search.samplers.bayes.surrogate import last_fit
from archscape.search.samplers.bayes.target import NormalScores

from .scored import Scored

STARTUP = 8


class Fitted:
    """The mixture of `bayes` over scored networks, fitted when `bayes` fits its own."""

    def __init__(self, networks: Scored, scores: Sequence[str]) -> None:
        self.networks = networks
        self.views, self.kernels = networks.with_scores(scores), networks.kernels(scores)
        self.mixture: Mixture | None = None

    def forecast(self, tried: Sequence[int]) -> Forecast:
        """Return what is expected of all networks after some were tried, one more at each call."""
        target = NormalScores(values=self.networks.accuracies[list(tried)]).scores
        if self.mixture is None or last_fit(len(tried)) == len(tried):
            seen, floor = rows_of(self.views, list(tried)), np.zeros(len(tried))
            self.mixture = Mixture.of(fit(self.kernels, seen, target, floor), seen, self.views, floor)
        else:
            self.mixture = self.mixture.after(rows_of(self.views, [tried[-1]]))
        return self.mixture.forecast(target)


def rank_correlation(networks: Scored, scores: Sequence[str], *, tried: int, seed: int) -> float:
    """Return Spearman's correlation of predicted and true accuracy of all but so many random networks."""
    order = np.random.default_rng(seed).permutation(len(networks.accuracies))
    mean = Fitted(networks, scores).forecast(order[:tried].tolist()).mean
    rest = order[tried:]
    return float(spearmanr(mean[rest], networks.accuracies[rest]).statistic)


def search(networks: Scored, scores: Sequence[str], *, trials: int, seed: int) -> list[float]:
    """Return the regret of a search of a random half of the networks after each trial, in accuracy points.

    So seeds differ in what is best, and not in the first networks alone.
    """
    order = np.random.default_rng(1000 + seed).permutation(len(networks.accuracies))
    half = networks.rows(order[: len(order) // 2])
    accuracies, tried, fitted = half.accuracies, list(range(STARTUP)), Fitted(half, scores)
    while len(tried) < trials:
        worth = fitted.forecast(tried).over(
            lambda mean, deviation, means_tried: expected_improvement(mean, deviation, means_tried.max())
        )
        worth[tried] = -np.inf
        tried.append(int(worth.argmax()))
    regrets: list[float] = np.minimum.accumulate(accuracies.max() - accuracies[tried]).tolist()
    return regrets
