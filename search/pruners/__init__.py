"""Early stopping: which trials are promoted at an epoch, judged by what all trials had come to there.

A pruner is pure: the same results of a rung give the same decision, on whatever machine and in whatever order
the trials came. A trial that it stops is not lost: it is resumed from its checkpoint when the comparison
promotes it later. A new one is a file here and a line in `PRUNERS`.
"""

from __future__ import annotations

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .base import Decision, Pruner, PrunerSettings, RungResult

PRUNERS: LazyTable[type[PrunerSettings]] = LazyTable(
    "rule of early stopping",
    __name__,
    {
        "halving": ".halving:Halving",
        "asha": ".halving:Asha",
        "hyperband": ".hyperband:Hyperband",
        "median": ".median:Median",
    },
    error=JobError,
)
"""The settings of each pruner, by its name in the `stop:` of a job."""

__all__ = ["PRUNERS", "Decision", "Pruner", "PrunerSettings", "RungResult"]
