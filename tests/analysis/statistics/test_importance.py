"""Importance of choices against variances in closed form and the published cells of NAS-Bench-201."""

import doctest
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.statistics import importance as module
from archscape.analysis.statistics.importance import Effect, importance
from archscape.analysis.statistics.population import population
from archscape.spaces import Space
from archscape.spaces.errors import InputError

Published = Callable[[str], Path]
EDGES = ["0-1", "0-2", "1-2", "0-3", "1-3", "2-3"]


def by_choices(effects: list[Effect]) -> dict[tuple[str, ...], Effect]:
    return {effect.choices: effect for effect in effects}


def test_its_examples_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_shares_are_those_of_the_variances_in_closed_form() -> None:
    """y = 2a + b + 2ab with signs +-1: variances 4, 1 and 4 of 9; c changes nothing."""
    rows = [(a, b, c, 2 * a + b + 2 * a * b) for a, b, c in product((-1, 1), repeat=3)] * 500
    table = pd.DataFrame(rows, columns=["a", "b", "c", "y"])
    effects = by_choices(importance(table, "y", ["a", "b", "c"], draws=20))
    assert effects["a",].share == pytest.approx(4 / 9, abs=1e-3)
    assert effects["b",].share == pytest.approx(1 / 9, abs=1e-3)
    assert effects["c",].share == pytest.approx(0, abs=1e-3)
    assert effects["a", "b"].share == pytest.approx(4 / 9, abs=1e-3)
    assert effects["a", "c"].share == pytest.approx(0, abs=1e-3)


def test_chance_alone_explains_nothing_on_average() -> None:
    """With 20 options in 100 rows the raw ratio SSB / SST would be 0.19."""
    rng, shares = np.random.default_rng(0), []
    for _ in range(200):
        table = pd.DataFrame({"a": rng.integers(0, 20, 100), "y": rng.standard_normal(100)})
        shares.append(importance(table, "y", ["a"], draws=0)[0].share)
    assert np.mean(shares) == pytest.approx(0, abs=0.01)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """y = a + noise, a uniform on four numbers (variance 1.25), noise of variance 1.25: share 1/2."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(100):
        a = rng.integers(0, 4, 200)
        table = pd.DataFrame({"a": a, "y": a + np.sqrt(1.25) * rng.standard_normal(200)})
        (effect,) = importance(table, "y", ["a"], draws=100)
        hits += effect.low <= 0.5 <= effect.high
    assert hits >= 88


def test_the_edges_of_published_cells(published: Published) -> None:
    """The direct edge from input to output matters most, the inner one least, and no share is from chance."""
    table = pd.read_csv(published("nasbench201_cifar.csv.gz"))
    operations = table["arch_str"].str.findall(r"(\w+)~")
    for at, edge in enumerate(EDGES):
        table[edge] = operations.str[at]
    effects = importance(table, "ep200_cifar10_test", EDGES, draws=50)
    first = [effect.choices[0] for effect in effects[:6]]
    assert (first[0], first[-1]) == ("0-3", "1-2")
    assert all(effect.low > 0 for effect in effects[:6])
    # Every cell is in the table once, so the share is the variance of the means over that of all.
    response = table["ep200_cifar10_test"]
    exact = response.groupby(table["0-3"]).mean().var(ddof=0) / response.var(ddof=0)
    assert effects[0].share == pytest.approx(exact, abs=5e-4)
    assert sum(effect.share for effect in effects) <= 1


def test_shares_of_the_parameters_of_published_cells_add_up_without_interaction(published: Published) -> None:
    """The parameters of a cell are the sum over its edges."""
    table = pd.read_csv(published("nasbench201_cifar.csv.gz"))
    operations = table["arch_str"].str.findall(r"(\w+)~")
    for at, edge in enumerate(EDGES):
        table[edge] = operations.str[at]
    effects = importance(table, "params_cifar10", EDGES, draws=2)
    assert [effect.share for effect in effects[:6]] == pytest.approx([1 / 6] * 6, abs=1e-3)
    assert [effect.share for effect in effects[6:]] == pytest.approx([0] * 15, abs=1e-3)


def test_a_choice_that_some_were_asked_explains_what_it_changes_among_them() -> None:
    """Half is asked b, which adds +-1; being asked adds 10: variances 25 and 1/2 of 25.5."""
    rows = [("no", None, 0), ("no", None, 0), ("yes", "low", 9), ("yes", "high", 11)] * 500
    table = pd.DataFrame(rows, columns=["a", "b", "y"])
    effects = by_choices(importance(table, "y", ["a", "b"], draws=10))
    assert effects["a",].share == pytest.approx(25 / 25.5, abs=1e-3)
    assert effects["b",].share == pytest.approx(0.5 / 25.5, abs=1e-3)
    assert effects["b",].options == 2
    assert effects["a", "b"].share == pytest.approx(0, abs=1e-3)


def test_choices_never_asked_together_have_no_interaction() -> None:
    rows = [(1, None, 1), (2, None, 2), (None, 1, 5), (None, 2, 7)] * 5
    table = pd.DataFrame(rows, columns=["a", "b", "y"])
    assert [effect.choices for effect in importance(table, "y", ["a", "b"], draws=3)] == [("b",), ("a",)]


@pytest.mark.slow
def test_the_choices_of_a_population_that_drive_its_cost() -> None:
    table = population(Space.load("cifar"), 2000)
    effects = importance(table, "macs", list(table.columns[4:]), draws=50)
    assert effects[0].choices == ("w",)
    assert effects[0].low > 0.05
    assert sum(effect.share for effect in effects) < 1


def test_without_draws_there_is_no_interval() -> None:
    table = pd.DataFrame({"a": [0, 0, 1, 1], "y": [0.0, 1.0, 5.0, 6.0]})
    (effect,) = importance(table, "y", ["a"], draws=0)
    assert effect.share == pytest.approx((25 - 0.5) / 26)
    assert np.isnan([effect.low, effect.high]).all()


def test_a_constant_response_is_refused() -> None:
    table = pd.DataFrame({"a": [1, 2, 3], "y": [1, 1, 1]})
    with pytest.raises(InputError, match="y must have two values or more"):
        importance(table, "y", ["a"])
    with pytest.raises(InputError, match="the table has no column 'b'"):
        importance(table, "y", ["b"])
