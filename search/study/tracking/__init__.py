"""Trackers: what follows a search from outside, as TensorBoard, MLflow or a class of the user's own.

A tracker is made when a search starts, by calling `name(search)` of `track: FILE.py:name`, and has any of
these methods. It is imported and called by the process that follows the search, never by a worker::

    class Mine:
        def __init__(self, search): ...                  # a `TrackedSearch`
        def trial_started(self, trial): ...              # a `Trial`: number, decisions, costs
        def epoch(self, trial, epoch, metrics): ...      # from 1, on over repeats
        def trial_ended(self, trial): ...                # state, cause and metrics too
        def search_ended(self, counts): ...              # how many trials are in each state

A new one that comes with archscape is a file here with a dataclass of settings, and a line in `TRACKERS`.
"""

from __future__ import annotations

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .settings import TrackerSettings

TRACKERS: LazyTable[type[TrackerSettings]] = LazyTable(
    "tracker",
    __name__,
    {"mlflow": ".mlflow:MlflowTracker", "tensorboard": ".tensorboard:TensorboardTracker"},
    error=JobError,
)
"""The trackers by their names in a job."""
