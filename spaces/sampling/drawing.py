"""Random walks through a space that end within its limits.

Where at least one plain walk in some hundreds meets the limits, plain walks are drawn until one does: that is
exact. Elsewhere walks are drawn that look ahead; of several that meet the limits one is kept, with odds that
make up for how much more likely looking ahead made it. It is then stirred: some of its decisions are redrawn,
again and again, and the result is kept where it meets the limits. To redraw a share of the decisions is as
likely as the way back, so stirring leads from the right distribution to the right distribution.

What the limits call for is found out once for a space, with random numbers of its own, so a sample depends on
nothing but the space and the random numbers it is given. Looking ahead follows a chain of rows; where rows
read others by name, a search for a start within the limits, then stirred, stands in for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from math import exp
from random import Random
from typing import TYPE_CHECKING

from ..errors import Infeasible, ShapeError
from ..graph import Totals
from ..values import Option
from .limits import Limit, cost_of, miss
from .slots import Choose

if TYPE_CHECKING:
    from ..space import Decisions, Sample, Space
    from .lookahead import Lookahead

PLAIN = 1500
"""Plain walks drawn to find out how often they meet the limits."""
HITS = 3
"""Of these, how many must for plain walks to do."""
CANDIDATES = 8
"""Walks within the limits of which one is kept."""
GUIDED = 2000
"""Walks that look ahead, drawn for one sample."""
STIRS = 40
"""Times that a sample is stirred."""
SHARES = (0.5, 0.25, 0.125, 0.0625)
"""Shares of the decisions that a stir redraws, one of them at random."""
SEARCHES = 4
SEARCH_STEPS = 800
"""Where looking ahead finds nothing: searches for a start within the limits, and the steps of each."""
UNBUILDABLE = 100.0
"""The miss of a network that cannot be built: farther than any other."""
TRIES = 100
WORK = 40_000
"""Rows or blocks of all walks of one kind, so that a long table takes no longer."""


def sample(space: Space, rng: Random) -> Sample:
    """Return a random feasible sample; see `Space.sample`."""
    if space.easy:
        return next(found for found in plain_walks(space, rng) if space.feasible(found))
    found = _guided(space, space.lookahead, rng) if space.lookahead else None
    if found is None:
        found = _search(space, rng)
    return _stirred(space, found, rng)


def easy(space: Space) -> bool:
    """Tell whether plain walks meet the limits often enough."""
    rng = Random(0)
    hits = 0
    for found in islice(plain_walks(space, rng), _affordable(space, PLAIN)):
        hits += space.feasible(found)
        if hits == HITS:
            return True
    return False


def plain_walks(space: Space, rng: Random) -> Iterator[Sample]:
    """Yield samples, each choice uniform, whatever they cost."""
    choose = chooser(rng)
    return (space.decide(choose) for _ in count())


def mutate(space: Space, decisions: Decisions, rng: Random) -> Sample:
    """Return a feasible sample near a list of decisions; see `Space.mutate`."""
    start = space.replay(decisions)
    for attempt in range(TRIES):
        found = start
        for _ in range(1 + attempt * 4 // TRIES):
            found = _changed(space, found.decisions, rng)
        if found.decisions != start.decisions and space.feasible(found):
            return found
    return sample(space, rng)


def crossover(space: Space, first: Decisions, second: Decisions, rng: Random) -> Sample:
    """Return a feasible child of two lists of decisions; see `Space.crossover`."""
    parents = [space.replay(parent).decisions for parent in (first, second)]

    def choose(path: str, options: Sequence[Option]) -> Option:
        found = [parent[path] for parent in parents if path in parent]
        return rng.choice(found) if found else rng.choice(options)

    for _ in range(TRIES):
        child = space.decide(choose)
        if space.feasible(child):
            return child
    return mutate(space, first, rng)


def neighbours(space: Space, decisions: Decisions) -> Iterator[Sample]:
    """Yield the feasible samples one decision away; see `Space.neighbours`."""
    start = space.replay(decisions).decisions
    for path, taken in start.items():
        for option in space.paths[path]:
            if option == taken:
                continue
            found = space.decide(follow({**start, path: option}, lambda _, options: options[0]))
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


def other(options: Sequence[Option], taken: Option, rng: Random) -> Option:
    """Return a random option that is not the one taken."""
    at = rng.randrange(len(options) - 1)
    return options[at + (at >= options.index(taken))]


def _changed(space: Space, decisions: Mapping[str, Option], rng: Random) -> Sample:
    """Return the sample after one decision is changed, and what that newly opens is drawn."""
    path = rng.choice(list(decisions))
    option = other(space.paths[path], decisions[path], rng)
    return space.decide(follow({**decisions, path: option}, chooser(rng)))


def _guided(space: Space, lookahead: Lookahead, rng: Random) -> Sample | None:
    """Return one of several feasible walks that look ahead, or None where there was none."""
    found: list[Sample] = []
    weights: list[float] = []
    for _ in range(_affordable(space, GUIDED)):
        walk = lookahead.draw(rng)
        if walk is None:
            continue
        drawn = space.replay(walk.decisions)
        if space.feasible(drawn):
            found.append(drawn)
            weights.append(walk.weight)
        if len(found) == CANDIDATES:
            break
    if not found:
        return None
    highest = max(weights)
    return rng.choices(found, [exp(weight - highest) for weight in weights])[0]


def _stirred(space: Space, found: Sample, rng: Random) -> Sample:
    """Return a feasible sample some random steps away, none of which left the limits."""
    for _ in range(_affordable(space, STIRS)):
        stirred = _stir(space, found, rng)
        if space.feasible(stirred):
            found = stirred
    return found


def _stir(space: Space, found: Sample, rng: Random) -> Sample:
    """Return the sample with a random share of its decisions redrawn."""
    share, random, kept = rng.choice(SHARES), rng.random, found.decisions

    def choose(path: str, options: Sequence[Option]) -> Option:
        if path in kept and random() >= share:
            return kept[path]
        return options[int(random() * len(options))]

    return space.decide(choose)


def _search(space: Space, rng: Random) -> Sample:
    """Return a feasible sample that stirring nearer and nearer to the limits found.

    Raises:
        Infeasible: If none was found; the message has what the nearest costs.
    """
    nearest: tuple[float, Sample] | None = None
    for _ in range(SEARCHES):
        found = space.decide(chooser(rng))
        distance = _miss(space, found)
        for _ in range(_affordable(space, SEARCH_STEPS)):
            if distance == 0:
                return found
            stirred = _stir(space, found, rng)
            reached = _miss(space, stirred)
            if reached <= distance:
                distance, found = reached, stirred
        if nearest is None or distance < nearest[0]:
            nearest = distance, found
        if distance == UNBUILDABLE:
            break
    assert nearest is not None
    raise Infeasible(_nothing_found(space, nearest[1]))


def _affordable(space: Space, walks: int) -> int:
    """Return a number of walks, fewer where the table is long."""
    return min(walks, max(20, WORK // len(space.program.steps())))


def _miss(space: Space, found: Sample) -> float:
    try:
        return miss(space.within, found.totals)
    except ShapeError:
        return UNBUILDABLE


def _nothing_found(space: Space, nearest: Sample) -> str:
    limits = ", ".join(f"{name}: {limit}" for name, limit in space.within.items())
    try:
        costs = _costs(space.within, nearest.totals)
    except ShapeError as error:
        return f"space {space.name}: no network that was drawn can be built; the last one: {error}"
    return (
        f"space {space.name}: no network was found within the limits ({limits}); the nearest has {costs}. "
        "Widen the limits or the choices"
    )


def _costs(limits: Mapping[str, Limit], totals: Totals) -> str:
    return ", ".join(f"{cost_of(totals, name):,} {name}" for name in limits)
