"""Runs whose table says who proposed each trial, why, and what was expected of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from archscape.analysis.reports.results.run import RunResults
from archscape.analysis.results import prediction_columns


def proposed(results: RunResults, *, startup: int = 8, names: tuple[str, ...] = ("accuracy",)) -> RunResults:
    """Return a run whose trials after the first ones were proposed from a model, with what it expected.

    The expectations are what was measured with an error as large as their deviations say; trials without a
    result have one too.
    """
    rng, trials = np.random.default_rng(0), results.trials.copy()
    has_model = trials["number"] >= startup
    trials["sampler"] = "bayes"
    trials["reason"] = [
        f"best expected improvement of {812 + number} candidates"
        if known
        else f"random start {number + 1} of {startup}"
        for number, known in zip(trials["number"], has_model, strict=True)
    ]
    for name in names:
        columns, values = prediction_columns(name), trials[name].astype(float)
        deviations = values.std() * rng.uniform(0.2, 0.5, len(trials))
        means = values.fillna(values.mean()) + deviations * rng.standard_normal(len(trials))
        trials[columns.mean] = means.where(has_model)
        trials[columns.deviation] = pd.Series(deviations, index=trials.index).where(has_model)
        trials[columns.incumbent] = values.cummax().ffill().where(has_model)
    return replace(results, trials=trials)
