"""Frames: a study as pandas tables, one row a trial, one row an epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archscape.analysis.results import CURVE_COLUMNS, NUMBERS, columns

from .trial import Trial

if TYPE_CHECKING:
    import pandas as pd


def trial_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row a trial; what is not known, or not yet, is None or NaN."""
    import pandas as pd

    known = {name for trial in trials for name in trial.costs}
    return pd.DataFrame([_trial_row(trial) for trial in trials], columns=columns(known))


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
        **{name: metrics.get(name) for name in NUMBERS if name not in names},
        "decisions": json.dumps(dict(trial.decisions)),
    }
