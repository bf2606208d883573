"""Ends of limits, by the unit of their metric."""

from __future__ import annotations

import doctest

import pytest

from archscape.analysis import limit_units as module
from archscape.analysis.limit_units import limit_unit
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import METRICS


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("unit", sorted({metric.unit for metric in METRICS.values()}))
@pytest.mark.parametrize("value", [0.0, 0.25, 1.0, 1536.0, 1e6, 123_456_789.0])
def test_what_is_written_is_read_as_the_same(unit: str, value: float) -> None:
    assert limit_unit(unit).parse(limit_unit(unit).write(value)) == value


@pytest.mark.parametrize("unit", sorted({metric.unit for metric in METRICS.values()}))
def test_the_examples_are_limits(unit: str) -> None:
    for example in limit_unit(unit).example.split(" or "):
        assert MetricLimit.parse(example, unit)
