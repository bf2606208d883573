"""A study as tables: one row a trial, one row an epoch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

if TYPE_CHECKING:
    import pandas as pd

STATUSES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}

METRICS = (
    *("accuracy", "test_accuracy", "loss", "params", "macs", "flops", "activations"),
    *("seconds", "step_seconds", "eval_seconds"),
)

COLUMNS = (
    *("number", "status", "cause", "message", "hash", *METRICS),
    *("epochs", "seed", "worker", "started", "finished", "network", "decisions"),
)

CURVE_COLUMNS = ("trial", "epoch", "loss", "accuracy", "seconds")


def trial_table(trials: Sequence[FrozenTrial]) -> pd.DataFrame:
    """Return one row a trial; what is not known, or not yet, is None or NaN."""
    import pandas as pd

    return pd.DataFrame([_trial_row(trial) for trial in trials], columns=list(COLUMNS))


def curve_table(trials: Sequence[FrozenTrial]) -> pd.DataFrame:
    """Return one row an epoch of every trial that has ended."""
    import pandas as pd

    rows = [{"trial": t.number, **epoch} for t in trials for epoch in t.user_attrs.get("history", ())]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def _trial_row(trial: FrozenTrial) -> dict[str, Any]:
    facts = trial.user_attrs
    texts = {name: facts.get(name, "") for name in ("cause", "message", "worker")}
    metrics = {**facts.get("costs", {}), **facts.get("metrics", {})}
    return {
        "number": trial.number,
        "status": STATUSES[trial.state],
        **texts,
        **{name: facts.get(name) for name in ("hash", "seed", "network")},
        **{name: metrics.get(name) for name in (*METRICS, "epochs")},
        "started": _iso(trial.datetime_start),
        "finished": _iso(trial.datetime_complete),
        "decisions": json.dumps(trial.params),
    }


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds") if moment else ""
