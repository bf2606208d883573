"""Grid: every list of decisions once, spread out, in a space of any size."""

from __future__ import annotations

import doctest
import random
from collections import Counter
from itertools import islice

from archscape.search.samplers import grid
from archscape.search.samplers.grid import GridSampler
from archscape.search.study.history import History
from archscape.spaces import Space, load_space


def walked(space: Space, count: int) -> list[dict[str, object]]:
    """Return the decisions of the first points, those within the limits alone."""
    history = History(objectives={"accuracy": "maximize"})
    proposals = islice(GridSampler().proposals(space, history, random.Random(0)), count)
    return [dict(each.sample.decisions) for each in proposals]


def test_every_list_is_met_once_where_no_choice_opens_another() -> None:
    space = Space.from_yaml(
        "space: lines\ninput: 1x8x8\nlayers:\n  - conv: {width: 1..7, kernel: {1, 3, 5}, stride: {1, 2}}\n"
        "  - conv: {width: 1..5, bias: {true, false}}\n  - linear: {width: 10}\n"
    )
    walk = GridSampler().walk(space, "")
    samples = [walk.point(place) for place in range(space.count())]
    lists = {tuple(sample.decisions.values()) for sample in samples if sample is not None}
    assert len(lists) == space.count() == 7 * 3 * 2 * 5 * 2
    assert walk.point(space.count()) is None


def test_the_first_points_spread_over_the_options_of_every_choice() -> None:
    space = load_space("nas-bench-201")
    first, *middle, last = space.paths
    points = walked(space, 50)
    counts = {path: sorted(Counter(point[path] for point in points).values()) for path in space.paths}
    assert counts[last] == [10] * 5  # the last choice takes its options in turn
    assert max(counts[first]) <= min(counts[first]) + 3
    for path in middle:
        assert len(counts[path]) == 5
        assert max(counts[path]) < 3 * min(counts[path]), path


def test_a_huge_space_is_walked_as_well() -> None:
    space = load_space("cifar")
    points = walked(space, 60)
    assert len({tuple(point.items()) for point in points}) == 60
    assert {point["w"] for point in points} == {16, 24, 32}
    assert all(space.contains(point) for point in points)


def test_the_order_is_the_same_whatever_the_seed_and_the_results() -> None:
    space = load_space("digits")
    history = History(objectives={"accuracy": "maximize"})
    first, second = (
        next(GridSampler().proposals(space, history, random.Random(seed))).sample.hash() for seed in (0, 1)
    )
    assert first == second


def test_worked_example_holds() -> None:
    assert doctest.testmod(grid) == (0, 1)
