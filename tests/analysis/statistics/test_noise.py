"""The frontier knows the noise: chances follow the spread, and are 0 or 1 where there is none."""

from __future__ import annotations

import doctest
from math import erf

import numpy as np
import pytest

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics import noise
from archscape.analysis.statistics.frontier import frontier
from archscape.analysis.statistics.noise import frontier_chance

BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}


def test_is_the_frontier_where_nothing_is_known_of_the_spread() -> None:
    nets = {"accuracy": [0.9, 0.8, 0.7], "macs": [300.0, 100.0, 200.0]}
    assert frontier_chance(nets, BOTH, {}).tolist() == frontier(nets, BOTH).astype(float).tolist()
    unknown = {"accuracy": np.full(3, np.nan)}
    assert frontier_chance(nets, BOTH, unknown).tolist() == [1.0, 1.0, 0.0]


@pytest.mark.slow
@pytest.mark.parametrize("gap", [0.0, 0.01, 0.03])
def test_of_two_is_the_chance_that_the_dearer_one_is_truly_better(gap: float) -> None:
    nets = {"accuracy": [0.90, 0.90 + gap], "macs": [100.0, 200.0]}
    cheap, dear = frontier_chance(nets, BOTH, {"accuracy": np.array([0.01, 0.01])}, draws=20_000)
    assert cheap == 1.0
    width = 0.01 * 2**0.5  # of the difference of the two
    assert dear == pytest.approx(0.5 * (1 + erf(gap / width / 2**0.5)), abs=0.015)


def test_same_seed_gives_the_same_chances() -> None:
    nets = {"accuracy": [0.90, 0.91, 0.905], "macs": [100.0, 200.0, 300.0]}
    errors = {"accuracy": np.array([0.01, 0.02, 0.01])}
    assert (frontier_chance(nets, BOTH, errors) == frontier_chance(nets, BOTH, errors)).all()


def test_worked_examples_hold() -> None:
    assert doctest.testmod(noise).failed == 0
