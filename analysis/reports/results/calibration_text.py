"""What is said of how good the predictions of a search were."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, sqrt

from archscape.analysis.statistics.calibration import Calibration
from archscape.analysis.statistics.distribution import Correlation

from ..templating import percent
from .predictions import Predictions, predicted_note
from .results import Results

VERDICTS = {
    "too few": "These are too few to judge the deviations",
    "too narrow": "The deviations seem too small",
    "too wide": "The deviations seem too large",
    "fitting": "The deviations fit",
}
BEYOND_CHANCE = 2.0
"""Standard errors from 0 from which on a bias is told."""


def said_of(results: Results, known: Sequence[Predictions]) -> list[dict[str, object]]:
    """Return what a page says of the predictions of each metric."""
    return [
        {
            "head": results.head(each.name),
            "text": calibration_text(results, each),
            "coverage": _coverage_rows(each.calibration),
            "note": predicted_note(each),
        }
        for each in known
    ]


def calibration_text(results: Results, predictions: Predictions) -> str:
    """Return in a few sentences what the predictions of a metric were worth."""
    known = predictions.calibration
    trained = (
        "trials were predicted before they were" if known.rows > 1 else "trial was predicted before it was"
    )
    sentences = [
        f"{known.rows:,} complete {trained} trained",
        f"{VERDICTS[known.verdict]}{_within(known)}",
        f"On average a prediction is off by {_error(results, predictions)}{_bias(known)}",
        *([_order(known.correlation)] if known.correlation else []),
    ]
    return " ".join(f"{sentence}." for sentence in sentences)


def _coverage_rows(known: Calibration) -> list[tuple[str, ...]]:
    """Return a row a level: it, how many values are within, their share and its interval."""
    return [
        (
            percent(each.level, 0),
            f"{each.within:,} of {each.rows:,}",
            percent(each.share, 0),
            f"{percent(each.low, 0)} to {percent(each.high, 0)}",
        )
        for each in known.coverages
        if known.verdict != "too few"
    ]


def _within(known: Calibration) -> str:
    """Return how many values the predicted intervals held, if that tells something."""
    if known.verdict == "too few":
        return ""
    first, *others = ((percent(each.share, 0), percent(each.level, 0)) for each in known.coverages)
    rest = " and ".join(f"{share} in those of {level}" for share, level in others)
    return f": {first[0]} of the measured values are in the intervals of {first[1]}, {rest}"


def _error(results: Results, predictions: Predictions) -> str:
    error, name = predictions.calibration.error, predictions.name
    return results.gain_text(error) if name == results.score else results.text(name, error)


def _bias(known: Calibration) -> str:
    """Return whether too much or too little was expected, if that is more than chance."""
    if known.verdict == "too few" or isnan(known.bias) or abs(known.bias) * sqrt(known.rows) < BEYOND_CHANCE:
        return ""
    return f", and {abs(known.bias):.1f} deviations too {'high' if known.bias < 0 else 'low'}"


def _order(rho: Correlation) -> str:
    return f"Spearman's rho of both is {rho.value:.2f} (95% interval {rho.low:.2f} to {rho.high:.2f})"
