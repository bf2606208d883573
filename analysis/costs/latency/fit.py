"""The fit of a calibration: the seconds of each term, from operators that were timed.

Each class is fitted by itself, by non-negative least squares on relative errors, since an operator of a
microsecond counts as much as one of a second. Rows are weighted anew in each round (Huber 1964), so that what
another process disturbed has little say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .cost_model import OTHER, Work
from .nonnegative import nonnegative_least_squares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROUNDS = 8
ORDINARY = 0.15
"""Up to which error, in the logarithm, a row counts in full."""
FEWEST = 5
"""Rows of a class, at least; a class with fewer is no class of its own."""
PLAIN = 4
"""Terms of a function of each element."""


class Row(NamedTuple):
    """An operator that was timed.

    Attributes:
        work: What it takes time for.
        cold: Share of its weights that came from beyond the cache.
        seconds: What it took.
    """

    work: Work
    cold: float
    seconds: float


class Rates(NamedTuple):
    """Seconds of the terms of a class.

    Attributes:
        seconds: Of a unit of each amount.
        cold: Of a byte of weights from beyond the cache, on top.
    """

    seconds: tuple[float, ...]
    cold: float

    def time(self, work: Work) -> float:
        """Return the seconds of an operator whose weights come from the cache."""
        return sum([amount * unit for amount, unit in zip(work.amounts, self.seconds, strict=True)])


def fit(rows: Iterable[Row]) -> dict[str, Rates]:
    """Return the rates of every class that enough rows tell of, and of `other`."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.work.kind, []).append(row)
        if len(row.work.amounts) == PLAIN and not row.work.weights:
            kinds.setdefault(OTHER, []).append(row)
    return {
        kind: fit_kind(kind_rows) for kind, kind_rows in sorted(kinds.items()) if len(kind_rows) >= FEWEST
    }


def fit_kind(rows: Sequence[Row]) -> Rates:
    """Return the rates of one class."""
    import numpy as np

    amounts = np.array([[*row.work.amounts, row.cold * row.work.weights] for row in rows], dtype=np.float64)
    seconds = np.array([row.seconds for row in rows])
    largest = amounts.max(axis=0)
    units = amounts / np.where(largest > 0, largest, 1)
    weights = 1 / seconds
    for _ in range(ROUNDS):
        solution = nonnegative_least_squares(units * weights[:, None], seconds * weights)
        weights = _weights(units @ solution, seconds)
    rates = np.where(largest > 0, solution / np.where(largest > 0, largest, 1), 0.0)
    *amounts_rates, cold = [float(f"{rate:.5g}") for rate in rates]
    return Rates(tuple(amounts_rates), cold)


def _weights(fitted: Floats, seconds: Floats) -> Floats:
    """Return weights that make an error relative, and a large one count as its size, not as its square."""
    import numpy as np

    fitted = np.maximum(fitted, seconds.min() * 1e-3)
    errors = np.abs(np.log(fitted / seconds))
    return np.asarray(1 / np.sqrt(fitted * seconds * np.maximum(1, errors / ORDINARY)))
