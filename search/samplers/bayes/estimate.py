"""What a surrogate says of the candidates, on the scale of its scores and in the unit of the metric."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from archscape.analysis.limits import MetricLimit

from ...study.proposal import Prediction
from .acquisition import log_probability
from .kernels import Floats
from .mixture import Forecast
from .target import NormalScores


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """What is expected of a metric.

    Attributes:
        forecast: Of all candidates, on the scale of the scores.
        target: What leads back from scores to values.
        sign: -1 of a metric that is minimised: its values were turned round.
    """

    forecast: Forecast
    target: NormalScores
    sign: int

    def prediction(self, candidate: int, incumbent: float) -> Prediction:
        """Return what is expected of measuring a candidate; `incumbent` is the best mean of a tried one."""
        mean = float(self.forecast.mean[candidate])
        noise = float(self.forecast.weights @ self.forecast.noise**2)
        deviation = math.sqrt(float(self.forecast.deviation[candidate]) ** 2 + noise)
        scores = np.array([mean - deviation, mean, mean + deviation, incumbent])
        low, middle, high, best = self.target.value_of(scores).tolist()
        return Prediction(self.sign * middle, (high - low) / 2, self.sign * best)

    def log_probability(self, limit: MetricLimit) -> Floats:
        """Return the log of how likely each candidate is to be measured within a limit, (candidates,)."""
        ends = (limit.low, limit.high) if self.sign > 0 else (limit.high, limit.low)
        low, high = (None if end is None else self.target.score_of(self.sign * end) for end in ends)
        spread = np.hypot(self.forecast.deviations, self.forecast.noise[:, None])
        above = -math.inf if low is None else (low - self.forecast.means) / spread
        below = math.inf if high is None else (high - self.forecast.means) / spread
        likely: Floats = logsumexp(log_probability(above, below), axis=0, b=self.forecast.weights[:, None])
        return likely
