"""Which class is taken for which: counts of samples, or of pixels, by class and by the class given.

>>> confusion = Confusion(counts=np.array([[3, 1, 0], [0, 2, 0]]), names=("cat", "dog"))
>>> [float(share) for share in confusion.recall], [float(share) for share in confusion.iou]
([0.75, 1.0], [0.75, 0.6666666666666666])
>>> confusion.mistakes(0)
[(1, 1)]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.int64]
Shares: TypeAlias = NDArray[np.float64]

METADATA = "confusion"
"""What weights that were trained by a recipe call their matrix of the validation part, in their metadata."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusion:
    """A confusion matrix.

    Attributes:
        counts: (classes, classes + 1): a row a class, a column the class given; the last column is of outputs
            that are not finite, or of a class that the data has not.
        names: Of the classes; () where they have none.
        unit: What is counted, `samples` or `pixels`.
    """

    counts: Counts
    names: tuple[str, ...] = ()
    unit: str = "samples"

    @classmethod
    def of(
        cls, counts: Sequence[Sequence[int]], *, names: tuple[str, ...] = (), unit: str = "samples"
    ) -> Confusion:
        """Return the matrix of counts in plain lists."""
        return cls(counts=np.array(counts, dtype=np.int64), names=names, unit=unit)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, their numbers where they have none."""
        return self.names or tuple(map(str, range(len(self.counts))))

    @property
    def support(self) -> Counts:
        """How many there are of each class."""
        support: Counts = self.counts.sum(1)
        return support

    @property
    def right(self) -> Counts:
        """How many of each class are given that class."""
        return self.counts.diagonal()

    @property
    def accuracy(self) -> float:
        """The share of all that is right."""
        return float(self.right.sum() / max(self.support.sum(), 1))

    @property
    def recall(self) -> Shares:
        """The share of each class that is right: its accuracy; NaN where there is none of it."""
        return _ratio(self.right, self.support)

    @property
    def precision(self) -> Shares:
        """The share of what is given a class that is of it; NaN where it is never given."""
        return _ratio(self.right, self.counts[:, :-1].sum(0))

    @property
    def iou(self) -> Shares:
        """Intersection over union of each class; NaN where there is none of it, which a mean leaves out."""
        union = self.support + self.counts[:, :-1].sum(0) - self.right
        return np.where(self.support > 0, _ratio(self.right, union), np.nan)

    def mistakes(self, of: int) -> list[tuple[int, int]]:
        """Return the classes that one is taken for and how often, the most frequent first."""
        row = self.counts[of]
        others = [(at, int(row[at])) for at in range(len(row)) if at != of and row[at]]
        return sorted(others, key=lambda other: (-other[1], other[0]))

    def to_json(self) -> str:
        """Return the counts as text, without zeros: a mapping a class, from class given to number."""
        rows = [{str(at): int(row[at]) for at in np.flatnonzero(row)} for row in self.counts]
        return json.dumps(rows, separators=(",", ":"))


def read_confusion(text: str, *, names: tuple[str, ...] = (), unit: str = "samples") -> Confusion:
    """Return the matrix of a text that `to_json` made.

    Raises:
        ValueError: If it is no such text.
    """
    rows = json.loads(text)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("a confusion matrix is a list of mappings")
    counts = np.zeros((len(rows), len(rows) + 1), dtype=np.int64)
    for at, row in enumerate(rows):
        for given, count in row.items():
            if not given.isdecimal() or int(given) > len(rows) or type(count) is not int or count < 0:
                raise ValueError(f"class {at} has {count!r} as class {given!r}")
            counts[at, int(given)] = count
    if len(names) not in (0, len(rows)):
        raise ValueError(f"{len(rows)} classes, but {len(names)} names")
    return Confusion(counts=counts, names=names, unit=unit)


def _ratio(part: Counts, of: Counts) -> Shares:
    shares: Shares = np.divide(part, of, out=np.full(len(part), np.nan), where=of > 0)
    return shares
