"""Means with each option against a plain loop, scipy's t, and how often the intervals hold the truth."""

import doctest
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from archscape.analysis.statistics import option_means as module
from archscape.analysis.statistics.option_means import option_means
from archscape.spaces.errors import InputError


def test_its_examples_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_the_numbers_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"w": rng.choice(["16", "8", "24"], 30), "y": rng.normal(size=30)})
    table.loc[3, "w"] = None
    known = table.dropna()
    groups = {option: known["y"][known["w"] == option].tolist() for option in ("8", "16", "24")}
    within = sum((y - np.mean(ys)) ** 2 for ys in groups.values() for y in ys) / (29 - 3)
    means = option_means(table, "y", "w")
    assert [each.option for each in means] == ["8", "16", "24"]
    for each in means:
        values = groups[each.option]
        half = t.ppf(0.975, 26) * sqrt(within / len(values))
        assert each.rows == len(values)
        assert (each.mean, each.low, each.high) == pytest.approx(
            (np.mean(values), np.mean(values) - half, np.mean(values) + half)
        )


def test_an_option_met_once_has_an_interval_from_the_others() -> None:
    table = pd.DataFrame({"op": ["a", "a", "b"], "y": [1.0, 2.0, 5.0]})
    b, a = option_means(table, "y", "op")
    assert (b.option, b.rows, a.option) == ("b", 1, "a")  # the largest mean first
    assert b.low < 5 < b.high


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng, hits = np.random.default_rng(1), 0
    for _ in range(100):
        choice = rng.integers(0, 3, 40)
        table = pd.DataFrame({"a": choice, "y": choice + rng.standard_normal(40)})
        hits += sum(each.low <= float(each.option) <= each.high for each in option_means(table, "y", "a"))
    assert 270 <= hits <= 297  # of 300


def test_without_an_option_met_twice_there_is_nothing_to_say() -> None:
    with pytest.raises(InputError, match="an option of op must be in two rows or more"):
        option_means(pd.DataFrame({"op": ["a", "b"], "y": [1.0, 2.0]}), "y", "op")
