"""What a recipe says of the memory that a training takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archscape.spaces.language.settings import RULE

DECIDE_MEMORY = ("batch", "accumulate", "optimizer", "momentum", "ema")
"""The settings of a recipe that decide how much memory a training takes."""


def optimizer_of(recipe: Mapping[str, Any]) -> str:
    """Return the optimizer of a recipe as `memory.training` names it.

    >>> optimizer_of({"optimizer": "sgd", "momentum": 0.9}), optimizer_of({"optimizer": "adamw"})
    ('momentum', 'adamw')
    >>> optimizer_of({"optimizer": {"rule": "adamw", "amsgrad": True}})
    'amsgrad'
    """
    optimizer = recipe["optimizer"]
    settings: Mapping[str, Any] = optimizer if isinstance(optimizer, Mapping) else {"rule": optimizer}
    name = str(settings["rule"])
    if name == "sgd":
        return "momentum" if recipe["momentum"] else name
    return next((more for more in ("amsgrad", "centered") if settings.get(more)), name)


def samples_at_once(recipe: Mapping[str, Any]) -> int:
    """Return how many samples of a recipe go through a network together.

    >>> samples_at_once({"batch": 50, "accumulate": 3})
    17
    """
    return -(-int(recipe["batch"]) // int(recipe.get("accumulate", 1)))


def trained_by(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `AskedCosts` knows of a recipe; nothing where that is left open, or there is none."""
    sizes, share = (recipe.get("batch"), recipe.get("accumulate", 1)), recipe.get("ema", 0)
    optimizer = recipe.get("optimizer")
    is_open = isinstance(optimizer, Mapping) and RULE not in optimizer
    if is_open or not all(isinstance(size, int) for size in sizes) or not isinstance(share, int | float):
        return {}
    return {"batch": samples_at_once(recipe), "optimizer": optimizer_of(recipe), "has_mean": share > 0}
