"""What a recipe says of the memory that a training takes."""

from __future__ import annotations

import doctest

from archscape.analysis.costs.memory import weights
from archscape.search.costs import training_recipe as module
from archscape.search.costs.asked import AskedCosts
from archscape.search.costs.training_recipe import trained_by
from archscape.search.training.recipe import Recipe
from archscape.spaces import Network


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_the_mean_of_the_weights_is_memory_of_training(network: Network) -> None:
    recipe = Recipe(ema=0.99).to_dict()
    names = ("training_memory",)
    plain, with_mean = (
        AskedCosts(names=names, **trained_by(settings)).of(network)["training_memory"]
        for settings in (Recipe().to_dict(), recipe)
    )
    assert with_mean - plain == weights(network, 4)
