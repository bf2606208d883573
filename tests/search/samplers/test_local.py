"""Local search: from which trials it climbs, where to, and when it starts again."""

from __future__ import annotations

import doctest
import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from archscape.analysis.metrics import Objectives
from archscape.search.samplers import local
from archscape.search.samplers.base import Proposal
from archscape.search.samplers.local import LocalSampler, are_neighbours, moved, near
from archscape.search.samplers.rehearsal import Rehearsal
from archscape.search.study.history import History, Record
from archscape.spaces import Sample, Space
from archscape.spaces.values import LogOptions

ONE: Objectives = {"accuracy": "maximize"}
BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}
CLIMBER = LocalSampler(startup=0)


def record(number: int, sample: Sample, *values: float) -> Record:
    return Record(number=number, decisions=sample.decisions, values=values, hash=sample.hash())


def studied(records: Iterable[Record], objectives: Objectives = ONE) -> History:
    complete = [*records]
    return History(objectives=objectives, complete=complete, hashes={each.hash for each in complete})


def proposed(history: History, space: Space, *, count: int = 4, seed: int = 0) -> list[Proposal]:
    return [*islice(CLIMBER.proposals(space, history, random.Random(seed)), count)]


def sources(proposals: Iterable[Proposal]) -> set[str]:
    return {proposal.reason for proposal in proposals}


def neighbours(space: Space, sample: Sample) -> dict[str, Sample]:
    """Return all feasible neighbours of a sample by their hashes."""
    moves = (
        moved(space, sample.decisions, path, option)
        for path, taken in sample.decisions.items()
        for option in near(space.paths[path], taken)
    )
    return {each.hash(): each for each in moves if space.feasible(each) and each.hash() != sample.hash()}


def test_proposals_are_untried_neighbours_of_the_best(tiny: Space) -> None:
    rng = random.Random(0)
    best, other = tiny.sample(rng), tiny.sample(rng)
    history = studied([record(0, other, 0.2), record(1, best, 0.9)])
    climbed = proposed(history, tiny, count=len(neighbours(tiny, best)))
    assert climbed[0].reason == "neighbour of trial 1"
    assert all(
        are_neighbours(best.decisions, each.sample.decisions) and history.fits(each.sample)
        for each in climbed
        if each.reason == "neighbour of trial 1"
    )


def test_it_climbs_on_from_a_better_neighbour_and_leaves_a_worse_one(tiny: Space) -> None:
    start = tiny.sample(random.Random(0))
    step = next(iter(neighbours(tiny, start).values()))
    up = studied([record(0, start, 0.5), record(1, step, 0.6)])
    down = studied([record(0, start, 0.5), record(1, step, 0.4)])
    assert sources(proposed(up, tiny, count=2)) == {"neighbour of trial 1"}
    assert sources(proposed(down, tiny, count=2)) == {"neighbour of trial 0"}


def test_from_a_local_optimum_it_starts_again_from_the_next_best_top(tiny: Space) -> None:
    """All neighbours of the best were tried and are worse: none of these is a top, a far trial is."""
    rng = random.Random(0)
    best = tiny.sample(rng)
    around = neighbours(tiny, best)
    far = next(
        each
        for each in (tiny.sample(rng) for _ in range(1000))
        if not any(are_neighbours(each.decisions, near.decisions) for near in (best, *around.values()))
    )
    tried = [record(0, best, 0.9), record(1, far, 0.1)]
    tried += [record(2 + i, each, 0.5) for i, each in enumerate(around.values())]
    reasons = sources(proposed(studied(tried), tiny, count=1))
    assert reasons == {"neighbour of trial 1"}


def test_it_is_random_again_where_all_near_ones_were_tried(tiny: Space) -> None:
    best = tiny.sample(random.Random(0))
    around = neighbours(tiny, best)
    history = studied([record(0, best, 0.9)])
    history.hashes |= {*around}
    assert sources(proposed(history, tiny)) == {"random restart, as all near ones were tried"}


def test_with_several_objectives_it_climbs_from_anywhere_on_the_frontier(tiny: Space) -> None:
    rng = random.Random(3)
    start = tiny.sample(rng)
    worse, good, cheap = islice(neighbours(tiny, start).values(), 3)
    history = studied(
        [
            record(0, start, 0.8, 500.0),
            record(1, worse, 0.7, 600.0),
            record(2, good, 0.9, 800.0),
            record(3, cheap, 0.5, 100.0),
        ],
        BOTH,
    )
    reasons = {proposed(history, tiny, count=1, seed=seed)[0].reason for seed in range(30)}
    assert reasons == {f"neighbour of trial {number}" for number in (0, 2, 3)}


def test_a_trial_beyond_the_limits_is_no_top_beside_one_within(tiny: Space) -> None:
    start = tiny.sample(random.Random(0))
    step = next(iter(neighbours(tiny, start).values()))
    beyond = replace(record(1, step, 0.9), violation=0.1)
    assert sources(proposed(studied([record(0, start, 0.5), beyond]), tiny, count=2)) == {
        "neighbour of trial 0"
    }


def test_of_a_long_range_the_near_numbers_and_some_far_ones_are_neighbours() -> None:
    assert [*near(LogOptions((16, 32, 64, 128, 256)), 16)] == [32, 64, 256]
    assert [*near((3, 5, 7), 5)] == [3, 7]


def test_what_a_step_opens_is_always_drawn_alike() -> None:
    space = Space.load("digits")
    start = space.sample(random.Random(1))
    depth = next(path for path in start.decisions if path.endswith("depth"))
    deeper = max(space.paths[depth], key=str)
    moves = [moved(space, start.decisions, depth, deeper).decisions for _ in range(3)]
    assert moves[0] == moves[1] == moves[2]


def test_it_finds_the_best_network_of_a_smooth_landscape() -> None:
    """The accuracy of a rehearsal grows with every rank, so each climb ends at the top of the space."""
    space = Space.load("nas-bench-macro")
    search = Rehearsal(space=space, history=History(objectives=ONE))
    search.run(LocalSampler(), 60)
    best = max(value for each in search.history.complete for value in each.values or ())
    assert best == 1.0


def test_worked_examples_hold() -> None:
    assert doctest.testmod(local) == (0, 1)
