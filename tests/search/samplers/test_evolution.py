"""Regularised evolution: who is alive, who becomes a parent, and what a child is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice

from archscape.analysis.metrics import Objectives
from archscape.search.samplers.base import Proposal
from archscape.search.samplers.evolution import CHILDREN, EvolutionSampler
from archscape.search.study.history import History, Record
from archscape.spaces import Sample, Space

ONE: Objectives = {"accuracy": "maximize"}
BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}
AWAKE = EvolutionSampler(startup=0, population=4, tournament=4)


def tried(space: Space, points: Sequence[tuple[float, ...]], *, first: int = 0) -> list[Record]:
    rng = random.Random(first)
    return [
        Record(number=first + i, decisions=space.sample(rng).decisions, values=point)
        for i, point in enumerate(points)
    ]


def studied(complete: list[Record], objectives: Objectives = ONE, **others: dict[int, Record]) -> History:
    hashes = {str(i) for i in range(len(complete))}
    return History(objectives=objectives, complete=complete, hashes=hashes, **others)  # type: ignore[arg-type]


def children(
    sampler: EvolutionSampler, space: Space, history: History, *, count: int = CHILDREN, seed: int = 0
) -> list[Proposal]:
    return list(islice(sampler.proposals(space, history, random.Random(seed)), count))


def parents(proposals: Sequence[Proposal]) -> set[str]:
    return {proposal.reason for proposal in proposals}


def is_one_decision_away(child: Sample, parent: Record) -> bool:
    """Tell whether a child differs in one decision, and in what that opens or closes."""
    return any(
        all(
            child.decisions.get(key, value) == value for key, value in parent.decisions.items() if key != path
        )
        for path in parent.decisions
    )


def test_the_best_of_those_alive_is_the_parent_where_all_are_drawn(tiny: Space) -> None:
    history = studied(tried(tiny, [(0.9,), (0.2,), (0.3,), (0.5,), (0.4,)]))
    born = children(AWAKE, tiny, history)
    assert parents(born) == {"mutant of trial 3"}  # trial 0 is the fifth from the end: it has died
    assert all(is_one_decision_away(each.sample, history.complete[3]) for each in born)


def test_a_tournament_of_one_makes_parents_of_all_who_are_alive(tiny: Space) -> None:
    history = studied(tried(tiny, [(0.9,), (0.2,), (0.3,), (0.5,), (0.4,)]))
    born = children(EvolutionSampler(startup=0, population=4, tournament=1), tiny, history, count=64)
    assert parents(born) == {f"mutant of trial {number}" for number in (1, 2, 3, 4)}


def test_with_several_objectives_any_that_no_other_of_the_tournament_beats_is_a_parent(tiny: Space) -> None:
    """Trial 2 is worse and costlier than trial 1; the middle of the frontier has children as well."""
    history = studied(tried(tiny, [(0.9, 90.0), (0.5, 50.0), (0.4, 60.0), (0.1, 10.0)]), BOTH)
    born = children(AWAKE, tiny, history, count=64)
    assert parents(born) == {f"mutant of trial {number}" for number in (0, 1, 3)}


def test_a_trial_within_the_limits_comes_before_a_better_one_beyond(tiny: Space) -> None:
    first, second = tried(tiny, [(0.2,), (0.9,)])
    beyond = Record(number=1, decisions=second.decisions, values=second.values, violation=0.1)
    assert parents(children(AWAKE, tiny, studied([first, beyond]))) == {"mutant of trial 0"}


def test_children_move_on_once_the_near_ones_were_tried(tiny: Space) -> None:
    history = studied(tried(tiny, [(0.9,)]))
    born = children(AWAKE, tiny, history, count=9 * CHILDREN)
    away = [not is_one_decision_away(each.sample, history.complete[0]) for each in born]
    assert not any(away[:CHILDREN])
    assert any(away[-CHILDREN:])


def test_those_that_were_stopped_early_are_alive_while_few_are_complete(tiny: Space) -> None:
    stopped = {each.number: each for each in tried(tiny, [(0.1,), (0.2,)], first=7)}
    at_rungs = {
        number: Record(number=number, decisions=each.decisions, values=each.values, rung=rung)
        for rung, (number, each) in enumerate(stopped.items(), 1)
    }
    history = studied([], stopped=at_rungs)
    assert parents(children(AWAKE, tiny, history)) == {"mutant of trial 8"}
    full = studied(tried(tiny, [(0.1,)] * 4), stopped=at_rungs)
    assert "mutant of trial 8" not in parents(children(AWAKE, tiny, full, count=64))


def test_starts_at_random_and_says_so(tiny: Space) -> None:
    history = studied(tried(tiny, [(0.5,)] * 3))
    starts = children(EvolutionSampler(startup=8), tiny, history, count=3)
    assert parents(starts) == {"random start 4 of 8"}
    rng = random.Random(0)
    assert [each.sample.decisions for each in starts] == [tiny.sample(rng).decisions for _ in range(3)]


def test_a_bad_trial_is_forgotten_with_the_good_ones(tiny: Space) -> None:
    """What is proposed follows from the latest trials alone, so a proposal costs the same after thousands."""
    latest = tried(tiny, [(0.1,), (0.2,), (0.3,), (0.4,)], first=2000)
    long = studied([*tried(tiny, [(i / 2000,) for i in range(2000)]), *latest])
    short = studied(latest)
    assert [each.sample.decisions for each in children(AWAKE, tiny, long)] == [
        each.sample.decisions for each in children(AWAKE, tiny, short)
    ]
