"""Cluttered digits: at a random scale, angle and place among pieces of others; which digit is asked for.

The originals are split first: no original, whole or in pieces, is in two of the parts.
"""

from __future__ import annotations

import numpy as np

from .base import Embedded
from .originals import SEEDS, Digits, Part, from_originals
from .rendering import Rendered, render

COPIES = {"train": 3, "val": 1, "test": 1}
"""Renderings of each original, here and where the same images are asked for something else."""


def rendered_part(split: str, digits: Digits, *, seed: int) -> Rendered:
    """Return the renderings of a part; `seed` tells one data set from another."""
    return render(digits.images, copies=COPIES[split], seed=SEEDS[split] + seed)


def _part(split: str, digits: Digits) -> Part:
    rendered = rendered_part(split, digits, seed=0)
    return rendered.images[:, None], np.repeat(digits.labels, COPIES[split])


CLUTTERED_DIGITS = Embedded(
    what="Digits rendered to 1x16x16 at random scale, angle and place among pieces of others, with noise.",
    arrays=from_originals(_part),
)
