"""Data that come with archscape, one set a file: all are made of scikit-learn's handwritten digits.

A new set is a file here with an `Embedded` (base.py), and a line in `EMBEDDED`.
"""

from __future__ import annotations

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .base import Embedded

EMBEDDED: LazyTable[Embedded] = LazyTable(
    "embedded data set",
    __name__,
    {
        "digits": ".digits:DIGITS",
        "ink-digits": ".ink_digits:INK_DIGITS",
        "cluttered-digits": ".cluttered_digits:CLUTTERED_DIGITS",
        "digit-sequences": ".digit_sequences:DIGIT_SEQUENCES",
        "long-tailed-digits": ".long_tailed_digits:LONG_TAILED_DIGITS",
        "several-digits": ".several_digits:SEVERAL_DIGITS",
        "digit-masks": ".digit_masks:DIGIT_MASKS",
        "digit-positions": ".digit_positions:DIGIT_POSITIONS",
        "digit-boxes": ".digit_boxes:DIGIT_BOXES",
        "noisy-digits": ".noisy_digits:NOISY_DIGITS",
        "small-digits": ".small_digits:SMALL_DIGITS",
    },
    error=JobError,
)
"""Embedded data by their names in a job."""
