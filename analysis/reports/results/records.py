"""All that is known of each trial, as columns: what the page shows of the one that is opened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import yaml

from archscape.analysis.metrics import SECONDS, SHARES
from archscape.analysis.results import (
    NUMBERS,
    PROPOSED,
    STOPPED_EARLY,
    PredictionColumns,
    predicted_metrics,
    prediction_columns,
)

from ..format import label
from ..page.specs import layout_of, plain
from .decisions import options_of
from .run import Digest

FACTS = ("status", "cause", "message", "hash", "worker", "started", "finished")
WIDTH = 110
"""Letters of a row of a network, where it can be broken."""


def records(digest: Digest, layers: Mapping[int, str]) -> dict[str, object]:
    """Return everything known of each trial, for the script of the page.

    Args:
        digest: The trials that the page shows.
        layers: Where the page has the layers of a trial's network, by the number of the trial.
    """
    trials, curves = digest.trials, digest.curves
    own = [each for name in digest.results.metrics for each in (name, f"{name}_std") if each in trials]
    names = [name for name in dict.fromkeys([*NUMBERS, *own]) if name != "seed"]
    return {
        "about": about(digest.table.score, names),
        "numbers": trials["number"].tolist(),
        "seeds": plain(trials["seed"]),
        "facts": {name: trials[name].tolist() for name in FACTS},
        "proposals": _proposals(trials),
        "values": {name: plain(trials[name]) for name in names if trials[name].notna().any()},
        "decisions": {path: _coded(column) for path, column in options_of(trials).items()},
        "networks": list(map(network_text, trials["network"])),
        "layers": {str(number): place for number, place in layers.items()},
        "epochs": {name: plain(curves[name].round(6)) for name in curves},
        "logs": digest.results.logs,
    }


def _proposals(trials: pd.DataFrame) -> dict[str, object]:
    """Return who proposed each trial and why, and what was expected of it, as far as that is known."""
    texts = {name: trials[name].tolist() for name in PROPOSED if name in trials}
    predicted = {
        name: {
            part: plain(trials[column])
            for part, column in zip(PredictionColumns._fields, prediction_columns(name), strict=True)
        }
        for name in predicted_metrics(trials)
    }
    return {**texts, "predicted": predicted}


def about(score: str, names: Iterable[str] = NUMBERS) -> dict[str, object]:
    """Return how the page writes these metrics of a trial and draws its curve."""
    return {
        "score": score,
        "labels": {name: label(name) for name in names},
        "shares": list(SHARES),
        "seconds": list(SECONDS),
        "stoppedEarly": list(STOPPED_EARLY),
        "layouts": {"curve": layout_of()},
    }


def network_text(network: str) -> str:
    """Return a network, given as JSON, as YAML with a row a line; nothing of it is looked up or run.

    >>> print(network_text('{"network": "a", "layers": [{"conv": {"width": 4}}, "avgpool"]}'), end="")
    network: a
    layers:
    - conv: {width: 4}
    - avgpool
    """
    try:
        tree = json.loads(network)
    except ValueError:
        return network
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(
        tree, Dumper=dumper, default_flow_style=None, sort_keys=False, width=WIDTH, allow_unicode=True
    )
    return text


def _coded(column: pd.Series) -> dict[str, list[object]]:
    """Return a column of few options as these and the index of each row's; -1 where it has none."""
    codes, options = pd.factorize(column)
    return {"options": np.asarray(options).tolist(), "codes": codes.tolist()}
