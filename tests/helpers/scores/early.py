"""Which early signal of a training tells best how it ends: the score of the last epoch, or its losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from ..beds.estimates import Estimate
from .trainings import Trained

RESAMPLES = 2000


class Signals(NamedTuple):
    """Rank correlation with the final test accuracy of what is known after some epochs.

    Attributes:
        epochs: How many.
        accuracy: Of the validation accuracy of the last of them.
        losses: Of the sum of their training losses (Ru et al. 2021).
        loss: Of the training loss of the last of them.
        gain: `losses` less `accuracy`, with the 95% interval over resampled networks.
    """

    epochs: int
    accuracy: float
    losses: float
    loss: float
    gain: Estimate


def signals(networks: Sequence[Trained], epochs: int) -> Signals:
    """Return what the early signals after some epochs tell."""
    final = np.array([each.final[1] for each in networks])
    accuracy = np.array([each.accuracies[epochs - 1] for each in networks])
    losses = -np.array([sum(each.losses[:epochs]) for each in networks])
    loss = -np.array([each.losses[epochs - 1] for each in networks])

    def correlation(signal: np.ndarray, rows: np.ndarray | slice = slice(None)) -> float:
        return float(spearmanr(signal[rows], final[rows]).statistic)

    rng, n = np.random.default_rng(0), len(networks)
    draws = [rng.integers(n, size=n) for _ in range(RESAMPLES)]
    low, high = np.quantile(
        [correlation(losses, rows) - correlation(accuracy, rows) for rows in draws], [0.025, 0.975]
    )
    gain = correlation(losses) - correlation(accuracy)
    return Signals(
        epochs=epochs,
        accuracy=correlation(accuracy),
        losses=correlation(losses),
        loss=correlation(loss),
        gain=Estimate(value=gain, low=float(low), high=float(high), n=n),
    )
