"""Random walks through a space that end within its limits.

Rejection is exact and fast where limits are loose. Where it fails, a Metropolis walk goes on: its state is a list of
decisions, a step redraws one decision (and what it newly opens) and is accepted by the rule of Wingate et al. 2011
for programs whose number of choices varies, so that its stationary distribution is that of rejection; a penalty on
missed limits, lowered step by step, leads it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp
from random import Random
from typing import TYPE_CHECKING

from .errors import Infeasible, ShapeError
from .graph import Totals
from .limits import Limit, cost_of, miss
from .slots import Choose
from .values import Option

if TYPE_CHECKING:
    from .space import Decisions, Sample, Space

REJECTIONS = 500
STEPS = 1500
ANNEALINGS = 4
COLD = 0.01
"""Temperature of the walk: a miss of 1% is accepted with odds 1 to e."""
UNBUILDABLE = 100.0
"""The miss of a network that cannot be built: farther than any other."""
TRIES = 100


def sample(space: Space, rng: Random) -> Sample:
    """Return a random feasible sample; see `Space.sample`."""
    choose = chooser(rng)
    for _ in range(REJECTIONS):
        found = space.decide(choose)
        if space.feasible(found):
            return found
    nearest: tuple[float, Sample] | None = None
    for _ in range(ANNEALINGS):
        cost, found = _anneal(space, rng)
        if cost == 0:
            return found
        if nearest is None or cost < nearest[0]:
            nearest = cost, found
    assert nearest is not None
    raise Infeasible(_nothing_found(space, nearest[1]))


def mutate(space: Space, decisions: Decisions, rng: Random) -> Sample:
    """Return a feasible sample near a list of decisions; see `Space.mutate`."""
    for attempt in range(TRIES):
        found = space.replay(decisions)
        for _ in range(1 + attempt * 4 // TRIES):
            found = _redraw(space, found.decisions, rng)
        if space.feasible(found) and found.decisions != dict(decisions):
            return found
    return sample(space, rng)


def crossover(space: Space, first: Decisions, second: Decisions, rng: Random) -> Sample:
    """Return a feasible child of two lists of decisions; see `Space.crossover`."""

    def choose(path: str, options: Sequence[Option]) -> Option:
        found = [parent[path] for parent in (first, second) if path in parent]
        return rng.choice(found) if found else rng.choice(options)

    for _ in range(TRIES):
        child = space.decide(choose)
        if space.feasible(child):
            return child
    return mutate(space, first, rng)


def neighbours(space: Space, decisions: Decisions) -> Iterator[Sample]:
    """Yield the feasible samples one decision away; see `Space.neighbours`."""
    for path, taken in decisions.items():
        for option in space.paths[path]:
            if option == taken:
                continue
            found = space.decide(follow({**decisions, path: option}, lambda _, options: options[0]))
            if space.feasible(found):
                yield found


def chooser(rng: Random) -> Choose:
    """Return the uniform choice among the options."""
    # Random.choice without its checks: sampling spends much of its time here.
    random = rng.random
    return lambda _, options: options[int(random() * len(options))]


def follow(decisions: Mapping[str, Option], fresh: Choose) -> Choose:
    """Return the choice that takes the decisions given, and asks `fresh` where none is."""

    def choose(path: str, options: Sequence[Option]) -> Option:
        return decisions[path] if path in decisions else fresh(path, options)

    return choose


def _redraw(space: Space, decisions: Mapping[str, Option], rng: Random) -> Sample:
    """Return the sample after one decision is changed, and what that newly opens is drawn."""
    path = rng.choice(list(decisions))
    taken = decisions[path]
    option = rng.choice([option for option in space.paths[path] if option != taken])
    return space.decide(follow({**decisions, path: option}, chooser(rng)))


def _anneal(space: Space, rng: Random) -> tuple[float, Sample]:
    """Return where a Metropolis walk ends, with its miss: 0 within the limits, else the nearest seen."""
    state = space.decide(chooser(rng))
    cost = _miss(space, state)
    nearest = cost, state
    for step in range(STEPS):
        temperature = max(COLD, 1.0 - 2.0 * step / STEPS)
        proposed = _redraw(space, state.decisions, rng)
        new = _miss(space, proposed)
        # One of n decisions is picked there, one of m on the way back.
        odds = len(state.decisions) / len(proposed.decisions)
        if rng.random() < odds * exp(min(0.0, (cost - new) / temperature)):
            state, cost = proposed, new
        if new < nearest[0]:
            nearest = new, proposed
    return (cost, state) if cost == 0 else nearest


def _miss(space: Space, found: Sample) -> float:
    try:
        return miss(space.within, found.totals)
    except ShapeError:
        return UNBUILDABLE


def _nothing_found(space: Space, nearest: Sample) -> str:
    limits = ", ".join(f"{name}: {limit}" for name, limit in space.within.items()) or "none"
    try:
        costs = _costs(space.within, nearest.totals)
    except ShapeError as error:
        return f"space {space.name}: no network that was drawn can be built; the last one: {error}"
    return (
        f"space {space.name}: no network meets the limits ({limits}); the nearest that was found has {costs}. "
        "Widen the limits or the choices"
    )


def _costs(limits: Mapping[str, Limit], totals: Totals) -> str:
    return ", ".join(f"{cost_of(totals, name):,} {name}" for name in limits)
