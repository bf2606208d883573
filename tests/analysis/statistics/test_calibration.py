"""Calibration against plain loops, scipy's exact intervals, and predictions right by construction."""

import doctest
from math import nan

import numpy as np
import pytest
from scipy.stats import binomtest, norm, spearmanr

from archscape.analysis.statistics import calibration as module
from archscape.analysis.statistics.calibration import FEWEST, LEVELS, Calibration, calibration, share_interval
from archscape.spaces.errors import InputError


def drawn(rows: int, *, width: float = 1.0, seed: int = 0) -> Calibration:
    """Return the calibration of predictions whose deviations are `width` times the true ones."""
    rng = np.random.default_rng(seed)
    means, deviations = rng.normal(0.8, 0.1, rows), rng.uniform(0.01, 0.05, rows)
    return calibration(means, width * deviations, means + deviations * rng.standard_normal(rows))


def test_its_examples_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_the_numbers_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    means, deviations, values = rng.normal(size=40), rng.uniform(0.2, 2, 40), rng.normal(size=40)
    known = calibration(means, deviations, values)
    for coverage, level in zip(known.coverages, LEVELS, strict=True):
        within = 0
        for mean, deviation, value in zip(means, deviations, values, strict=True):
            low, high = norm.interval(level, mean, deviation)
            within += bool(low <= value <= high)
        assert (coverage.within, coverage.rows) == (within, 40)
        assert coverage.share == within / 40
        exact = binomtest(within, 40).proportion_ci(0.95, method="exact")
        assert (coverage.low, coverage.high) == pytest.approx((exact.low, exact.high))
    assert known.error == pytest.approx(sum(abs(v - m) for m, v in zip(means, values, strict=True)) / 40)
    assert known.residuals == pytest.approx((values - means) / deviations)
    assert known.bias == pytest.approx(float(np.mean((values - means) / deviations)))
    assert known.correlation is not None
    assert known.correlation.value == pytest.approx(spearmanr(means, values).statistic)
    assert known.correlation.low < known.correlation.value < known.correlation.high


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (5, 5), (1, 1), (0, 1), (37, 50)])
def test_the_interval_of_a_share_is_exact(hits: int, rows: int) -> None:
    exact = binomtest(hits, rows).proportion_ci(0.95, method="exact")
    assert share_interval(hits, rows) == pytest.approx((exact.low, exact.high))


def test_right_deviations_are_seldom_taken_for_wrong_ones() -> None:
    verdicts = [drawn(60, seed=seed).verdict for seed in range(200)]
    assert verdicts.count("fitting") >= 170


@pytest.mark.parametrize(("width", "verdict"), [(0.3, "too narrow"), (4.0, "too wide"), (1.0, "fitting")])
def test_wrong_deviations_are_told(width: float, verdict: str) -> None:
    assert drawn(80, width=width).verdict == verdict


def test_of_few_predictions_nothing_is_said() -> None:
    few = drawn(FEWEST - 1, width=0.01)
    assert few.verdict == "too few"
    assert drawn(FEWEST, width=0.01).verdict == "too narrow"
    assert drawn(4).correlation is None


def test_what_is_not_known_does_not_count() -> None:
    means, deviations, values = [0.5, nan, 0.5, 0.5, 0.5], [0.1, 0.1, nan, -1, 0.1], [0.5, 1, 1, 1, nan]
    known = calibration(means, deviations, values)
    assert (known.rows, known.error) == (1, 0.0)
    assert known.residuals[0] == 0
    assert np.isnan(known.residuals[1:]).all()
    with pytest.raises(InputError, match="a prediction of which a value was measured"):
        calibration([nan], [0.1], [0.5])


def test_a_prediction_without_a_deviation_is_within_only_if_it_is_right() -> None:
    exact = calibration([1.0, 1.0], [0.0, 0.0], [1.0, 2.0])
    assert [coverage.within for coverage in exact.coverages] == [1, 1, 1]
    assert np.isnan(exact.bias)
