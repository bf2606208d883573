"""Limits on metrics, and by how much a trial is beyond them."""

from __future__ import annotations

import doctest
from math import inf, nan

import pytest

from archscape.analysis import limits as module
from archscape.analysis.limits import MetricLimit, read_limits, violation
from archscape.analysis.metrics import BYTES
from archscape.spaces.errors import JobError


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("text", "low", "high", "shown"),
    [
        ("0.9..", 0.9, None, "0.9.."),
        ("70%..", 0.7, None, "0.7.."),
        ("..512k", None, 512_000, "..512000"),
        (" 1.5 M .. 2e6 ", 1.5e6, 2e6, "1500000..2000000"),
        ("-1..0", -1, 0, "-1..0"),
    ],
)
def test_a_limit_is_read_and_shown(text: str, low: float | None, high: float | None, shown: str) -> None:
    limit = MetricLimit.parse(text)
    assert (limit.low, limit.high, str(limit)) == (low, high, shown)
    assert MetricLimit.parse(shown) == limit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.9", r"low..high, as in 0.9.. or ..1M, but got '0.9'; did you mean '0.9..' or '..0.9'\?"),
        ("..", "a limit is low..high in numbers"),
        ("high", "but got 'high'$"),
        ("0.9..x", "in numbers, with k, M, G or %, as in 0.9.. or ..1M, but got '0.9..x'"),
        ("..1e999", "a limit is low..high in numbers"),
        ("0.9..0.8", "`low <= high` must hold, but got '0.9..0.8'"),
    ],
)
def test_a_wrong_limit_is_refused(text: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        MetricLimit.parse(text)


@pytest.mark.parametrize(
    ("text", "high", "shown", "plain"),
    [
        ("..256KiB", 262_144, "..256KiB", "..262144"),
        ("..262144", 262_144, "..256KiB", "..262144"),
        ("..20M", 20_000_000, "..20MB", "..20000000"),
        ("..1.5 MiB", 1_572_864, "..1.5MiB", "..1572864"),
        ("1kB..64KiB", 65_536, "1kB..64KiB", "1000..65536"),
        ("..65537B", 65_537, "..65.537kB", "..65537"),
    ],
)
def test_a_limit_in_bytes_has_units_of_bytes(text: str, high: float, shown: str, plain: str) -> None:
    limit = MetricLimit.parse(text, BYTES)
    assert (limit.high, str(limit), limit.plain) == (high, shown, plain)
    assert MetricLimit.parse(shown, BYTES) == MetricLimit.parse(plain, BYTES) == limit
    assert MetricLimit.parse("..256KiB", BYTES).words == "at most 256KiB"


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        (
            "..256Kb",
            BYTES,
            r"in bytes is in numbers with B, kB, MB, .* but got '..256Kb'; did you mean 'kB'\?",
        ),
        ("256KiB", BYTES, r"as in ..256KiB, but got '256KiB'; did you mean '256KiB..' or '..256KiB'\?"),
        ("..50%", BYTES, "a limit in bytes is in numbers with B, kB, .*, as in ..256KiB, but got '..50%'"),
        ("..256KiB", "", "a limit is in numbers, .* B, kB, .* stand in limits on a metric in bytes alone"),
    ],
)
def test_a_unit_of_something_else_is_refused(text: str, unit: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        MetricLimit.parse(text, unit)


def test_how_far_a_value_is_beyond_is_in_units_of_the_end() -> None:
    limit = MetricLimit(low=10, high=20)
    assert [limit.beyond(value) for value in (10, 20, 5, 30, nan)] == [0, 0, 0.5, 0.5, inf]
    assert MetricLimit(high=0).beyond(3) == 3
    assert limit.excess(5) == [-15, 5]


def test_the_violation_is_the_sum_over_all_limits() -> None:
    limits = {"accuracy": MetricLimit(low=0.5), "seconds": MetricLimit(high=10)}
    assert violation(limits, {"accuracy": 0.4, "seconds": 15}) == pytest.approx(0.2 + 0.5)
    assert violation(limits, {"accuracy": 0.6}) == inf
    assert violation({}, {}) == 0


def test_those_of_a_study_are_on_what_only_training_can_tell() -> None:
    facts = {
        "limits": {"memory": "..1000", "f1": "0.5..", "per_pixel": "..3"},
        "metrics": {
            "f1": {"direction": "maximize"},
            "per_pixel": {"direction": "minimize", "call": "m.py:f"},
        },
    }
    assert read_limits(facts) == {"f1": MetricLimit(low=0.5)}
