"""A space counts, lists, encodes and draws its decision lists; random samples are uniform in its limits."""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import pi, prod, sqrt
from random import Random
from time import process_time

import pytest

from archscape.spaces import Infeasible, Limit, Row, Sample, ShapeError, Space, SpaceError, oneof

HEAD = "space: small\ninput: 3x16x16\n"
ANY = """\
blocks:
  any:
    plain: {kernel: {1, 3}}
    inverted: {expand: {2, 3, 4}}
    dense: {growth: 4}
"""
SMALL = {
    "a choice": ("layers:\n  - conv: {width: {4, 8, 16}}\n", 3),
    "a range": ("layers:\n  - conv: {width: 4..16 step 4}\n", 4),
    "ranges in a choice": ("layers:\n  - conv: {width: {4, 8..16 step 4, 100..102}}\n", 1 + 3 + 3),
    "arithmetic of two choices": ("layers:\n  - conv: {width: '{1, 2} * {3, 5, 7}'}\n", 6),
    "a sequence": ("layers:\n  - conv: {width: 4, kernel: [{1, 3}, {3, 5, 7}]}\n", 6),
    "a named choice is drawn anew": (
        "choices: {k: {1, 3, 5}}\nlayers:\n  - conv: {width: 4, kernel: $k}\n"
        "  - conv: {width: 4, kernel: $k}\n",
        9,
    ),
    "a variable is drawn once": (
        "let: {w: {4, 8, 12}}\nlayers:\n  - conv: {width: $w}\n  - conv: {width: 2 * $w}\n"
        "  - conv: {width: $w}\n",
        3,
    ),
    "a variable that reads a variable": (
        "let: {w: {4, 8}, v: '$w * {1, 2, 3}'}\nlayers:\n  - conv: {width: $v}\n  - conv: {width: $v}\n",
        6,
    ),
    "a variable read in one alternative only": (
        "let: {k: {1, 3, 5}}\nblocks: {any: {plain: {kernel: $k}, basic: , conv: }}\n"
        "layers:\n  - any: {name: a, width: 8}\n  - any: {name: b, width: 8}\n",
        3 * (1 + 2 + 2) + 4,
    ),
    "a variable read in one option of a variable": (
        "let: {w: {4, 8, 12}, v: {$w, 5}}\nlayers:\n  - conv: {width: $v}\n  - conv: {width: {$w, 7}}\n",
        3 + 3 + (3 + 1),
    ),
    "a depth from zero": (ANY + "layers:\n  - any: {name: a, width: 8, depth: 0..2}\n", 1 + 6 + 6),
    "a depth drawn for each block": (
        ANY + "layers:\n  - any: {name: a, width: 8, depth: 0..2, per: block}\n",
        1 + 6 + 36,
    ),
    "a depth from a variable": (
        "let: {d: {0, 1, 3}}\n" + ANY + "layers:\n  - any: {name: a, width: 8, depth: $d, per: block}\n"
        "  - any: {name: b, width: 8, depth: $d, per: block}\n",
        1 + 6**2 + 6**6,
    ),
    "a depth that reads a variable at times": (
        "let: {d: {2, 3}}\nlayers:\n  - plain: {width: {8, $d}, depth: {1, $d}}\n"
        "  - conv: {width: $d, depth: 0..1}\n",
        # Where the first depth is 1: $d is read by neither width, by one of them, or by both.
        (1 + 2 + 2 + 2) + 2 * 2 * 2,
    ),
    "a stride is the first block's": (
        "layers:\n  - plain: {width: 8, depth: 1..3, stride: {1, 2}, kernel: {1, 3}, per: block}\n",
        2 * 2 + 2 * 4 + 2 * 8,
    ),
    "words of words": (
        "blocks:\n  outer: {inner: , conv: {kernel: {1, 3}}}\n  inner: {plain: {kernel: {1, 3}}, basic: }\n"
        "layers:\n  - outer: {name: a, width: 8, depth: 1..2, per: block}\n",
        5 + 25,
    ),
    "two words of one block": (
        "blocks:\n  any: {small: , large: }\n  small: {plain: {kernel: 1}}\n"
        "  large: {plain: {kernel: {3, 5}}}\n"
        "layers:\n  - any: {width: 8}\n",
        3,
    ),
    "open defaults": (
        "defaults: {norm: {batch, none}, act: {relu, silu, tanh}}\n"
        "layers:\n  - conv: {width: 4}\n  - conv: {width: {4, 8}, norm: batch}\n",
        2 * 3 * 2,
    ),
}


def small(name: str) -> Space:
    return Space.from_yaml(HEAD + SMALL[name][0])


