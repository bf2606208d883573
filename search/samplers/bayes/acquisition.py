"""Acquisition: how much a candidate is expected to improve on what was tried, from its posterior.

Improvement is measured from the model's own posterior means of the tried networks, never from observations:
with ranks as target the best observation stands far above any mean, and the variance alone would decide.
`hypervolume_improvement` has the same for several objectives, some of which may be costs that are known.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import log_ndtr, ndtr

from .kernels import Floats


def expected_improvement(mean: Floats, deviation: Floats, level: Floats | float) -> Floats:
    """Return E[max(0, f - level)] of a normal f (Jones et al. 1998); the arguments broadcast."""
    excess = mean - level
    scaled = excess / deviation
    density = np.exp(-0.5 * scaled * scaled) / math.sqrt(2.0 * math.pi)
    improvement: Floats = excess * ndtr(scaled) + deviation * density
    return np.maximum(improvement, 0.0)


def log_probability(low: Floats | float, high: Floats | float) -> Floats:
    """Return log P(low < z < high) of a standard normal z, exact far out in its tails; -inf if low = high.

    Far from a limit all probabilities are 0 in floating point, and yet one network is likelier than another.
    """
    is_above = np.add(low, high) > 0  # brought to the lower tail, where no digits are lost
    near, far = np.where(is_above, -low, high), np.where(is_above, -high, low)
    within = log_ndtr(near)
    with np.errstate(divide="ignore"):
        log_share: Floats = within + np.log1p(-np.exp(log_ndtr(far) - within))
    return log_share
