"""The knee and limits, on frontiers where the answer can be seen."""

import doctest
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics import knee as module
from archscape.analysis.statistics.frontier import frontier
from archscape.analysis.statistics.knee import knee, within
from archscape.spaces.errors import InputError

TRADE: Objectives = {"accuracy": "maximize", "macs": "minimize"}


def test_equal_networks_have_no_knee() -> None:
    equal = {"accuracy": [0.5] * 4, "macs": [3.0] * 4}
    assert knee(equal, {"accuracy": "maximize", "macs": "minimize"}) is None
    assert knee(equal, {"accuracy": "maximize", "macs": "minimize"}, log=["macs"]) is None


def test_its_examples_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_a_corner_is_the_knee_whatever_the_units() -> None:
    nets = {"accuracy": [90.0, 10.0, 85.0, 40.0, 70.0], "macs": [9e9, 1e9, 2e9, 1.5e9, 8e9]}
    assert knee(nets, TRADE) == 2
    scaled = {"accuracy": [a / 100 for a in nets["accuracy"]], "macs": [m / 7 for m in nets["macs"]]}
    assert knee(scaled, TRADE) == 2


def test_the_logarithm_moves_the_knee() -> None:
    """Above the line by 0.15, 0.05, 0.05 over log macs; by 0.40, 0.54, 0.70 over macs."""
    nets = {"accuracy": [0.0, 0.4, 0.55, 0.8, 1.0], "macs": [1, 10, 100, 1000, 10_000]}
    assert knee(nets, TRADE, log=["macs"]) == 1
    assert knee(nets, TRADE) == 3


def test_a_straight_or_hollow_frontier_has_no_knee() -> None:
    assert knee({"accuracy": [1.0, 2.0, 3.0], "macs": [1.0, 2.0, 3.0]}, TRADE) is None
    assert knee({"accuracy": [1.0, 1.2, 3.0], "macs": [1.0, 2.0, 3.0]}, TRADE) is None
    assert knee({"accuracy": [1.0, 2.0], "macs": [1.0, 2.0]}, TRADE) is None
    assert knee({"accuracy": [], "macs": []}, TRADE) is None


def test_what_is_not_finite_is_no_end_of_the_frontier() -> None:
    nets = {"accuracy": [0.5, 0.8, 0.9, float("nan")], "macs": [1, 2, 20, 5]}
    assert knee(nets, TRADE) == 1
    assert knee({**nets, "macs": [1, 2, 20, float("inf")]}, TRADE) == 1


def test_the_knee_of_the_published_cells_is_on_their_frontier(published: Callable[[str], Path]) -> None:
    table = pd.read_csv(published("nasbench201_cifar.csv.gz"))
    aims: Objectives = {"ep200_cifar10_test": "maximize", "macs_cifar10": "minimize"}
    at = knee(table, aims)
    assert at is not None
    assert frontier(table, aims)[at]
    best = table["ep200_cifar10_test"].max()
    row = table.iloc[at]
    assert row["macs_cifar10"] < 0.25 * table["macs_cifar10"].max()
    assert row["ep200_cifar10_test"] > best - 3


def test_a_knee_is_one_of_two_objectives_above_0() -> None:
    with pytest.raises(InputError, match="two objectives, but got 1"):
        knee({"accuracy": [1.0]}, {"accuracy": "maximize"})
    with pytest.raises(InputError, match="macs has 0"):
        knee({"accuracy": [1.0, 2.0, 2.5], "macs": [0, 1, 2]}, TRADE, log=["macs"])


def test_limits_hold_together_and_no_nan_meets_one() -> None:
    table = {"accuracy": [0.9, 0.8, np.nan, 0.7], "macs": [5.0, 3.0, 1.0, 1.0]}
    met = within(table, {"accuracy": (0.75, None), "macs": (None, 5)})
    assert met.tolist() == [True, True, False, False]
    with pytest.raises(InputError, match="at least one limit"):
        within(table, {})