@cache
def listed(name: str) -> tuple[Sample, ...]:
    return tuple(small(name).enumerate())


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_count_is_what_enumeration_finds(name: str) -> None:
    lists = {tuple(sample.decisions.items()) for sample in listed(name)}
    assert len(lists) == len(listed(name)), "no list comes twice"
    assert small(name).count() == len(lists)
    assert len(lists) == SMALL[name][1]


def test_counts_are_exact_however_large() -> None:
    rows = "  - any: {width: {8, 16}, depth: 1..4, per: block}\n" * 40
    each = sum((2 * (2 + 3 + 1)) ** depth for depth in range(1, 5))
    assert Space.from_yaml(f"{HEAD}{ANY}layers:\n{rows}").count() == each**40


def test_variables_that_many_depths_read_are_counted() -> None:
    lets = ", ".join(f"d{i}: 0..9" for i in range(30))
    rows = "".join(
        f"  - conv: {{width: {{2, 4}}, depth: $d{i}}}\n  - norm: {{act: {{relu, tanh}}}}\n" for i in range(30)
    )
    assert Space.from_yaml(f"{HEAD}let: {{{lets}}}\nlayers:\n{rows}").count() == ((1 + 9 * 2) * 2) ** 30


@pytest.mark.slow
def test_a_count_that_would_take_for_ever_is_refused() -> None:
    lets = ", ".join(f"d{i}: 0..9" for i in range(20))
    rows = "".join(f"  - conv: {{width: 4, depth: $d{i}}}\n" for i in range(20)) * 2
    with pytest.raises(SpaceError, match="cannot be counted: too many variables"):
        Space.from_yaml(f"{HEAD}let: {{{lets}}}\nlayers:\n{rows}").count()


def test_count_distinct_counts_networks_within_the_limits() -> None:
    # Depth 2 is the same network as two rows of depth 1; only the wide ones exceed the limit.
    rows = "  - conv: {name: a, width: {4, 64}, depth: 0..2}\n  - conv: {name: b, width: 4, depth: 0..2}\n"
    space = Space.from_yaml(f"{HEAD}layers:\n{rows}")
    assert space.count() == 5 * 3
    hashes = {s.network.hash() for s in space.enumerate() if s.decisions != {"a.depth": 0, "b.depth": 0}}
    assert space.count_distinct() == len(hashes) == 4 + 2 * 3
    assert space.tighten({"params": "..1k"}).count_distinct() == 4
    assert space.count_distinct(limit=10) == 10  # a chain without limits needs no enumeration
    assert space.tighten({"params": "..1k"}).count_distinct(limit=10) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_paths_hold_every_decision(name: str) -> None:
    space = small(name)
    asked: dict[str, set[object]] = {}
    for sample in listed(name):
        for path, option in sample.decisions.items():
            asked.setdefault(path, set()).add(option)
    assert {path: set(options) for path, options in space.paths.items()} == asked


