"""The networks of a space as the model sees them: candidates and trials as vectors, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from archscape.analysis.limits import violation
from archscape.analysis.metrics import count_costs
from archscape.spaces.sampling.open_table import Decisions
from archscape.spaces.values import Option

from .candidates import Candidates, Pool
from .description import Describer, Description
from .encoding import Encoder
from .kernels import Floats, Kernel, Views
from .mixture import kernels

if TYPE_CHECKING:
    from archscape.analysis.limits import Limits
    from archscape.spaces import Sample, Space

    from ...costs.asked import AskedCosts
    from ...study.history import History, Record
    from .problem import Problem

DIRECTIONS = 128
"""In how many directions the words of networks are compared."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Networks:
    """The networks of a space, as far as a study asks for them; nothing here depends on trials.

    Attributes:
        space: The space.
        costs: Objectives that are known before training.
        asked: What the search asks of a network beyond its totals.
        limits: Limits known before training, beyond those that the space has.
    """

    space: Space
    costs: tuple[str, ...]
    asked: AskedCosts | None
    limits: Limits

    @classmethod
    def of(cls, space: Space, problem: Problem) -> Networks:
        """Return the networks of a space for a problem."""
        asked, limits = problem.history.asked, problem.known_limits
        return cls(space=space, costs=problem.costs, asked=asked, limits=limits)

    def serve(self, space: Space, problem: Problem) -> bool:
        """Tell whether they are of a space and of what is asked there."""
        asked = self.asked is problem.history.asked
        same = self.costs == problem.costs and self.limits == problem.known_limits
        return self.space is space and asked and same

    @cached_property
    def describer(self) -> Describer:
        """What describes the networks of the space."""
        further = tuple([name for name in self.costs if name == "latency"])
        return Describer(space=self.space, further=further, costs_of=self._costs_of)

    @cached_property
    def candidates(self) -> Candidates:
        """What makes the candidates."""
        return Candidates(
            describer=self.describer, names=self.costs, costs_of=self._costs_of, holds=self._holds
        )

    def _holds(self, sample: Sample) -> bool:
        if self.asked is not None and self.asked.is_limited and not self.asked.holds(sample.network):
            return False
        return not self.limits or violation(self.limits, self._costs_of(sample)) == 0

    def _costs_of(self, sample: Sample) -> Mapping[str, float]:
        costs = count_costs(sample.totals)
        if self.asked is not None and not costs.keys() >= {*self.costs, *self.limits}:
            costs |= self.asked.of(sample.network)
        return costs

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(paths=self.describer.paths)

    def _views(self, description: Description) -> dict[str, Floats]:
        return {
            "codes": self._encoder.vectors(description.codes),
            "features": description.features,
            "words": description.words @ self._basis,
        }

    @cached_property
    def _basis(self) -> Floats:
        """The directions in which the words of candidates differ most: distances along them are the same.

        Words are many and mostly alike in what they tell, and distances are all that the kernel sees.
        """
        words = self.fixed.description.words
        centred = words - words.mean(axis=0)
        _, vectors = np.linalg.eigh(centred.T @ centred)
        return np.ascontiguousarray(vectors[:, ::-1][:, :DIRECTIONS])

    @cached_property
    def fixed(self) -> Pool:
        """The candidates that are always there."""
        return self.candidates.pool()

    @cached_property
    def fixed_views(self) -> Views:
        """Their vectors."""
        return self._views(self.fixed.description)

    def near(self, best: Sequence[Decisions]) -> tuple[Pool, Views]:
        """Return the candidates with those near some networks, which come last, and the vectors of these."""
        pool = self.candidates.pool(best)
        return pool, self._views(pool.description[len(self.fixed) :])

    @cached_property
    def kernels(self) -> list[Kernel]:
        """The kernels of the mixture."""
        views = self.fixed_views
        return kernels(self._encoder.groups, views["features"].shape[1], views["words"].shape[1])

    def describe(self, records: Iterable[Record]) -> Views:
        """Return the vectors of trials."""
        return self._views(self.describer.describe_decisions([record.decisions for record in records]))

    def tried(self, history: History) -> list[int]:
        """Return the places of tried networks among the candidates that are always there."""
        records = chain(history.complete, history.failed, history.stopped.values(), history.pending.values())
        rows = (self._row_of.get(tuple(record.decisions.items())) for record in records)
        return [row for row in rows if row is not None]

    @cached_property
    def _row_of(self) -> dict[tuple[tuple[str, Option], ...], int]:
        return {tuple(each.items()): row for row, each in enumerate(self.fixed.decisions)}
