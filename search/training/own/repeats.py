"""What the repeats of a training function make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from archscape.analysis.metrics import Objectives

from ..outcome import Outcome
from ..repeats import rows, sums

if TYPE_CHECKING:
    from torch import Tensor


def together(
    outcomes: Sequence[Outcome], objectives: Objectives, weights: Callable[[int], dict[str, Tensor] | None]
) -> Outcome:
    """Return the outcome of repeats that all came to their end: means of their metrics, sums of their costs.

    Args:
        outcomes: Of each repeat.
        objectives: Of each, the spread too; the best repeat by the first one is kept.
        weights: Returns the weights that a repeat handed over.
    """
    if len(outcomes) == 1:
        return replace(outcomes[0], state=weights(1))
    metrics = [outcome.metrics for outcome in outcomes]
    common = [name for name in metrics[0] if all(name in each for each in metrics)]
    means = {name: fmean(each[name] for each in metrics) for name in common}
    spreads = {f"{name}_std": stdev(each[name] for each in metrics) for name in objectives}
    best = _best(metrics, objectives)
    counts = {"repeats": len(metrics), "kept_repeat": best}
    return Outcome(
        status="complete",
        metrics={**means, **spreads, **sums(outcomes), **counts},
        history=rows(outcomes),
        state=weights(best),
    )


def _best(metrics: Sequence[Mapping[str, float]], objectives: Objectives) -> int:
    """Return the number of the repeat that is best by the first objective, the first one of equals."""
    name, direction = next(iter(objectives.items()))
    sign = 1 if direction == "maximize" else -1
    return 1 + max(range(len(metrics)), key=lambda i: sign * metrics[i][name])
