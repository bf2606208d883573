"""Random sampling within limits: rejection, importance resampling, then steps of a Markov chain.

Where at least one plain sample in some hundreds meets the limits, plain samples are drawn until one does:
that is exact. Elsewhere samples are drawn that look ahead; of several that meet the limits one is kept, with
odds that make up for how much more likely looking ahead made it. It is then mixed: some of its decisions are
redrawn, again and again, and the result is kept where it meets the limits. To redraw a share of the decisions
is as likely as the way back, so mixing leads from the right distribution to the right distribution.

What the limits call for is found out once for a space, with random numbers of its own, so a sample depends on
nothing but the space and the random numbers it is given. Looking ahead follows a chain of rows; where rows
read others by name, a search for a start within the limits, then mixed, stands in for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf
from random import Random
from typing import TYPE_CHECKING, TypeVar

from ..errors import Infeasible, ShapeError
from ..language.limits import cost_of
from ..language.slots import Choose, uniform
from ..values import Option
from .open_table import BaseSample, Decisions, OpenTable, S_co

if TYPE_CHECKING:
    from .lookahead import Lookahead

CANDIDATES = 8
"""Samples within the limits of which one is kept."""
GUIDED = 2000
"""Samples that look ahead, drawn for the one that is kept."""
MIXING_STEPS = 40
"""Times that decisions of a sample are redrawn."""
SHARES = (0.5, 0.25, 0.125, 0.0625)
"""Shares of the decisions that are redrawn at once, one of them at random."""
SEARCHES = 4
SEARCH_STEPS = 800
"""Where looking ahead finds nothing: searches for a start within the limits, and the steps of each."""
TRIES = 100

S = TypeVar("S", bound=BaseSample)


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledTable(OpenTable[S_co]):
    """A table with choices left open, from which networks within its limits are drawn at random."""

    def sample(self, rng: Random) -> S_co:
        """Return a random network within the limits.

        Every choice is uniform over its options, given that the whole network can be built and meets the
        limits. Where such networks are rare, so closely that it takes many samples to tell; see this module.

        Raises:
            Infeasible: If none was found; the message has what the nearest miss costs.
        """
        if self.easy:
            return next(filter(self.feasible, self.plain_samples(rng)))
        start = _guided(self, self.lookahead, rng) if self.lookahead else None
        return _mixed(self, start or _search(self, rng), rng)

    def mutate(self, decisions: Decisions, rng: Random) -> S_co:
        """Return a neighbour within the limits: one decision changed, what it newly opens drawn at random.

        Where no single change meets the limits, several are made.
        """
        start = self.replay(decisions)
        for attempt in range(TRIES):
            changed = start
            for _ in range(1 + attempt * 4 // TRIES):
                changed = _changed(self, changed.decisions, rng)
            if changed.decisions != start.decisions and self.feasible(changed):
                return changed
        return self.sample(rng)

    def crossover(self, first: Decisions, second: Decisions, rng: Random) -> S_co:
        """Return a child within the limits: every decision from one of the parents that makes it."""
        parents = [self.replay(parent).decisions for parent in (first, second)]

        def choose(path: str, options: Sequence[Option]) -> Option:
            return rng.choice([parent[path] for parent in parents if path in parent] or options)

        for _ in range(TRIES):
            child = self.decide(choose)
            if self.feasible(child):
                return child
        return self.mutate(first, rng)

    def neighbours(self, decisions: Decisions) -> Iterator[S_co]:
        """Yield every feasible network one decision away; what it newly opens takes its first option."""
        start = self.replay(decisions).decisions
        for path, taken in start.items():
            for option in self.paths[path]:
                if option == taken:
                    continue
                neighbour = self.decide(follow({**start, path: option}, lambda _, options: options[0]))
                if self.feasible(neighbour):
                    yield neighbour


def follow(decisions: Mapping[str, Option], fresh: Choose) -> Choose:
    """Return the choice that takes the decisions given, and asks `fresh` where none is."""

    def choose(path: str, options: Sequence[Option]) -> Option:
        return decisions[path] if path in decisions else fresh(path, options)

    return choose


def other(options: Sequence[Option], taken: Option, rng: Random) -> Option:
    """Return a random option that is not the one taken."""
    at = rng.randrange(len(options) - 1)
    return options[at + (at >= options.index(taken))]


def _changed(space: OpenTable[S], decisions: Mapping[str, Option], rng: Random) -> S:
    """Return the sample after one decision is changed, and what that newly opens is drawn."""
    path = rng.choice(list(decisions))
    option = other(space.paths[path], decisions[path], rng)
    return space.decide(follow({**decisions, path: option}, uniform(rng)))


def _guided(space: OpenTable[S], lookahead: Lookahead, rng: Random) -> S | None:
    """Return one of several feasible samples that look ahead, or None where there was none."""
    candidates: list[S] = []
    weights: list[float] = []
    for _ in range(space.affordable(GUIDED)):
        guided = lookahead.draw(rng)
        if guided is None:
            continue
        drawn = space.replay(guided.decisions)
        if space.feasible(drawn):
            candidates.append(drawn)
            weights.append(guided.weight)
        if len(candidates) == CANDIDATES:
            break
    if not candidates:
        return None
    highest = max(weights)
    return rng.choices(candidates, [exp(weight - highest) for weight in weights])[0]


def _mixed(space: OpenTable[S], sample: S, rng: Random) -> S:
    """Return a feasible sample some random steps away, none of which left the limits."""
    for _ in range(space.affordable(MIXING_STEPS)):
        redrawn = _redrawn(space, sample, rng)
        if space.feasible(redrawn):
            sample = redrawn
    return sample


def _redrawn(space: OpenTable[S], sample: S, rng: Random) -> S:
    """Return the sample with a random share of its decisions redrawn."""
    share, random, kept = rng.choice(SHARES), rng.random, sample.decisions

    def choose(path: str, options: Sequence[Option]) -> Option:
        if path in kept and random() >= share:
            return kept[path]
        return options[int(random() * len(options))]

    return space.decide(choose)


def _search(space: OpenTable[S], rng: Random) -> S:
    """Return a feasible sample that redrawing nearer and nearer to the limits found.

    Raises:
        Infeasible: If none was found; the message has what the nearest costs.
    """
    nearest: tuple[float, S] | None = None
    for _ in range(SEARCHES):
        sample = space.decide(uniform(rng))
        distance = space.miss(sample)
        for _ in range(space.affordable(SEARCH_STEPS)):
            if distance == 0:
                return sample
            redrawn = _redrawn(space, sample, rng)
            reached = space.miss(redrawn)
            if reached <= distance:
                distance, sample = reached, redrawn
        if nearest is None or distance < nearest[0]:
            nearest = distance, sample
        if distance == inf:
            break
    assert nearest is not None
    raise Infeasible(_nothing_found(space, nearest[1]))


def _nothing_found(space: OpenTable[S], nearest: S) -> str:
    limits = ", ".join(f"{name}: {limit}" for name, limit in space.within.items())
    try:
        totals = nearest.totals
        costs = ", ".join(f"{cost_of(totals, name):,} {name}" for name in space.within)
    except ShapeError as error:
        return f"space {space.name}: no network that was drawn can be built; the last one: {error}"
    return (
        f"space {space.name}: no network was found within the limits ({limits}); the nearest has {costs}. "
        "Widen the limits or the choices"
    )
