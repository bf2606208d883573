"""Which sampler a new study takes where its job names none: by what was measured, not by taste.

The evidence is the table of `benchmarks/samplers.py`, which docs/samplers.md shows.

>>> from archscape.spaces import Space
>>> choose_sampler(Space.load("digits"), trials=100, measured=1, known=1).reason
'tpe, as its model finds better networks than evolution in 100 trials'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archscape.spaces import Space

MOST_MODELLED = 10_000
"""Up to how many trials a model is worth its time: beyond, its cost grows and evolution has time enough."""

MOST_OBJECTIVES = 4
"""Up to how many objectives a model is measured for."""


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
    if trials > MOST_MODELLED:
        return Choice("nsga2", f"nsga2, as {trials:,} trials are many, and a model would take long for each")
    if measured + known > MOST_OBJECTIVES:
        return Choice("nsga2", f"nsga2, as the models are measured up to {MOST_OBJECTIVES} objectives")
    span = f"in {trials:,} trials" if trials else "in the first thousands of trials"
    return Choice("tpe", f"tpe, as its model finds better networks than evolution {span}")
