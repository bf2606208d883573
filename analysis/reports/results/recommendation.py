"""The network that a search recommends, where that is not simply the best that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

from .predictions import with_deviation
from .run import Digest

NOISE = (
    "Of scores that chance raises and lowers, the highest is in part luck, the more so the more trials "
    "there are. So the trial is recommended of which most is to be expected, by all trials together and by "
    "what was measured of it."
)


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The trial that is recommended, what is known and expected of it, and why it is that one."""

    number: int
    text: str
    reason: str


def recommendation_of(digest: Digest) -> Recommendation | None:
    """Return what is said of the recommended trial; None where it is the best one, and nothing is noisy."""
    known, best, results = digest.results.recommended, digest.best, digest.table
    if known is None or best is None:
        return None
    number, mean, deviation = (known.get(name, nan) for name in ("number", "mean", "deviation"))
    rows, is_best = results.rows[results.rows["number"] == number], number == best["number"]
    if rows.empty or (is_best and not digest.has_spreads):
        return None
    words, score = results.head(results.score), results.score
    measured = f"{words} {results.text(score, float(rows.iloc[0][score]))} was measured"
    expected = "" if isnan(mean) else f", {with_deviation(results, score, mean, deviation)} is expected of it"
    best_measured = (
        f"The best that was measured is trial {best['number']}, {results.text(score, best[score])}. "
    )
    return Recommendation(
        number=int(number), text=f"{measured}{expected}.", reason=("" if is_best else best_measured) + NOISE
    )