def test_paths_are_readable_and_stable() -> None:
    cifar = Space.load("cifar")
    assert cifar.paths["stage1.any.inverted.kernel"] == (3, 5, 7)
    assert cifar.paths["stage1.any"] == ("plain", "basic", "bottleneck", "inverted", "dense")
    assert cifar.paths["stage3.4.any.plain.se"] == ("none", "1/4", "1/16")
    assert list(cifar.paths)[:2] == ["w", "stage1.depth"]
    assert list(cifar.paths["stage1.depth"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("name", SMALL)
def test_encode_has_one_length_and_tells_lists_apart(name: str) -> None:
    space = small(name)
    codes = [space.encode(sample.decisions) for sample in listed(name)[:500]]
    assert len({len(code) for code in codes}) == 1
    assert len(set(codes)) == len(codes)
    assert all(value == -1 or 0 <= value <= 1 for code in codes for value in code)


def test_encode_keeps_the_order_of_numbers() -> None:
    rows = "  - conv: {width: 4..16 step 4}\n  - plain: {width: 8, se: {none, 1/4}, depth: 0..1}\n"
    space = Space.from_yaml(f"{HEAD}layers:\n{rows}")
    assert space.encode({"conv.width": 12, "plain.depth": 1, "plain.se": "1/4"}) == (2 / 3, 1.0, 0.0, 1.0)
    assert space.encode({"conv.width": 4, "plain.depth": 0}) == (0.0, 0.0, -1.0, -1.0)


def test_encode_refuses_what_is_not_of_the_space() -> None:
    space = small("a choice")
    with pytest.raises(SpaceError, match=r"nothing asks for 'conv\.widht'; did you mean 'conv\.width'"):
        space.encode({"conv.widht": 4})
    with pytest.raises(SpaceError, match=r"'5' is no option of 'conv\.width'"):
        space.encode({"conv.width": 5})


# Sampling


def test_decide_asks_depth_first_in_the_order_of_the_table() -> None:
    space = Space.from_yaml(
        f"{HEAD}let: {{w: {{4, 8}}}}\n{ANY}"
        "layers:\n  - any: {name: a, width: $w, depth: 1..2, per: block}\n"
    )
    asked = list(space.decide(lambda _, options: options[-1]).decisions)
    assert asked == ["a.depth", "a.1.any", "w", "a.2.any"]


def test_replay_gives_the_same_network_and_refuses_other_lists() -> None:
    space = Space.load("cifar")
    sample = space.sample(Random(0))
    assert space.replay(sample.decisions).network == sample.network
    assert space.contains(sample.decisions)
    for wrong, words in [
        ({**sample.decisions, "w": 17}, "'17' is no option of 'w'"),
        ({path: o for path, o in sample.decisions.items() if path != "w"}, "the decision 'w' is missing"),
        ({**sample.decisions, "stage9.any": "plain"}, "nothing asks for 'stage9.any'"),
    ]:
        assert not space.contains(wrong)
        with pytest.raises(SpaceError, match=words):
            space.replay(wrong)
        with pytest.raises(SpaceError):
            space.mutate(wrong, Random(0))
        with pytest.raises(SpaceError):
            space.crossover(sample.decisions, wrong, Random(0))
        with pytest.raises(SpaceError):
            next(space.neighbours(wrong))


def test_decisions_that_went_through_json_are_the_same() -> None:
    space = small("a range")
    assert space.replay({"conv.width": 8.0}).decisions == {"conv.width": 8}  # type: ignore[dict-item]
    assert type(space.replay({"conv.width": 8.0}).decisions["conv.width"]) is int  # type: ignore[dict-item]


def test_contains_looks_at_the_limits() -> None:
    space = small("a choice").tighten({"params": "..250"})
    assert [space.contains({"conv.width": width}) for width in (4, 8, 16)] == [True, True, False]


@pytest.mark.parametrize("name", ["cifar", "digits"])
def test_neighbours_differ_in_one_decision(name: str) -> None:
    space = Space.load(name)
    start = space.sample(Random(1)).decisions
    seen = list(space.neighbours(start))
    assert len(seen) > 10
    for sample in seen:
        shared = set(start) & set(sample.decisions)
        changed = [path for path in shared if start[path] != sample.decisions[path]]
        assert len(changed) == 1
        assert space.feasible(sample)
        assert space.replay(sample.decisions).decisions == sample.decisions


def test_neighbours_are_all_there() -> None:
    space = small("a depth from a variable")
    start = next(s for s in space.enumerate() if s.decisions["d"] == 1).decisions
    lists = [dict(sample.decisions) for sample in space.neighbours(start)]
    changed = Counter(path for near in lists for path in near if path in start and near[path] != start[path])
    expected = {path: len(space.paths[path]) - 1 for path in start}
    # Depth 0 leaves no block, so nothing can be built there.
    assert changed == {**expected, "d": 1}


@pytest.mark.parametrize("name", ["cifar", "digits"])
def test_mutation_changes_one_decision_and_stays_within_the_limits(name: str) -> None:
    space, rng = Space.load(name), Random(2)
    sample = space.sample(rng)
    for _ in range(50):
        mutant = space.mutate(sample.decisions, rng)
        shared = set(sample.decisions) & set(mutant.decisions)
        assert 1 <= sum(sample.decisions[path] != mutant.decisions[path] for path in shared) <= 4
        assert space.feasible(mutant)
        sample = mutant


@pytest.mark.parametrize("name", ["cifar", "digits"])
def test_crossover_takes_every_decision_from_a_parent(name: str) -> None:
    space, rng = Space.load(name), Random(3)
    for _ in range(50):
        first, second = space.sample(rng), space.sample(rng)
        child = space.crossover(first.decisions, second.decisions, rng)
        assert space.feasible(child)
        for path, option in child.decisions.items():
            parents = [p.decisions[path] for p in (first, second) if path in p.decisions]
            assert not parents or option in parents


def test_walks_stay_within_tight_limits() -> None:
    space, rng = Space.load("digits").tighten({"params": "20k..21k"}), Random(4)
    first, second = space.sample(rng), space.sample(rng)
    walks = [space.mutate(first.decisions, rng), space.crossover(first.decisions, second.decisions, rng)]
    assert all(20_000 <= walk.totals.params <= 21_000 for walk in walks)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_networks() -> None:
    for limits in ({}, {"params": "..15k"}):
        samples = [
            [space.sample(rng).decisions for _ in range(5)]
            for space, rng in ((Space.load("cifar").tighten(limits), Random(5)) for _ in range(2))
        ]
        assert samples[0] == samples[1]


def test_earlier_samples_do_not_change_later_ones() -> None:
    warm, cold = (Space.load("cifar").tighten({"params": "..15k"}) for _ in range(2))
    warm.sample(Random(0))
    assert warm.sample(Random(1)).decisions == cold.sample(Random(1)).decisions


# Limits


def test_tighten_keeps_both_limits() -> None:
    space = Space.load("digits").tighten({"params": "1k..1M", "activations": Limit(high=9)})
    assert space.within == {
        "params": Limit(low=1000, high=200_000),
        "macs": Limit(high=5_000_000),
        "activations": Limit(high=9),
    }
    assert Space.load("digits").within == {"params": Limit(high=200_000), "macs": Limit(high=5_000_000)}


def test_limits_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(SpaceError, match=r"`low <= high` must hold, but got '300k\.\.200k'"):
        Space.load("digits").tighten({"params": "300k.."})
    with pytest.raises(SpaceError, match="within has no 'prams'; did you mean 'params'"):
        Space.load("digits").tighten({"prams": "..1k"})
    with pytest.raises(SpaceError, match=r"a limit is low\.\.high"):
        Space.load("digits").tighten({"params": "1k"})


@pytest.mark.parametrize(
    ("cost", "limit"), [("params", "..50k"), ("macs", "1M..2M"), ("flops", "..3M"), ("activations", "10k..")]
)
def test_every_cost_can_be_limited(cost: str, limit: str) -> None:
    space, rng = Space.load("digits").tighten({cost: limit}), Random(6)
    bounds = space.within[cost]
    for _ in range(20):
        assert bounds.miss(getattr(space.sample(rng).totals, cost)) == 0


def test_infeasible_names_the_nearest_miss() -> None:
    # 3 x 3 x 3 x 4 weights, gamma and beta of 4 channels: nothing is smaller than 116.
    space = Space.from_yaml(f"{HEAD}layers:\n  - conv: {{width: {{4, 8, 16}}}}\nwithin: {{params: ..100}}\n")
    words = (
        r"within the limits \(params: \.\.100\); the nearest has 116 params\. Widen the limits or the choices"
    )
    with pytest.raises(Infeasible, match=words):
        space.sample(Random(0))


def test_a_space_of_which_nothing_can_be_built_says_so() -> None:
    space = Space.from_yaml(f"{HEAD}layers:\n  - conv: {{width: {{3, 6}}, groups: 2}}\n")
    with pytest.raises(
        Infeasible, match="no network that was drawn can be built; the last one: 2 groups must divide"
    ):
        space.sample(Random(0))


def test_networks_without_a_block_are_not_feasible() -> None:
    space = Space.from_yaml(f"{HEAD}layers:\n  - conv: {{width: 4, depth: 0..1}}\n")
    assert {space.sample(Random(seed)).decisions["conv.depth"] for seed in range(20)} == {1}
    with pytest.raises(ShapeError, match="no block is left: every depth is 0"):
        _ = space.replay({"conv.depth": 0}).network


# Uniformity: every choice is uniform given that the network meets the limits. Whole distributions are
# compared with the exact ones, which enumeration gives.

UNIFORM = f"""{HEAD}
let: {{w: {{8, 12, 16}}}}
blocks:
  any:
    conv: {{kernel: {{1, 3, 5}}}}
    basic: {{se: {{none, 1/4}}}}
    inverted: {{expand: {{2, 4}}}}
layers:
  - any: {{name: a, width: $w, depth: 1..3}}
  - any: {{name: b, width: 2 * $w, stride: 2, depth: 1..2, per: block}}
  - any: {{name: c, width: {{16, 32, 48, 64}}, stride: 2}}
  - avgpool
  - linear: {{width: 10}}
"""
Lists = dict[tuple[tuple[str, object], ...], float]


@cache
def uniform() -> Space:
    return Space.from_yaml(UNIFORM)


@cache
def all_lists() -> list[tuple[int, float, tuple[tuple[str, object], ...]]]:
    """Return params, probability and decisions of every list whose network can be built."""
    space = uniform()
    return sorted(
        (
            s.totals.params,
            1 / prod(len(space.paths[path]) for path in s.decisions),
            tuple(s.decisions.items()),
        )
        for s in space.enumerate()
    )


def conditional(low: int, high: int) -> tuple[Lists, float]:
    """Return the exact distribution of the lists within limits on params, and how likely these are in all."""
    lists = {decisions: odds for params, odds, decisions in all_lists() if low <= params <= high}
    share = sum(lists.values())
    return {decisions: odds / share for decisions, odds in lists.items()}, share


def limits_of(share: float, start: float) -> tuple[int, int]:
    """Return limits on params that a plain walk meets about so often, from a quantile on."""
    lists, below = all_lists(), 0.0
    at = 0
    while below < start:
        below += lists[at][1]
        at += 1
    low, inside = lists[at][0], 0.0
    while inside < share:
        inside += lists[at][1]
        at += 1
    return (0 if start == 0 else low), lists[at - 1][0]


def distance(space: Space, exact: Lists, draws: int) -> tuple[float, float]:
    """Return the total variation between samples and the exact distribution, and what chance would give."""
    rng = Random(7)
    drawn = Counter(tuple(space.sample(rng).decisions.items()) for _ in range(draws))
    assert set(drawn) <= set(exact)
    total_variation = sum(abs(odds - drawn[decisions] / draws) for decisions, odds in exact.items()) / 2
    # The mean of half of the absolute values of normal deviates.
    chance = sum(sqrt(odds * (1 - odds) / draws) for odds in exact.values()) / sqrt(2 * pi)
    return total_variation, chance


@pytest.mark.slow
def test_the_exact_distribution_is_whole() -> None:
    assert len(all_lists()) == uniform().count() > 10_000
    assert abs(sum(odds for _, odds, _ in all_lists()) - 1) < 1e-9


def test_loose_limits_sample_the_exact_distribution() -> None:
    rows = "  - any: {name: a, width: {4, 8}, depth: 0..2}\n  - conv: {width: {2, 4, 8}}\n"
    space = Space.from_yaml(f"{HEAD}{ANY}layers:\n{rows}").tighten({"params": "150..900"})
    lists = {tuple(s.decisions.items()): s for s in space.enumerate()}
    odds = {
        d: 1 / prod(len(space.paths[path]) for path, _ in d) for d, s in lists.items() if space.feasible(s)
    }
    assert 10 < len(odds) < len(lists)
    assert space.easy
    draws, rng = 20_000, Random(8)
    drawn = Counter(tuple(space.sample(rng).decisions.items()) for _ in range(draws))
    assert set(drawn) == set(odds)
    whole = sum(odds.values())
    square = sum((drawn[d] - draws * p / whole) ** 2 / (draws * p / whole) for d, p in odds.items())
    freedom = len(odds) - 1
    assert square < freedom + 4 * sqrt(2 * freedom), "chi-square, four deviations"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "start"),
    [(1e-4, 0.0), (3e-4, 0.0), (1e-4, 0.1), (1e-4, 0.5), (1e-4, 0.9)],
    ids=["least 1e-4", "least 3e-4", "band 1e-4 low", "band 1e-4 middle", "band 1e-4 high"],
)
def test_tight_limits_sample_the_exact_distribution(share: float, start: float) -> None:
    low, high = limits_of(share, start)
    exact, met = conditional(low, high)
    assert met < 3 * share
    space = uniform().tighten({"params": Limit(low=low, high=high)})
    total_variation, chance = distance(space, exact, 200)
    assert not space.easy
    assert total_variation < 1.5 * chance + 0.03


@pytest.mark.slow
def test_what_one_walk_in_ten_thousand_meets_is_found_fast() -> None:
    for limits in ({"params": "..12k"}, {"params": "..9k"}, {"params": "50k..50500", "macs": "20M..21M"}):
        space = Space.load("cifar").tighten(limits)
        start = process_time()
        first = space.sample(Random(0))
        after_first = process_time()
        others = [space.sample(Random(seed)) for seed in range(1, 11)]
        assert all(space.feasible(sample) for sample in (first, *others))
        assert len({tuple(sample.decisions.items()) for sample in (first, *others)}) > 8
        assert after_first - start < 5, "half a second on an idle machine"
        assert (process_time() - after_first) / 10 < 1, "a tenth of a second on an idle machine"


def test_a_space_is_not_a_network() -> None:
    with pytest.raises(SpaceError, match="a space leaves something open"):
        Space(name="one", input=(3, 8, 8), layers=(Row("conv", width=4),))
    assert Space(name="two", input=(3, 8, 8), layers=(Row("conv", width=oneof(4, 8)),)).count() == 2
