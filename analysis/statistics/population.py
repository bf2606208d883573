"""A population: many random networks of a space with their costs, as a table."""

from __future__ import annotations

from random import Random

import pandas as pd

from archscape.spaces.errors import InputError
from archscape.spaces.language.limits import COSTS
from archscape.spaces.sampling.batch import sample_many
from archscape.spaces.space import Space

QUANTILES = {"least": 0.0, "5%": 0.05, "25%": 0.25, "median": 0.5, "75%": 0.75, "95%": 0.95, "most": 1.0}


def population(space: Space, number: int, *, seed: int = 0, hashes: bool = False) -> pd.DataFrame:
    """Return random networks within the limits of a space, one row each.

    They are the networks that `space.sample(Random(seed))` gives one after the other: every choice uniform
    over its options, given that the network can be built and meets the limits. Nothing is built for it.

    Args:
        space: The space.
        number: Networks; one may come more than once.
        seed: Of the draws.
        hashes: Whether to add the column `hash`, the same for networks that are alike. It takes milliseconds
            a network; everything else takes some ten microseconds.

    Returns:
        `params`, `macs`, `flops`, `activations` (for one input), then a column a decision path, categorical
        over its options in their order, and missing where the network was not asked.

    Raises:
        InputError: If the number is not above 0, or a path has the name of a cost.
        Infeasible: If no network within the limits was found.

    >>> table = population(Space.load("cifar"), 100)
    >>> len(table), int(table["params"].max()) <= 1_000_000
    (100, True)
    >>> sorted(table["w"].unique())
    [16, 24, 32]
    """
    if number < 1:
        raise InputError(f"a population: `number >= 1` must hold, but got {number}")
    clash = sorted({*COSTS, "hash"} & set(space.paths))
    if clash:
        raise InputError(
            f"space {space.name}: the decision '{clash[0]}' has the name of a cost; give it another"
        )
    batch = sample_many(space, number, Random(seed))
    columns: dict[str, object] = dict(batch.costs)
    for path, taken in batch.taken.items():
        options = list(space.paths[path])
        columns[path] = pd.Categorical.from_codes(
            taken, categories=pd.Index(options, dtype=object), ordered=path_is_ordered(options)
        )
    table = pd.DataFrame(columns)
    if hashes:
        table.insert(0, "hash", [space.replay(row).hash() for row in decisions(space, table)])
    return table


def decisions(space: Space, table: pd.DataFrame) -> list[dict[str, int | str]]:
    """Return the decisions of each row of a population, as `space.replay` takes them.

    >>> space = Space.load("digits")
    >>> table = population(space, 3)
    >>> [space.replay(row).totals.params for row in decisions(space, table)] == table["params"].tolist()
    True
    """
    rows: list[dict[str, int | str]] = [{} for _ in range(len(table))]
    for path, options in space.paths.items():
        for row, code in zip(rows, table[path].cat.codes, strict=True):
            if code >= 0:
                row[path] = options[code]
    return rows


def path_is_ordered(options: list[int | str]) -> bool:
    """Tell whether options are numbers in ascending order."""
    numbers = [option for option in options if isinstance(option, int)]
    return len(numbers) == len(options) and numbers == sorted(numbers)
