"""The states of a trial and the known columns of a run: what every reader of results agrees on.

A run is a table with one row a trial (`COLUMNS`) and one with a row an epoch (`CURVE_COLUMNS`).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from .metrics import METRICS, SPREADS


class TrialState(StrEnum):
    """The state of a trial, which a study keeps and every table has as its `status`.

    >>> [state.value for state in TrialState if not state.is_final]
    ['running', 'waiting', 'paused']
    """

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"

    @property
    def is_final(self) -> bool:
        """Whether the trial has come to its end."""
        return self in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)

    @property
    def is_stopped_early(self) -> bool:
        """Whether a rule stopped its training; a paused trial may still be resumed."""
        return self in (TrialState.PRUNED, TrialState.PAUSED)

    @property
    def optuna(self) -> str:
        """Optuna's name of the state."""
        return {"paused": "WAITING", "failed": "FAIL"}.get(self, self.name)


STATES = tuple(state.value for state in TrialState)
FINAL = tuple(state.value for state in TrialState if state.is_final)
OPEN = tuple(state.value for state in TrialState if not state.is_final)
STOPPED_EARLY = tuple(state.value for state in TrialState if state.is_stopped_early)

NUMBERS = (*METRICS, *SPREADS, "repeats", "epochs", "seed")
"""Columns of a run that hold numbers, beside the number of the trial."""
TEXTS = ("cause", "message", "hash", "worker", "started", "finished", "network")
"""Columns that hold texts: `network` is JSON, `started` and `finished` are ISO 8601."""
COLUMNS = (
    *("number", "status", "cause", "message", "hash"),
    *NUMBERS,
    *("worker", "started", "finished", "network", "decisions"),
)
CURVE_COLUMNS = ("trial", "epoch", "loss", "accuracy", "seconds", "repeat")


def columns(known: Collection[str] = ()) -> list[str]:
    """Return the columns of a table of trials.

    Args:
        known: What is known of some trial: what is predicted for some studies alone has a column only there.
    """
    absent = {name for name, metric in METRICS.items() if metric.is_predicted and name not in known}
    return [name for name in COLUMNS if name not in absent]
