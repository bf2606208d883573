"""Training choices: a recipe that leaves settings open, drawn with each network of a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from archscape.spaces.values import Option

from ..recipe import Recipe
from .open_recipe import OpenRecipe

AnyRecipe: TypeAlias = Recipe | OpenRecipe

__all__ = ["AnyRecipe", "OpenRecipe", "drawn_recipe", "possible_recipes"]


def drawn_recipe(recipe: AnyRecipe, decisions: Mapping[str, Option]) -> Recipe:
    """Return the recipe of a trial: the one of all, or what its decisions give.

    Raises:
        JobError: If its settings do not fit each other.
    """
    return recipe if isinstance(recipe, Recipe) else recipe.recipe(decisions)


def possible_recipes(recipe: AnyRecipe) -> Iterator[Recipe]:
    """Yield the recipes that can be drawn; of very many, some at random."""
    return iter((recipe,)) if isinstance(recipe, Recipe) else recipe.recipes()
