"""A study as tables: one row a trial, one row an epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .trial import Trial

if TYPE_CHECKING:
    import pandas as pd

METRICS = (
    *("accuracy", "test_accuracy", "loss", "params", "macs", "flops", "activations"),
    *("seconds", "step_seconds", "eval_seconds"),
    *("accuracy_std", "test_accuracy_std", "repeats"),
)

COLUMNS = (
    *("number", "status", "cause", "message", "hash", *METRICS),
    *("epochs", "seed", "worker", "started", "finished", "network", "decisions"),
)
CURVE_COLUMNS = ("trial", "epoch", "loss", "accuracy", "seconds", "repeat")


def columns(*, latency: bool = False) -> list[str]:
    """Return the columns of the table of trials; latency (ms) has one where a study asks for it."""
    after = COLUMNS.index("activations") + 1
    return [*COLUMNS[:after], *(["latency"] if latency else []), *COLUMNS[after:]]


def trial_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row a trial; what is not known, or not yet, is None or NaN."""
    import pandas as pd

    known = any("latency" in trial.costs for trial in trials)
    return pd.DataFrame([_trial_row(trial) for trial in trials], columns=columns(latency=known))


def curve_table(epochs: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Return one row an epoch."""
    import pandas as pd

    return pd.DataFrame(list(epochs), columns=list(CURVE_COLUMNS))


def _trial_row(trial: Trial) -> dict[str, Any]:
    metrics = {**trial.costs, **trial.metrics}
    names = ("number", "cause", "message", "hash", "seed", "worker", "started", "finished", "network")
    return {
        **{name: getattr(trial, name) for name in names},
        "status": trial.state,
        **{name: metrics.get(name) for name in (*METRICS, "latency", "epochs")},
        "decisions": json.dumps(dict(trial.decisions)),
    }
