"""Many networks at once are the networks that come one by one."""

from random import Random

import pytest

from archscape.spaces import Space
from archscape.spaces.errors import Infeasible
from archscape.spaces.language.limits import COSTS, cost_of
from archscape.spaces.sampling import batch
from archscape.spaces.sampling.batch import Batch, sample_many

UNBUILDABLE = """
space: dead-ends
input: 1x8x8
choices: {pool: {2, 3, 5}}
let: {w: {3, 4}}
layers:
  - conv: {width: $w, norm: {batch, none}}
  - conv: {name: second, width: 2 * $w, groups: {1, 3}, depth: 0..2, per: block}
  - maxpool: {kernel: $pool, stride: $pool, padding: 0, name: pool1}
  - maxpool: {kernel: $pool, stride: $pool, padding: 0, name: pool2}
  - linear: {width: $w}
"""
NAMED = """
space: named
input: 1x8x8
layers:
  - conv: {name: first, width: {4, 8}}
  - conv: {width: 8}
  - concat: {with: first}
  - linear: {width: 2}
"""
OPEN_DEFAULTS = """
space: open-defaults
input: 3x8x8
defaults: {act: {relu, silu}}
let: {w: {4, 8}, d: 1..2}
layers:
  - conv: {width: $w, depth: $d}
  - basic: {width: 2 * $w, depth: 0..3, se: {none, 1/2}, stride: {1, 2}}
  - linear: {width: 2}
within: {params: 500.., macs: ..300k}
"""
NARROW = "space: narrow\ninput: 1x8x8\nlayers: [{conv: {width: 1..64}}, {conv: {width: 1..64, name: b}}]\n"


def one_by_one(space: Space, number: int, seed: int) -> tuple[list[dict[str, object]], dict[str, list[int]]]:
    rng = Random(seed)
    samples = [space.sample(rng) for _ in range(number)]
    totals = [sample.totals for sample in samples]
    return [dict(s.decisions) for s in samples], {n: [cost_of(t, n) for t in totals] for n in COSTS}


def rows(space: Space, drawn: Batch) -> tuple[list[dict[str, object]], dict[str, list[int]]]:
    number = len(drawn.costs["params"])
    decisions: list[dict[str, object]] = [{} for _ in range(number)]
    for path, taken in drawn.taken.items():
        for row, at in zip(decisions, taken.tolist(), strict=True):
            if at >= 0:
                row[path] = space.paths[path][at]
    return decisions, {name: costs.tolist() for name, costs in drawn.costs.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["cifar", "digits", "nas-bench-201", "nas-bench-macro", "nasnet", "retina-vvs"]
)
def test_a_space_of_the_catalog_gives_the_same_networks(name: str) -> None:
    space = Space.load(name)
    number = 30 if name == "nasnet" else 300
    assert rows(space, sample_many(space, number, Random(7))) == one_by_one(space, number, 7)


@pytest.mark.parametrize("text", [UNBUILDABLE, NAMED, OPEN_DEFAULTS])
def test_dead_ends_names_and_open_defaults_change_nothing(text: str) -> None:
    space = Space.from_yaml(text)
    assert rows(space, sample_many(space, 400, Random(1))) == one_by_one(space, 400, 1)


def test_some_walks_of_the_dead_ends_cannot_be_built() -> None:
    space = Space.from_yaml(UNBUILDABLE)
    assert not all(map(space.feasible, space.enumerate()))


@pytest.mark.slow
def test_narrow_limits_are_left_to_sample() -> None:
    space = Space.from_yaml(NARROW + "within: {params: 700..701}\n")
    assert not space.easy
    assert rows(space, sample_many(space, 3, Random(1))) == one_by_one(space, 3, 1)


def test_what_is_not_remembered_is_drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space.load("cifar")
    monkeypatch.setattr(batch, "REMEMBERED", 100)
    assert rows(space, sample_many(space, 300, Random(7))) == one_by_one(space, 300, 7)


def test_a_wide_choice_is_left_to_sample() -> None:
    space = Space.from_yaml("space: wide\ninput: 1x4x4\nlayers: [{conv: {width: 1..2000}}]")
    assert rows(space, sample_many(space, 50, Random(2))) == one_by_one(space, 50, 2)


def test_limits_that_nothing_meets_are_told() -> None:
    space = Space.from_yaml(NARROW + "within: {params: 1..2}\n")
    with pytest.raises(Infeasible, match="no network was found within the limits"):
        sample_many(space, 5, Random(0))
