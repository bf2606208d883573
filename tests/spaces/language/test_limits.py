"""Limits: how they are written, and how far off a cost is."""

from __future__ import annotations

import re
from dataclasses import replace
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import KNOWN_BEFORE_TRAINING, METRICS
from archscape.spaces import Limit, Space, SpaceError, Totals, load_space
from archscape.spaces.language.limits import COSTS, OF_JOBS, miss, parse_limit

ends = st.none() | st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("..1M", Limit(high=1_000_000)),
        ("10k..", Limit(low=10_000)),
        ("10k..1M", Limit(low=10_000, high=1_000_000)),
        ("0..5", Limit(low=0, high=5)),
        ("1.5k .. 2G", Limit(low=1500, high=2_000_000_000)),
        ("..1e5", Limit(high=100_000)),
        ("1_000..1.5e6", Limit(low=1000, high=1_500_000)),
        ("..100K", Limit(high=100_000)),
    ],
)
def test_reading(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["1M", "<1M", "<= 1M", "≤1M"])
def test_a_bare_amount_is_met_with_a_limit(text: str) -> None:
    with pytest.raises(SpaceError, match=r"did you mean '\.\.1M'\?"):
        parse_limit(text)


@settings(derandomize=True)
@given(ends, ends)
def test_a_limit_is_read_as_it_was_written(low: int | None, high: int | None) -> None:
    try:
        limit = Limit(low=low, high=high)
    except SpaceError:
        assert (low is None and high is None) or (low is not None and high is not None and low > high)
        return
    assert parse_limit(str(limit)) == limit


def test_both_ends_belong_to_a_limit() -> None:
    limit = Limit(low=10, high=20)
    assert [limit.miss(cost) for cost in (10, 15, 20)] == [0, 0, 0]
    assert limit.miss(41) == pytest.approx(log(2))
    assert limit.miss(4) == pytest.approx(log(11 / 5))


def test_the_worst_limit_counts() -> None:
    totals = Totals(100, 1000, 50, 10)
    limits = {"params": Limit(high=49), "macs": Limit(high=2000), "flops": Limit(high=100)}
    assert miss(limits, totals) == pytest.approx(log(2051 / 101))
    assert miss({}, totals) == 0


def test_two_limits_on_one_cost_both_hold() -> None:
    assert Limit(low=3).tightened(Limit(high=9)) == Limit(low=3, high=9)
    assert Limit(low=3, high=9).tightened(Limit(low=5, high=20)) == Limit(low=5, high=9)


@pytest.mark.parametrize("name", OF_JOBS)
def test_what_a_space_cannot_tell_is_a_limit_of_a_job(name: str) -> None:
    space = load_space("digits")
    law = re.escape(f"{name} is a limit of a job: `within: {{{name}: {OF_JOBS[name]}}}` there")
    with pytest.raises(SpaceError, match=law):
        space.tighten({name: OF_JOBS[name]})
    text = replace(space, within={}).to_yaml()
    with pytest.raises(SpaceError, match=law):
        Space.from_yaml(f"{text}within: {{{name}: {OF_JOBS[name]}}}\n")
    assert MetricLimit.parse(OF_JOBS[name], METRICS[name].unit)


def test_what_is_known_before_training_is_a_limit_of_a_space_or_of_a_job() -> None:
    assert {*COSTS, *OF_JOBS} == KNOWN_BEFORE_TRAINING
