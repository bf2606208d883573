"""NSGA-II: who is best, kept among a growing number of trials at a cost that does not grow."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from archscape.analysis.metrics import Objectives
from archscape.search.samplers import nsga2
from archscape.search.samplers.nsga2 import Elite, Nsga2Sampler, best_first, furthest_first
from archscape.search.study.history import History, Record
from archscape.spaces import Sample, Space

BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}


def records(points: Iterable[tuple[float, float]]) -> list[Record]:
    return [Record(number=i, decisions={}, values=point) for i, point in enumerate(points)]


def numbers(records: Sequence[Record]) -> list[int]:
    return [record.number for record in records]


def test_order_is_by_layer_then_by_room() -> None:
    # (0, 0) to (3, 3) is the first layer, (1, 2) to (2, 3) the second; ends come first, then the loneliest.
    ranked = best_first(records([(0, 0), (1, 1), (3, 3), (1, 2), (2, 3), (1.2, 1.1)]), BOTH)
    assert numbers(ranked) == [0, 2, 5, 1, 3, 4]


def test_stopped_trials_are_compared_at_the_same_rung_only() -> None:
    """What was stopped late comes first, however good the values of an early rung look."""
    at = [1, 3, 1, 3]
    points = [(0.9, 1.0), (0.2, 9.0), (0.8, 2.0), (0.3, 8.0)]
    stopped = [replace(r, rung=rung) for r, rung in zip(records(points), at, strict=True)]
    assert numbers(furthest_first(stopped, BOTH)) == [3, 1, 0, 2]


def test_elite_keeps_every_best_trial_of_one_objective() -> None:
    objectives: Objectives = {"accuracy": "maximize"}
    values = random.Random(0).sample(range(1000), 300)
    trials = [Record(number=i, decisions={}, values=(float(v),)) for i, v in enumerate(values)]
    elite = Elite(size=20)
    for end in (7, 8, 90, 300):
        best = sorted(values[:end], reverse=True)[:20]
        assert [int((record.values or (0,))[0]) for record in elite.of(trials[:end], objectives)] == best


def test_elite_never_loses_the_frontier_that_it_has_room_for() -> None:
    rng = random.Random(0)
    points = [(-float(i), -float(i)) for i in range(10)]  # nobody beats these
    points += [(-rng.uniform(20, 30), rng.uniform(0, 5)) for _ in range(200)]
    rng.shuffle(points)
    trials = records(points)
    frontier = {record.number for record in trials if record.values and record.values[1] <= 0}
    assert frontier <= set(numbers(Elite(size=20).of(trials, BOTH)))


def test_elite_begins_anew_with_another_list() -> None:
    elite = Elite(size=2)
    assert numbers(elite.of(records([(1, 1), (2, 2), (3, 3)]), BOTH)) == [0, 2]
    assert numbers(elite.of(records([(5, 5)]), BOTH)) == [0]


@pytest.mark.parametrize("dropped", [0, 1, 2])
def test_elite_forgets_a_trial_that_is_dropped_while_others_end(dropped: int) -> None:
    elite = Elite(size=9)
    trials = records([(1, 1), (2, 2), (3, 3), (4, 4)])
    elite.of(trials[:3], BOTH)
    left = [trial for trial in trials if trial.number != dropped]
    assert {*numbers(elite.of(left, BOTH))} == {0, 1, 2, 3} - {dropped}


def test_a_proposal_costs_the_same_after_any_number_of_trials(
    tiny: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each trial is ranked when it comes, among as many as the elite holds, and never again."""
    ranked: list[int] = []

    def counting(trials: Sequence[Record], objectives: Objectives) -> list[Record]:
        ranked.append(len(trials))
        return best_first(trials, objectives)

    monkeypatch.setattr(nsga2, "best_first", counting)
    rng = random.Random(0)
    sample = tiny.sample(rng)
    history = History(objectives=BOTH, hashes={str(i) for i in range(200)})
    sampler = Nsga2Sampler(startup=10)
    for number in range(200):
        values = (rng.random(), rng.random())
        history.complete.append(Record(number=number, decisions=sample.decisions, values=values))
        sampler.sample(tiny, history, rng)
    assert len(ranked) <= 2 * 200
    assert max(ranked) <= 21


def test_parents_are_completed_by_those_that_were_stopped_last(tiny: Space) -> None:
    """Where nobody is complete yet, children come from the trials that got furthest."""
    rng = random.Random(0)
    deep = tiny.sample(rng)
    history = History(objectives=BOTH, hashes={"a", "b"})
    for number, rung in ((0, 1), (1, 1)):
        history.stopped[number] = Record(
            number=number, decisions=deep.decisions, values=(0.5, 1.0), rung=rung
        )
    child = Nsga2Sampler(startup=0).sample(tiny, history, rng)
    moved = {key for key in deep.decisions if child.decisions.get(key) != deep.decisions[key]}
    assert len(moved) == 1


def bred(sampler: Nsga2Sampler, space: Space, history: History, count: int = 40) -> list[Sample]:
    return [sampler.sample(space, history, random.Random(seed)) for seed in range(count)]


def test_only_the_best_of_the_population_are_parents(tiny: Space) -> None:
    """With a population of two every child is of the two best, but for one mutated decision."""
    rng = random.Random(0)
    samples = [tiny.sample(rng) for _ in range(30)]
    complete = [
        Record(number=i, decisions=sample.decisions, values=(1 - i / 100, float(i)))
        for i, sample in enumerate(samples)
    ]
    history = History(objectives=BOTH, complete=complete, hashes={str(i) for i in range(30)})
    best = [samples[0].decisions, samples[1].decisions]

    def strange(sample: Sample) -> int:
        """Return how many decisions are those of neither of the two best."""
        return sum(all(other.get(key) != value for other in best) for key, value in sample.decisions.items())

    assert max(map(strange, bred(Nsga2Sampler(population=2), tiny, history))) == 1
    assert max(map(strange, bred(Nsga2Sampler(population=20), tiny, history))) > 1


def test_first_samples_are_random_up_to_the_startup(tiny: Space) -> None:
    rng = random.Random(0)
    complete = [Record(number=i, decisions=tiny.sample(rng).decisions, values=(i / 9, 1.0)) for i in range(9)]
    history = History(objectives=BOTH, complete=complete, hashes={str(i) for i in range(9)})
    drawn = [tiny.sample(random.Random(seed)).decisions for seed in range(40)]
    assert [child.decisions for child in bred(Nsga2Sampler(startup=10), tiny, history)] == drawn
    assert [child.decisions for child in bred(Nsga2Sampler(startup=9), tiny, history)] != drawn


@pytest.mark.parametrize("seed", range(6))
def test_elite_skips_only_what_would_leave_at_once(seed: int) -> None:
    rng = random.Random(seed)
    steps = 10 if seed % 2 else 1000  # with few steps many trials are equal
    trials = records((rng.randrange(steps) / steps, float(rng.randrange(steps))) for _ in range(150))
    slow: list[Record] = []
    for record in trials:
        slow = best_first(best_first([*slow, record], BOTH)[:20], BOTH)
    assert numbers(Elite(size=20).of(trials, BOTH)) == numbers(slow)
