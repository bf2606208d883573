"""Early stopping: which trials go on at an epoch, judged by what all trials had come to there.

Rules are pure: the same marks give the same verdict, on whatever machine and in whatever order the trials
came. A trial that a rule stops is not lost: it may go on from its checkpoint when the comparison has changed.
"""

from .base import Decision, Pruner, RungResult
from .halving import Asha, Halving
from .median import Median
from .reading import RULES, read_pruner
from .settings import PrunerSettings

__all__ = [
    "RULES",
    "Asha",
    "Decision",
    "Halving",
    "Median",
    "Pruner",
    "PrunerSettings",
    "RungResult",
    "read_pruner",
]
