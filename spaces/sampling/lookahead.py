"""Lookahead sampling: random networks that lean towards choices from which the limits can still be met.

A network is a chain of rows, and costs add up along it. So a draw is cut into steps, one a row or block. What
a step can give on a state (the map it reads, the variables drawn so far) is a table of outcomes with their
shares and costs: all of them where they are few, else a sample. From the last step backwards, an outlook
holds the chance that a limit is met in the end, by what was spent so far. A guided draw takes each outcome by
share times outlook, and knows how much more likely that made it than a plain draw; this weight makes up for
what the outlook, in bins, only nearly knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from math import log
from random import Random
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..graph import Shape
from ..language.arithmetic import MAX_NUMBER
from ..language.limits import Limit, cost_of
from ..language.program import Program, Step, Variables
from ..language.slots import Choose, enumerate_results
from ..values import Option

OUTCOMES = 256
"""Outcomes in one table; a sample of so many where there are more."""
WORK = 10_000
"""Outcomes in all tables together."""
BINS = 256
"""Bins of what was spent."""
ROUNDING = 10
"""Bins that the costs of all steps, each rounded to a bin, may be off in the end."""

Array: TypeAlias = NDArray[np.float64]
State: TypeAlias = tuple[Variables, Shape]


class Guided(NamedTuple):
    """A guided draw: its decisions, and the logarithm of its odds in a plain draw over those in this one."""

    decisions: dict[str, Option]
    weight: float


class _Outcome(NamedTuple):
    decisions: tuple[tuple[str, Option], ...]
    share: float
    costs: tuple[int, ...]
    after: State | None


class _Table:
    """What a step can give on one state.

    Attributes:
        decisions: Of each outcome.
        shares: Of each outcome in a plain draw.
        costs: Of each outcome, a row a limit.
        after: Number of the state that each outcome leads to; the last one where it cannot be built.
    """

    def __init__(self, outcomes: Sequence[_Outcome], states: Mapping[State, int]) -> None:
        self.decisions = [outcome.decisions for outcome in outcomes]
        self.shares = np.array([outcome.share for outcome in outcomes])
        self.costs = np.array([outcome.costs for outcome in outcomes], dtype=np.int64).T
        self.after = np.array([len(states) if o.after is None else states[o.after] for o in outcomes])


class Lookahead:
    """The tables of a space and the outlook on its limits."""

    def __init__(self, program: Program, shape: Shape, within: Mapping[str, Limit], rng: Random) -> None:
        self.program = program
        self.input = shape
        self.costs = tuple(within)
        # The last one is always met: its outlook is the chance that the network can be built.
        self.limits = (*within.values(), Limit(low=0))
        self.widths = [_width(limit) for limit in self.limits]
        self.steps = program.steps()
        self.tables: list[list[_Table]] = []
        self.ends = self._tabulate(rng)
        self.outlooks = [self._outlook(which) for which in range(len(self.limits))]

    def draw(self, rng: Random) -> Guided | None:
        """Return a draw that leans towards the limits, or None where it ran into a dead end."""
        spent = np.zeros(len(self.limits), dtype=np.int64)
        decisions: dict[str, Option] = {}
        weight, state = 0.0, 0
        for index, tables in enumerate(self.tables):
            table = tables[state]
            leaning = table.shares * self._chances(index + 1, table, spent)
            total = leaning.sum()
            if total <= 0:
                return None
            taken = int(np.searchsorted(np.cumsum(leaning), rng.random() * total, side="right"))
            taken = min(taken, len(leaning) - 1)
            weight += log(table.shares[taken] * total / leaning[taken])
            decisions.update(table.decisions[taken])
            spent = spent + table.costs[:, taken]
            state = int(table.after[taken])
        return Guided(decisions, weight)

    def _chances(self, step: int, table: _Table, spent: NDArray[np.int64]) -> Array:
        """Return for each outcome the chance that the worst limit is met in the end."""
        chances = np.ones(len(table.shares))
        for which in range(len(self.limits)):
            bins = np.minimum((spent[which] + table.costs[which]) // self.widths[which], BINS)
            chances = np.minimum(chances, self.outlooks[which][step][table.after, bins])
        return chances

    def _outlook(self, which: int) -> list[Array]:
        """Return for every step the chance that a limit is met, by state and by the bin of what was spent."""
        nothing = np.zeros(BINS + 1)
        outlooks = [np.stack([*[self._end(self.limits[which])] * self.ends, nothing])]
        for tables in reversed(self.tables):
            following = outlooks[-1]
            rows = [self._expected(table, which, following) for table in tables]
            outlooks.append(np.stack([*rows, nothing]))
        return outlooks[::-1]

    def _expected(self, table: _Table, which: int, following: Array) -> Array:
        """Return a state's outlook: the mean of those that follow, moved by the outcomes' costs."""
        moved = np.rint(table.costs[which] / self.widths[which]).astype(np.int64)
        bins = np.minimum(np.arange(BINS + 1)[None, :] + moved[:, None], BINS)
        expected: Array = table.shares @ following[table.after[:, None], bins]
        return expected

    def _end(self, limit: Limit) -> Array:
        """Return the outlook at the end: 1 within the limit, fading around it as far as rounding goes."""
        width = _width(limit)
        bins = np.arange(BINS + 1)
        low = 0 if limit.low is None else limit.low // width
        high = BINS if limit.high is None else limit.high // width
        away = np.maximum(np.maximum(low - bins, bins - high), 0)
        ends = np.where(away <= ROUNDING, 0.5**away, 0.0)
        if limit.high is not None:
            ends[BINS] = 0
        return ends

    def _tabulate(self, rng: Random) -> int:
        """Fill the tables, step by step, for every state that is reached; return how many are last."""
        states: dict[State, int] = {((), self.input): 0}
        for step in self.steps:
            most = max(4, min(OUTCOMES, WORK // len(self.steps) // max(1, len(states))))
            following: dict[State, int] = {}
            per_state = [self._outcomes(step, state, most, rng) for state in states]
            for outcomes in per_state:
                for outcome in outcomes:
                    if outcome.after is not None:
                        following.setdefault(outcome.after, len(following))
            self.tables.append([_Table(outcomes, following) for outcomes in per_state])
            states = following
        return len(states)

    def _outcomes(self, step: Step, state: State, most: int, rng: Random) -> list[_Outcome]:
        """Return the outcomes of a step on a state: all of them, or a sample of so many."""

        def once(choose: Choose) -> _Outcome:
            decisions: dict[str, Option] = {}
            share = 1.0

            def record(path: str, options: Sequence[Option]) -> Option:
                nonlocal share
                share /= len(options)
                decisions[path] = choose(path, options)
                return decisions[path]

            result = self.program.run(step, *state, record)
            costs = [min(cost_of(result.totals, name), 2 * MAX_NUMBER) for name in self.costs]
            after = None if result.shape is None else (result.kept, result.shape)
            return _Outcome(tuple(decisions.items()), share, (*costs, 0), after)

        outcomes = list(islice(enumerate_results(once), most + 1))
        if len(outcomes) <= most:
            return outcomes
        plain = [once(lambda _, options: rng.choice(options)) for _ in range(most)]
        return [outcome._replace(share=1 / most) for outcome in plain]


def _width(limit: Limit) -> int:
    """Return the width of a bin: the bins reach a little above the limit, and the last one holds the rest."""
    top = limit.high if limit.high is not None else limit.low
    assert top is not None
    return top // (BINS - ROUNDING) + 1
