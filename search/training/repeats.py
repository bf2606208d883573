"""Training one network several times, each time with other weights and another order of the samples.

One training is one draw: two networks whose accuracies differ by less than their spread over seeds have not
been told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

from archscape.analysis.metrics import METRICS

from ..datasets.dataset import Dataset
from ..shutdown import never
from .checkpoint import Checkpoint
from .recipe import Recipe
from .seeds import trial_seed
from .train import LOG, Build, Log, Outcome, Report, train

SUMMED = (*(name for name, metric in METRICS.items() if metric.repeats == "sum"), "epochs", "steps")


def train_repeats(
    build: Build,
    data: Dataset,
    recipe: Recipe,
    *,
    seed: int,
    repeats: int = 1,
    device: str = "auto",
    report: Report | None = None,
    checkpoint: Path | None = None,
    should_stop: Callable[[], bool] = never,
    rungs: tuple[int, ...] = (),
    log: Log = LOG,
) -> Outcome:
    """Train a module several times and return what they make together; once is exactly `train`.

    The arguments are those of `train`, and so are the outcome and its metrics, but for these:

    - Each metric is combined as `METRICS` says: `loss`, `accuracy` and `test_accuracy` are means;
      `accuracy_std` and `test_accuracy_std` are standard deviations over the repeats (of a sample: divided by
      repeats - 1).
    - `seconds`, `step_seconds`, `eval_seconds`, `epochs` and `steps` are sums; the recipe's time limit holds
      for each repeat.
    - `repeats` is their number. The weights, `test_correct` and all else are those of `kept_repeat`, the one
      with the best validation accuracy.
    - Each row of the history has its `repeat`, from 1; its `epoch` and `seconds` count within the repeat.

    A repeat that fails ends them all, with its cause.

    Args:
        build: See `train`.
        data: See `train`.
        recipe: See `train`.
        seed: Of the first repeat; those of the others follow from it.
        repeats: How many, from 1.
        device: See `train`.
        report: Gets a running number, epochs of earlier repeats included, and the row. It may prune in the
            first repeat only: a network that was good enough there is measured to the end.
        checkpoint: Also holds the repeats that are done.
        should_stop: See `train`.
        rungs: See `train`.
        log: See `train`.

    Raises:
        JobError: As `train` does.
    """
    kept = Checkpoint(checkpoint, log)
    once = partial(
        train, build, data, recipe, device=device, checkpoint=kept, should_stop=should_stop, rungs=rungs
    )
    if repeats == 1:
        return once(seed=seed, report=report)
    seeds, outcomes = [repeat_seed(seed, repeat) for repeat in range(1, repeats + 1)], list[Outcome]()
    kept.finished = [finished for finished in kept.finished if finished["identity"]["seed"] in seeds]
    for repeat, own_seed in enumerate(seeds, start=1):
        outcome = once(seed=own_seed, report=_report_repeat(report, repeat, recipe.epochs))
        outcomes.append(outcome)
        if outcome.status != "complete":
            return _ended(outcomes, repeats)
        if all(finished["identity"]["seed"] != own_seed for finished in kept.finished):
            _finish(kept, outcome)
        outcomes = _lightened(outcomes)
    return _together(outcomes)


def repeat_seed(seed: int, repeat: int) -> int:
    """Return the seed of a repeat, counted from 1.

    >>> repeat_seed(7, 1), repeat_seed(7, 2)
    (7, 1024135025)
    """
    return seed if repeat == 1 else trial_seed(seed, f"repeat {repeat}")


def _report_repeat(report: Report | None, repeat: int, epochs: int) -> Report | None:
    """Return the report of a repeat, which numbers epochs on and takes an answer in the first repeat only."""
    if report is None:
        return None

    def numbered(epoch: int, row: Mapping[str, float]) -> bool | None:
        answer = report((repeat - 1) * epochs + epoch, {"repeat": repeat, **row})
        return answer if repeat == 1 else None

    return numbered


def _best(outcomes: Sequence[Outcome]) -> int:
    """Return the index of the outcome whose weights are kept: the first with the best validation accuracy."""
    return max(range(len(outcomes)), key=lambda i: (outcomes[i].metrics["accuracy"], -i))


def _lightened(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes with no weights but the best."""
    best = _best(outcomes)
    return [outcome if i == best else replace(outcome, state=None) for i, outcome in enumerate(outcomes)]


def _finish(kept: Checkpoint, outcome: Outcome) -> None:
    """Write that a repeat is done, with its weights if it is the best so far."""
    best = max((finished["metrics"]["accuracy"] for finished in kept.finished), default=-1.0)
    done = kept.finish(outcome.metrics, outcome.history)
    if outcome.metrics["accuracy"] > best:
        for finished in kept.finished:
            finished["state"] = None
        done["state"] = outcome.state
    kept.write(None)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of repeats that all came to their end."""
    best = _best(outcomes)
    return Outcome(
        status="complete",
        metrics={
            **outcomes[best].metrics,
            **_means(outcomes),
            **_sums(outcomes),
            "repeats": len(outcomes),
            "kept_repeat": best + 1,
        },
        history=_rows(outcomes),
        state=outcomes[best].state,
    )


def _ended(outcomes: Sequence[Outcome], repeats: int) -> Outcome:
    """Return the outcome of repeats whose last did not come to its end; its metrics are those so far."""
    last = outcomes[-1]
    cause = f"repeat {len(outcomes)} of {repeats}: {last.cause}" if last.cause else ""
    return replace(last, cause=cause, metrics={**last.metrics, **_sums(outcomes)}, history=_rows(outcomes))


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


def _sums(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return {name: sum(outcome.metrics[name] for outcome in outcomes) for name in SUMMED}


def _rows(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    return [{"repeat": i, **row} for i, outcome in enumerate(outcomes, start=1) for row in outcome.history]
