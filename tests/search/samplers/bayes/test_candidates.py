"""The candidates of a model: all of a small space; of a large one a sample, and what is near to the best."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import numpy as np
import pytest

from archscape.search.samplers.bayes import candidates as candidates_module
from archscape.search.samplers.bayes.candidates import Candidates, Pool
from archscape.search.samplers.bayes.description import Describer
from archscape.search.samplers.trial_space import trial_space
from archscape.search.training.choices.reading import read_any_recipe
from archscape.spaces import Space, load_space

# Cai et al. 2020, "Once-for-all": five stages of two to four blocks, each with its own kernel and expansion.
STAGES = "\n".join(
    f"  - inverted: {{name: stage{number}, width: {width}, stride: {stride}, depth: 2..4, per: block,\n"
    f"               kernel: {{3, 5, 7}}, expand: {{3, 4, 6}}}}"
    for number, (width, stride) in enumerate([(24, 2), (40, 2), (80, 2), (112, 1), (160, 2)], 1)
)
ONCE_FOR_ALL = f"""
space: once-for-all
input: 3x224x224
layers:
  - conv: {{width: 16, stride: 2}}
{STAGES}
  - conv: {{width: 960, kernel: 1}}
  - avgpool
  - linear: {{width: 1000}}
"""


@pytest.fixture(scope="module")
def digits() -> Candidates:
    return Candidates(describer=Describer(space=load_space("digits")))


@pytest.fixture(scope="module")
def best(digits: Candidates) -> list[Mapping[str, int | str]]:
    rng = Random(1)
    return [digits.describer.space.sample(rng).decisions for _ in range(3)]


def written(pool: Pool) -> list[object]:
    return [pool.decisions, pool.description.words.tolist(), pool.costs.tolist()]


def distance(first: Mapping[str, int | str], second: Mapping[str, int | str]) -> int:
    """Return on how many of the paths that both ask for they differ."""
    return sum(first[path] != second[path] for path in first.keys() & second.keys())


def test_a_small_space_is_gone_through_whole() -> None:
    rows = "[conv: {width: {4, 8, 12}, kernel: {3, 5}}, avgpool, linear: {width: 2}]"
    text = f"space: a\ninput: 1x8x8\nlayers: {rows}\nwithin: {{params: ..250}}\n"
    pool = Candidates(describer=Describer(space=Space.from_yaml(text))).pool()
    assert [(each["conv.width"], each["conv.kernel"]) for each in pool.decisions] == [
        (4, 3),
        (4, 5),
        (8, 3),
        (8, 5),
        (12, 3),
    ]
    assert len(pool.description) == len(pool.costs) == len(pool)


def test_of_a_large_space_the_neighbours_of_the_best_are_candidates_too(
    digits: Candidates, best: list[Mapping[str, int | str]]
) -> None:
    alone, near = digits.pool(), digits.pool(best)
    assert near.decisions[: len(alone)] == alone.decisions
    neighbours = near.decisions[len(alone) :]
    assert len(neighbours) > 60
    assert all(min(distance(each, other) for other in best) <= 2 for each in neighbours)
    assert all(any(distance(each, other) == 1 for each in neighbours) for other in best)


def test_candidates_are_distinct_and_within_the_limits(
    digits: Candidates, best: list[Mapping[str, int | str]]
) -> None:
    pool = digits.pool([*best, best[0]])
    assert len(set(pool.keys)) == len({tuple(each.items()) for each in pool.decisions}) == len(pool)
    assert all(digits.describer.space.contains(each) for each in pool.decisions)


def test_candidates_follow_from_the_best_alone(
    digits: Candidates, best: list[Mapping[str, int | str]]
) -> None:
    seasoned = [digits.pool(best[:2]), digits.pool(best), digits.pool(best[:1])][1]
    fresh = Candidates(describer=Describer(space=load_space("digits"))).pool(best)
    assert written(fresh) == written(seasoned)


def test_what_was_forgotten_is_made_anew(
    digits: Candidates, best: list[Mapping[str, int | str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = written(digits.pool(best))
    monkeypatch.setattr(candidates_module, "KEPT", 1)
    digits.pool(best[1:])
    assert written(digits.pool(best)) == before


def test_each_candidate_has_its_costs(best: list[Mapping[str, int | str]]) -> None:
    space = load_space("digits")
    candidates = Candidates(
        describer=Describer(space=space),
        names=("macs", "lanes"),
        costs_of=lambda sample: {"lanes": len(sample.decisions), "macs": sample.totals.macs, "other": 0},
    )
    pool = candidates.pool(best)
    expected = [[space.replay(each).totals.macs, len(each)] for each in pool.decisions]
    assert pool.costs.tolist() == expected


def test_limits_that_the_space_does_not_know_hold(best: list[Mapping[str, int | str]]) -> None:
    candidates = Candidates(
        describer=Describer(space=load_space("digits")), holds=lambda sample: sample.totals.macs < 100_000
    )
    pool = candidates.pool(best)
    assert 0 < len(pool) < 500
    assert all(candidates.describer.space.replay(each).totals.macs < 100_000 for each in pool.decisions)


def test_a_limit_that_nothing_meets_leaves_no_candidates() -> None:
    nothing = Candidates(describer=Describer(space=load_space("digits")), holds=lambda sample: False).pool()
    assert len(nothing) == 0
    assert nothing.description.codes.shape[1] == 41


@pytest.mark.parametrize(
    "space",
    [
        pytest.param("cifar", marks=pytest.mark.full),
        pytest.param("nasnet", marks=pytest.mark.full),
        "once-for-all",
    ],
)
def test_vast_spaces_have_candidates(space: str) -> None:
    vast = Space.from_yaml(ONCE_FOR_ALL) if space == "once-for-all" else load_space(space)
    candidates = Candidates(describer=Describer(space=vast))
    assert vast.count() > 10**14
    pool = candidates.pool([vast.sample(Random(1)).decisions])
    assert len(pool) > len(candidates.pool()) >= 200
    assert np.isfinite(pool.description.features).all()


def test_decisions_on_training_vary_among_the_neighbours() -> None:
    recipe = read_any_recipe({"rate": "0.01..0.1 log", "weight_decay": {"0": None, "0.1": None}})
    space = trial_space(load_space("digits"), recipe)
    (start,) = best = [space.sample(Random(1)).decisions]
    candidates = Candidates(describer=Describer(space=space))
    near = candidates.pool(best).decisions[len(candidates.pool()) :]
    paths = [path for path in start if path in ("recipe.rate", "recipe.weight_decay")]
    assert len(paths) == 2
    assert all(any(each[path] != start[path] for each in near) for path in paths)
