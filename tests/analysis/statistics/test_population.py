"""A population is a table of networks that could have been drawn one by one."""

import doctest
from random import Random

import pytest

from archscape.analysis.statistics import population as module
from archscape.analysis.statistics.population import decisions, population
from archscape.spaces import Space
from archscape.spaces.errors import InputError


def test_its_examples_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_its_rows_are_the_samples_of_the_space() -> None:
    space = Space.load("cifar")
    table = population(space, 200, seed=3)
    rng = Random(3)
    samples = [space.sample(rng) for _ in range(200)]
    assert decisions(space, table) == [sample.decisions for sample in samples]
    assert table["macs"].tolist() == [sample.totals.macs for sample in samples]
    assert table["flops"].tolist() == [sample.totals.flops for sample in samples]


def test_its_hashes_are_those_of_the_networks() -> None:
    space = Space.load("digits")
    table = population(space, 5, hashes=True)
    assert table["hash"].tolist() == [space.replay(row).hash() for row in decisions(space, table)]
    assert table.columns[0] == "hash"


@pytest.mark.slow
def test_its_choices_are_uniform_where_no_limit_cuts() -> None:
    """Six edges of five operations; the chi-squared of 4 degrees is below 18.5 in 99.9% of all cases."""
    table = population(Space.load("nas-bench-201"), 5_000)
    edges = [name for name in table if table[name].dtype == "category"]
    assert len(edges) == 6
    for edge in edges:
        counts = table[edge].value_counts().to_numpy()
        assert ((counts - 1000) ** 2 / 1000).sum() < 18.5


def test_a_choice_that_was_not_asked_is_missing() -> None:
    table = population(Space.load("cifar"), 300)
    third = table["stage3.3.any"]
    assert (third.isna() == (table["stage3.depth"].astype(int) < 3)).all()
    assert table["stage3.depth"].cat.ordered
    assert not third.cat.ordered


def test_a_population_of_none_is_refused() -> None:
    with pytest.raises(InputError, match="`number >= 1` must hold, but got 0"):
        population(Space.load("digits"), 0)


def test_a_variable_named_as_a_cost_is_refused() -> None:
    text = "space: s\ninput: 1x4x4\nlet: {macs: {4, 8}}\nlayers: [{conv: {width: $macs}}]"
    with pytest.raises(InputError, match="'macs' has the name of a cost"):
        population(Space.from_yaml(text), 1)
