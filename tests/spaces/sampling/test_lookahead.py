"""Samples that look ahead: what they lean towards, and the weights that make up for it."""

from __future__ import annotations

from functools import cache
from math import exp, prod, sqrt
from random import Random

import pytest

from archscape.spaces import Sample, ShapeError, Space
from archscape.spaces.language.slots import uniform
from archscape.spaces.sampling.drawing import follow, other
from archscape.spaces.sampling.lookahead import Lookahead

TEXT = """\
space: small
input: 3x12x12
let: {w: {4, 8, 12}, d: {1, 2}}
blocks:
  any:
    conv: {kernel: {1, 3}}
    basic: {se: {none, 1/4}}
layers:
  - any: {name: a, width: $w, depth: $d, stride: {1, 2}, per: block}
  - any: {name: b, width: 2 * $w, depth: 0..$d}
  - maxpool: {kernel: 7, padding: {valid, same}}
  - linear: {width: {5, 10}}
""".replace("0..$d", "'{0, $d}'")


@cache
def small() -> Space:
    return Space.from_yaml(TEXT)


@cache
def lists() -> list[tuple[Sample, float]]:
    """Return every sample with its odds in a plain draw."""
    space = small()
    return [(s, 1 / prod(len(space.paths[path]) for path in s.decisions)) for s in space.enumerate()]


def lookahead(space: Space) -> Lookahead:
    return Lookahead(space.program, space.input, space.within, Random(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    "limits",
    [
        {"params": "..1k"},
        {"params": "4k..4500"},
        {"macs": "..60k", "params": "500.."},
        {"activations": "2k.."},
        {},
    ],
    ids=str,
)
def test_weights_make_up_for_leaning(limits: dict[str, str]) -> None:
    """The mean weight of the draws that end within the limits is how often plain draws do."""
    space = small().tighten(limits)
    ahead, rng, draws = lookahead(space), Random(1), 3000
    weights = []
    for _ in range(draws):
        walk = ahead.draw(rng)
        met = walk is not None and space.contains(walk.decisions)
        weights.append(exp(walk.weight) if walk is not None and met else 0.0)
    exact = sum(odds for sample, odds in lists() if space.feasible(sample))
    mean = sum(weights) / draws
    spread = sqrt(sum((weight - mean) ** 2 for weight in weights)) / draws
    assert 0 < exact < 1
    assert abs(mean - exact) < 4 * spread + 0.001 * exact
    assert sum(weight > 0 for weight in weights) > 5 * exact * draws or exact > 0.1, "and they lean well"


def buildable(sample: Sample) -> bool:
    try:
        return sample.totals.params > 0
    except ShapeError:
        return False


def test_dead_ends_are_left_out() -> None:
    """Where no limit is set, looking ahead still avoids what cannot be built."""
    ahead, rng = lookahead(small()), Random(2)
    walks = [ahead.draw(rng) for _ in range(200)]
    assert all(walk is not None and small().contains(walk.decisions) for walk in walks)
    assert not all(buildable(sample) for sample, _ in lists())


def test_no_walk_where_nothing_can_be_built() -> None:
    space = Space.from_yaml("space: s\ninput: 3x4x4\nlayers:\n  - conv: {width: {5, 7}, groups: 2}\n")
    assert lookahead(space).draw(Random(1)) is None


def test_the_parts_of_a_walk() -> None:
    rng = Random(3)
    choose = uniform(rng)
    assert {choose("a", (1, 2, 3)) for _ in range(50)} == {1, 2, 3}
    assert {other((1, 2, 3), 2, rng) for _ in range(50)} == {1, 3}
    assert {other(range(5, 8), 5, rng) for _ in range(50)} == {6, 7}
    taken = follow({"a": 2}, lambda _, options: options[0])
    assert [taken("a", (1, 2)), taken("b", (1, 2))] == [2, 1]
