"""Quasi-random search: spread more evenly than chance, and otherwise in each study."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, islice

from archscape.search.samplers import Sampler
from archscape.search.samplers.quasi_random import QuasiRandomSampler
from archscape.search.samplers.random import RandomSampler
from archscape.search.study.history import History, Record
from archscape.spaces import Space, load_space

SPACE = load_space("nas-bench-201")


def begun(seed: int, space: Space = SPACE) -> History:
    """Return a history of one trial, which runs."""
    sample = space.sample(random.Random(seed))
    history = History(objectives={"accuracy": "maximize"})
    history.pending[0] = Record(number=0, decisions=sample.decisions)
    return history


def decisions(sampler: Sampler, history: History, count: int) -> list[dict[str, object]]:
    rng = random.Random(0)
    if isinstance(sampler, RandomSampler):
        return [dict(sampler.sample(SPACE, history, rng).decisions) for _ in range(count)]
    return [dict(each.sample.decisions) for each in islice(sampler.proposals(SPACE, history, rng), count)]


def unevenness(points: list[dict[str, object]]) -> int:
    """Return how far the counts of all pairs of options of two choices are apart, summed over the choices."""
    pairs = combinations(SPACE.paths, 2)
    counts = [Counter((point[a], point[b]) for point in points) for a, b in pairs]
    return sum(max(each.values()) - (min(each.values()) if len(each) == 25 else 0) for each in counts)


def test_pairs_of_choices_are_covered_more_evenly_than_by_chance() -> None:
    quasi = decisions(QuasiRandomSampler(), begun(0), 256)
    assert unevenness(quasi) < 0.7 * unevenness(decisions(RandomSampler(), begun(0), 256))


def test_the_first_trial_is_random_and_decides_on_all_others() -> None:
    history = History(objectives={"accuracy": "maximize"})
    first = next(QuasiRandomSampler().proposals(SPACE, history, random.Random(5)))
    assert first.sample.decisions == SPACE.sample(random.Random(5)).decisions
    assert first.reason == "random, as the first trial"
    again, other = (decisions(QuasiRandomSampler(), begun(seed), 8) for seed in (1, 2))
    assert again == decisions(QuasiRandomSampler(), begun(1), 8) != other


def test_later_trials_follow_the_first_however_it_ends() -> None:
    running, done = begun(0), begun(0)
    done.complete = [done.pending.pop(0)]
    later = Record(number=1, decisions=SPACE.sample(random.Random(9)).decisions)
    done.failed.append(later)
    assert decisions(QuasiRandomSampler(), running, 3) == decisions(QuasiRandomSampler(), done, 3)
