"""Distributions of populations against exact values, published tables and other libraries' definitions."""

import doctest
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.statistics import distribution
from archscape.analysis.statistics.distribution import (
    complexity_weights,
    edf,
    edf_margin,
    kendall,
    quantile_bands,
    spearman,
)
from archscape.spaces.errors import InputError

Published = Callable[[str], Path]


def test_its_examples_run() -> None:
    assert doctest.testmod(distribution).failed == 0


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, float("nan")]), min_size=1), st.floats(0, 1))
def test_an_edf_is_the_share_below(errors: list[float], at: float) -> None:
    known = [error for error in errors if error == error]
    if known:
        assert edf(errors, [at]) == pytest.approx([sum(error < at for error in known) / len(known)])
    else:
        with pytest.raises(InputError, match="at least one error"):
            edf(errors, [at])


def test_the_edf_of_a_sample_stays_within_the_margin(published: Published) -> None:
    """At least 95% of all samples of 500 cells do; of 1,000 three standard errors fewer may."""
    errors = 100 - pd.read_csv(published("nasbench201_cifar.csv.gz"))["ep200_cifar10_test"].to_numpy()
    at = np.unique(errors)
    whole, rng = edf(errors, at), np.random.default_rng(0)
    away = [np.abs(edf(rng.choice(errors, 500), at) - whole).max() for _ in range(1000)]
    assert np.mean(np.array(away) <= edf_margin(500)) >= 0.95 - 3 * 0.0069


def test_published_cells_below_ten_percent_error(published: Published) -> None:
    accuracy = pd.read_csv(published("nasbench201_cifar.csv.gz"))["ep200_cifar10_test"]
    (share,) = edf(100 - accuracy, [10.0])
    assert share == (accuracy > 90).sum() / 15_625


def test_weights_make_every_bin_of_cost_count_alike() -> None:
    costs = np.random.default_rng(1).lognormal(size=500)
    weights = complexity_weights(costs, bins=5)
    bins = np.digitize(np.log(costs), np.linspace(np.log(costs).min(), np.log(costs).max(), 6)[1:-1])
    shares = np.bincount(bins, weights)
    assert shares == pytest.approx(np.full(5, 0.2))


def test_a_weight_needs_a_cost_above_0() -> None:
    with pytest.raises(InputError, match="above 0"):
        complexity_weights([0, 1])


def test_bands_hold_equally_many_and_leave_equal_costs_together() -> None:
    table = pd.DataFrame({"macs": np.repeat(np.arange(20), 5), "accuracy": np.arange(100.0)})
    bands = quantile_bands(table, "macs", "accuracy", bins=4)
    assert bands["count"].tolist() == [25] * 4
    assert (bands["low"].iloc[1:].to_numpy() > bands["high"].iloc[:-1].to_numpy()).all()
    assert bands["0.5"].tolist() == [12, 37, 62, 87]


def test_one_cost_is_one_band() -> None:
    table = pd.DataFrame({"macs": [3, 3, 3], "accuracy": [0.1, 0.2, np.nan]})
    bands = quantile_bands(table, "macs", "accuracy", quantiles=[0.5])
    assert bands.to_numpy() == pytest.approx(np.array([[3, 3, 2, 0.15]]))


def test_tau_is_the_surplus_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.permutation(40), "b": rng.permutation(40)})
    rows = table.to_numpy().tolist()
    surplus = sum(1 if (x[0] - y[0]) * (x[1] - y[1]) > 0 else -1 for x, y in combinations(rows, 2))
    assert kendall(table, "a", "b").value == pytest.approx(surplus / (40 * 39 / 2))


def test_intervals_hold_the_true_correlation_nearly_as_often_as_they_say() -> None:
    """Normal pairs of correlation 0.6 have tau = 2/pi asin 0.6 and rho = 6/pi asin 0.3."""
    rng = np.random.default_rng(3)
    tau, rho, hits = 2 / np.pi * np.arcsin(0.6), 6 / np.pi * np.arcsin(0.3), np.zeros(2)
    for _ in range(300):
        pairs = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 60)
        table = pd.DataFrame(pairs, columns=["a", "b"])
        for which, (correlation, true) in enumerate(
            ((kendall(table, "a", "b"), tau), (spearman(table, "a", "b"), rho))
        ):
            hits[which] += correlation.low <= true <= correlation.high
    assert (hits / 300 >= 0.92).all()


def test_perfect_order_has_no_interval() -> None:
    table = pd.DataFrame({"a": range(6), "b": [0, -1, -2, -3, -4, -5]})
    correlation = spearman(table, "a", "b")
    assert (correlation.value, correlation.low, correlation.high, correlation.rows) == (-1, -1, -1, 6)


@pytest.mark.parametrize(
    ("second", "law"),
    [("c", "no column 'c'"), ("constant", "constant has one alone"), ("sparse", "at least 5 rows")],
)
def test_what_has_no_correlation_is_refused(second: str, law: str) -> None:
    sparse = [1.0, 2.0, np.nan, np.nan, np.nan, np.nan]
    table = pd.DataFrame({"a": range(6), "constant": 1, "sparse": sparse})
    with pytest.raises(InputError, match=law):
        kendall(table, "a", second)
