"""Decisions as vectors whose squared distances are those of a kernel over choices.

Two options of a choice are 1 apart, two numbers their difference in rank over the widest there is, and a path
that was not asked for (c - 1) / 2c from each of its c options: it stands in their midst. All of this is a
squared distance between points, so exp(-sum_i w_i d_i) is positive definite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .description import Path
from .kernels import Floats, Integers

FINEST = 16
"""Steps of a range; of a longer one, neighbours share a step."""


def _choice(options: int) -> Floats:
    """Return a vector for each option, and last that of a path that was not asked for."""
    return math.sqrt(0.5) * np.vstack([np.eye(options), np.full((1, options), 1 / options)])


def _range(options: int) -> Floats:
    """Return a vector for each number, and last that of a path that was not asked for.

    The last coordinate keeps the path that was not asked for away from the number in the middle.
    """
    steps = min(options - 1, FINEST)
    ramp = np.linspace(0, steps, options)[:, None] - np.arange(steps)
    aside = math.sqrt((options - 1) / (2 * options) - 0.25)
    numbers = np.hstack([np.clip(ramp, 0, 1) / math.sqrt(steps), np.zeros((options, 1))])
    absent = np.append(np.full(steps, 0.5 / math.sqrt(steps)), aside)
    return np.vstack([numbers, absent])


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoder:
    """Turns the codes of decisions into vectors.

    Attributes:
        paths: The paths of the space.
    """

    paths: Sequence[Path]

    @cached_property
    def _tables(self) -> list[Floats]:
        return [
            _range(path.options) if path.ordered and path.options > 2 else _choice(path.options)
            for path in self.paths
        ]

    @cached_property
    def groups(self) -> Integers:
        """The number of the path that each coordinate is of, (coordinates,)."""
        return np.repeat(np.arange(len(self.paths)), [table.shape[1] for table in self._tables])

    def vectors(self, codes: Integers) -> Floats:
        """Return the vectors of networks, (networks, coordinates); a path not asked for has a code of -1."""
        columns = [table[codes[:, i]] for i, table in enumerate(self._tables)]
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(codes), 0))
