"""The states of a trial and the known columns of a run: what every reader of results agrees on.

A run is a table with one row a trial (`COLUMNS`, then a column a decision) and one with a row an epoch
(`CURVE_COLUMNS`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from .metrics import METRICS, SPREADS


class TrialState(StrEnum):
    """The state of a trial, which a study keeps and every table has as its `status`.

    One that is dropped has ended, and counts for nothing: its cause is the state that it had.

    >>> [state.value for state in TrialState if not state.is_final]
    ['running', 'waiting', 'paused']
    """

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    DROPPED = "dropped"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"

    @property
    def is_final(self) -> bool:
        """Whether the trial has come to its end."""
        return self not in (TrialState.RUNNING, TrialState.WAITING, TrialState.PAUSED)

    @property
    def is_stopped_early(self) -> bool:
        """Whether a rule stopped its training; a paused trial may still be resumed."""
        return self in (TrialState.PRUNED, TrialState.PAUSED)

    @property
    def optuna(self) -> str:
        """Optuna's name of the state."""
        return {"paused": "WAITING", "failed": "FAIL", "dropped": "FAIL"}.get(self, self.name)


STATES = tuple(state.value for state in TrialState)
FINAL = tuple(state.value for state in TrialState if state.is_final)
OPEN = tuple(state.value for state in TrialState if not state.is_final)
STOPPED_EARLY = tuple(state.value for state in TrialState if state.is_stopped_early)

NUMBERS = (*METRICS, *SPREADS, "repeats", "epochs", "seed")
"""Columns of a run that hold numbers, beside the number of the trial."""
TEXTS = ("cause", "message", "hash", "worker", "started", "finished", "network")
"""Columns that hold texts: `network` is JSON, `started` and `finished` are ISO 8601."""
FEASIBLE = "feasible"
"""The column, in a search with limits on what training gives, of whether a complete trial is within them."""
PROPOSED = ("sampler", "reason")
"""Columns of who proposed a trial, and why, where that is known."""
ENQUEUED, ADDED = BY_HAND = ("enqueued", "added")
"""What stands for the sampler of a trial that none proposed: one of the job, one with a known result."""
COLUMNS = (
    *("number", "status", "cause", "message", FEASIBLE, "hash"),
    *NUMBERS,
    *("worker", "started", "finished", *PROPOSED, "network", "decisions"),
)


class PredictionColumns(NamedTuple):
    """The columns of what a sampler expected of a metric when it proposed a trial, in the metric's own unit.

    Attributes:
        mean: Of the posterior mean.
        deviation: Of the posterior's standard deviation.
        incumbent: Of the best posterior mean over the trials that had ended then.
    """

    mean: str
    deviation: str
    incumbent: str


def prediction_columns(name: str) -> PredictionColumns:
    """Return the columns of the predictions of a metric.

    >>> list(prediction_columns("f1"))
    ['predicted_f1', 'predicted_f1_std', 'incumbent_f1']
    """
    return PredictionColumns(f"predicted_{name}", f"predicted_{name}_std", f"incumbent_{name}")


def predicted_metrics(columns: Iterable[object]) -> list[str]:
    """Return the metrics of which a table has predictions, that is all of their columns and their own.

    >>> predicted_metrics(["accuracy", "predicted_macs", *prediction_columns("accuracy")])
    ['accuracy']
    """
    names = dict.fromkeys(map(str, columns))
    return [name for name in names if {*prediction_columns(name)} <= names.keys()]


DECISION = "decision."
"""What the column of a decision begins with: `decision.stage1.depth` holds the option at `stage1.depth`."""
CURVE_COLUMNS = ("trial", "epoch", "loss", "accuracy", "seconds", "repeat")
"""Columns of the epochs; other metrics of how well a network learned follow where some epoch has one."""


def columns(known: Collection[str] = (), own: Iterable[str] = (), predicted: Iterable[str] = ()) -> list[str]:
    """Return the columns of a table of trials.

    Args:
        known: What is known of some trial: what not every study has is a column only where one has it.
        own: The metrics of the study's own, which follow the built-in ones.
        predicted: What a sampler may have predicted: objectives, and metrics with a limit, which may be both.

    >>> columns(["f1", "f1_std"], ["f1", "recall"])[-10:-7]
    ['f1', 'f1_std', 'repeats']
    >>> columns(["sampler", *prediction_columns("f1")], predicted=["f1"])[-6:-2]
    ['sampler', 'predicted_f1', 'predicted_f1_std', 'incumbent_f1']
    """
    defined = METRICS | SPREADS
    optional = [FEASIBLE, *PROPOSED, *(name for name, metric in defined.items() if metric.is_optional)]
    absent = {name for name in optional if name not in known}
    present = [name for name in COLUMNS if name not in absent]
    spreads = [each for name in own for each in (name, f"{name}_std")]
    predictions = [column for name in dict.fromkeys(predicted) for column in prediction_columns(name)]
    for before, names in (("repeats", spreads), ("network", predictions)):
        at = present.index(before)
        present[at:at] = [name for name in names if name in known and name not in present]
    return present


def decision_columns(names: Iterable[object]) -> list[str]:
    """Return the columns that hold a decision, and so neither a score nor a cost.

    >>> decision_columns(["macs", "decisions", "decision.memory.width"])
    ['decision.memory.width']
    """
    return [name for name in map(str, names) if name.startswith(DECISION)]
