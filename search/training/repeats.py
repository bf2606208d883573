"""Training one network several times: the seed of each repeat, and what the repeats make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev

from archscape.analysis.metrics import METRICS

from .checkpoint import Checkpoint
from .outcome import Outcome, Report
from .seeds import trial_seed

SUMMED = (*(name for name, metric in METRICS.items() if metric.repeats == "sum"), "epochs", "steps")


def train_repeats(
    once: Callable[[int, Report | None], Outcome],
    kept: Checkpoint,
    *,
    seed: int,
    repeats: int,
    report: Report | None,
    epochs: int,
    gain: Callable[[Mapping[str, float]], float],
) -> Outcome:
    """Train several times by `once` and return the outcome of all, as `train` describes it.

    The checkpoint that `once` writes also holds the repeats that are done; `epochs` are those of one repeat,
    and the weights that are kept those with the greatest `gain` in their metrics.
    """
    seeds, outcomes = [repeat_seed(seed, repeat) for repeat in range(1, repeats + 1)], list[Outcome]()
    kept.finished = [finished for finished in kept.finished if finished["identity"]["seed"] in seeds]
    for repeat, repeated in enumerate(seeds, start=1):
        outcome = once(repeated, report and report_repeat(report, repeat, epochs))
        outcomes.append(outcome)
        if outcome.status != "complete":
            return ended(outcomes, repeats)
        best = _best(outcomes, gain)
        if all(finished["identity"]["seed"] != repeated for finished in kept.finished):
            kept.finish(
                outcome.metrics,
                outcome.history,
                outcome.state,
                is_best=outcome is best,
                confusion=outcome.confusion,
            )
        outcomes = [other if other is best else replace(other, state=None) for other in outcomes]
    return _together(outcomes, best)


def repeat_seed(seed: int, repeat: int) -> int:
    """Return the seed of a repeat, counted from 1.

    >>> repeat_seed(7, 1), repeat_seed(7, 2)
    (7, 1024135025)
    """
    return seed if repeat == 1 else trial_seed(seed, f"repeat {repeat}")


def report_repeat(report: Report, repeat: int, epochs: int) -> Report:
    """Return the report of a repeat, which numbers epochs on and takes an answer in the first repeat only."""

    def numbered(epoch: int, row: Mapping[str, float]) -> bool | None:
        answer = report((repeat - 1) * epochs + epoch, {"repeat": repeat, **row})
        return answer if repeat == 1 else None

    return numbered


def _best(outcomes: Sequence[Outcome], gain: Callable[[Mapping[str, float]], float]) -> Outcome:
    """Return the outcome whose weights are kept: the first with the best score of the validation part."""
    return max(outcomes, key=lambda outcome: gain(outcome.metrics))


def _together(outcomes: Sequence[Outcome], best: Outcome) -> Outcome:
    """Return the outcome of repeats that all came to their end."""
    return replace(
        best,
        metrics={
            **best.metrics,
            **_means(outcomes),
            **sums(outcomes),
            "repeats": len(outcomes),
            "kept_repeat": outcomes.index(best) + 1,
        },
        history=rows(outcomes),
    )


def ended(outcomes: Sequence[Outcome], repeats: int) -> Outcome:
    """Return the outcome of repeats whose last did not come to its end; its metrics are those so far."""
    last = outcomes[-1]
    cause = f"repeat {len(outcomes)} of {repeats}: {last.cause}" if last.cause else ""
    return replace(last, cause=cause, metrics={**last.metrics, **sums(outcomes)}, history=rows(outcomes))


def _means(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the metrics that are means over the repeats, and the spreads of those that have one."""
    means: dict[str, float] = {}
    for name, metric in METRICS.items():
        if metric.is_quality and all(name in outcome.metrics for outcome in outcomes):
            values = [outcome.metrics[name] for outcome in outcomes]
            means[name] = fmean(values)
            if metric.has_spread:
                means[metric.spread.name] = stdev(values)
    return means


def sums(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the metrics that are sums over the repeats, as far as these have them."""
    metrics = [outcome.metrics for outcome in outcomes]
    common = [name for name in SUMMED if all(name in each for each in metrics)]
    return {name: sum(each[name] for each in metrics) for name in common}


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    """Return the rows of all histories, each with its repeat."""
    return [{"repeat": i, **row} for i, outcome in enumerate(outcomes, start=1) for row in outcome.history]
