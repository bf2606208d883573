"""Early stopping: which trials go on at an epoch, judged by what all trials had come to there.

Rules are pure: the same marks give the same verdict, on whatever machine and in whatever order the trials
came. A trial that a rule stops is not lost: it may go on from its checkpoint when the comparison has changed.
"""

from .base import Mark, Rule, Verdict
from .halving import Asha, Halving
from .median import Median
from .reading import RULES, read_stop
from .settings import Stop

__all__ = ["RULES", "Asha", "Halving", "Mark", "Median", "Rule", "Stop", "Verdict", "read_stop"]
