"""Hyperband (Li et al. 2018), asynchronous as in Li et al. (2020), by Pareto rank for several objectives.

Successive halving stops most trials after few epochs, and so what learns slowly. Hyperband hedges: its trials
are in brackets, each of which halves from a later rung on, and the last one never. A trial's bracket follows
from its number alone, in the shares of the paper, so that every worker knows it and all brackets grow evenly.
Within a bracket a trial is ranked among the bracket's own, as `halving` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from archscape.analysis.metrics import Direction

from .base import Decision, RungResult
from .halving import Halving, HalvingPruner


@dataclass(frozen=True, kw_only=True)
class Hyperband(Halving):
    """Hyperband: successive halving in brackets, each of which begins to stop trials one rung later.

    With rungs at the epochs 1, 3 and 9 the four brackets stop trials at all of these, at the last two, at the
    last one, and never. Each is meant to spend about as many epochs.
    """

    name: ClassVar[str] = "hyperband"

    def with_rungs(self, objectives: Mapping[str, Direction], rungs: tuple[int, ...]) -> HyperbandPruner:
        """Return the pruner."""
        return HyperbandPruner(name=self.name, objectives=objectives, rungs=rungs, eta=self.eta)


@dataclass(frozen=True, kw_only=True)
class HyperbandPruner(HalvingPruner):
    """Promotes the best of every `eta` trials of a bracket from each of the bracket's rungs.

    A bracket is known by how many rungs it has; these are the last ones.
    """

    def bracket_of(self, number: int) -> int:
        """Return at how many rungs, the last ones, the trial of a number may be stopped."""
        return self._cycle[number % len(self._cycle)]

    def decide(self, rung: int, result: RungResult, results: Sequence[RungResult]) -> Decision:
        """Decide whether a trial is promoted: whether it is among the best of its bracket so far."""
        bracket = self.bracket_of(result.number)
        name = f"bracket {1 + len(self.rungs) - bracket} of {1 + len(self.rungs)}"
        if bracket < self._left(rung):
            return Decision(promote=True, reason=f"{name} stops no trial at epoch {rung}")
        decision = super().decide(rung, result, self._members(bracket, results))
        return Decision(promote=decision.promote, reason=f"{name}: {decision.reason}")

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        """Return the best of a bracket that was stopped and is promotable now, the largest bracket first."""
        for bracket in range(len(self.rungs), self._left(rung) - 1, -1):
            number = super().promotable(rung, self._members(bracket, results))
            if number is not None:
                return number
        return None

    def _left(self, rung: int) -> int:
        """Return how many rungs there are from one on."""
        return len(self.rungs) - self.rungs.index(rung)

    def _members(self, bracket: int, results: Sequence[RungResult]) -> list[RungResult]:
        return [result for result in results if self.bracket_of(result.number) == bracket]

    @cached_property
    def _cycle(self) -> tuple[int, ...]:
        """The brackets of as many trials as the paper has in all of them, each spread out evenly."""
        most = len(self.rungs)
        sizes = {bracket: bracket_size(bracket, most, self.eta) for bracket in range(most, -1, -1)}
        seats = [((2 * i + 1) / (2 * size), -bracket) for bracket, size in sizes.items() for i in range(size)]
        return tuple(-negative for _, negative in sorted(seats))


def bracket_size(halvings: int, most: int, eta: int) -> int:
    """Return how many trials a bracket of so many halvings begins with (Li et al. 2018, algorithm 1).

    >>> [bracket_size(halvings, 4, 3) for halvings in (4, 3, 2, 1, 0)]
    [81, 34, 15, 8, 5]
    """
    share: int = eta**halvings
    return -(-(most + 1) * share // (halvings + 1))
