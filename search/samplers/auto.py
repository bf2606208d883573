"""Which sampler a new study takes where its job names none: by what was measured, not by taste.

The evidence is the table of `benchmarks/samplers.py`, which docs/samplers.md shows.

>>> from archscape.spaces import Space
>>> choose_sampler(Space.load("digits"), trials=100, measured=1, known=1).reason
'bayes, as its model finds better networks than other samplers in 100 trials'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archscape.spaces import Space

MOST_MODELLED = 10_000
"""Up to how many trials a model is worth its time; beyond, evolution has trials enough."""

MOST_OBJECTIVES = 4
"""Up to how many objectives the model is measured for."""


class Choice(NamedTuple):
    """A sampler by its name, and in a few words why it was chosen."""

    sampler: str
    reason: str


def choose_sampler(space: Space, *, trials: int, measured: int, known: int = 0) -> Choice:
    """Return the sampler for a new study.

    Args:
        space: Where its trials come from, with the limits of the job.
        trials: How many it may hold; 0 where that is not known.
        measured: How many of its objectives only training tells.
        known: How many are known before.
    """
    if trials >= (count := space.count()):
        return Choice("grid", f"grid, as {trials:,} trials are enough for all {count:,} {space.samples_are}")
    if trials > MOST_MODELLED:
        name = "evolution" if measured + known == 1 else "nsga2"
        return Choice(name, f"{name}, as a model would take long for each of {trials:,} trials")
    if measured + known > MOST_OBJECTIVES:
        return Choice("nsga2", f"nsga2, as bayes is measured up to {MOST_OBJECTIVES} objectives")
    span = f"{trials:,} trials" if trials else "the first thousands of trials"
    return Choice("bayes", f"bayes, as its model finds better networks than other samplers in {span}")
