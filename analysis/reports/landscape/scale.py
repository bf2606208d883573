"""The scale of losses that the surfaces of one trial share: where colours begin and end, and its ticks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archscape.analysis.landscape.surface import Surface

DECADES = 4
"""How many decades above the lowest loss the colours reach at most; higher ones share the last."""


def scale(surfaces: Sequence[Surface]) -> tuple[float, float]:
    """Return the losses where colours begin and end, for several surfaces together."""
    losses = np.concatenate([surface.losses.ravel() for surface in surfaces])
    known = losses[np.isfinite(losses) & (losses > 0)]
    if not len(known):
        return 0.1, 1.0
    low = float(known.min())
    return low, max(min(float(known.max()), low * 10**DECADES), low * 1.01)


def ticks(low: float, high: float) -> list[float]:
    """Return round losses between two: 1, 2, 5 and their decades, or decades alone over many of them."""
    steps = (1, 2, 5) if high / low < 10**2.5 else (1,)
    exponents = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [step * 10.0**e for e in exponents for step in steps if low <= step * 10.0**e <= high]
