"""What each task is measured by, known without loading torch.

>>> default_objectives("segmentation")
{'mean_iou': 'maximize', 'macs': 'minimize'}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archscape.analysis.metrics import METRICS, Direction

TASK_METRICS: Mapping[str, tuple[str, ...]] = {
    "classification": ("accuracy",),
    "multi-label": ("mean_average_precision", "f1_macro", "exact_match"),
    "segmentation": ("mean_iou", "pixel_accuracy"),
    "regression": ("mae",),
    "localisation": ("box_iou", "mae"),
    "denoising": ("psnr",),
    "image-to-image": ("psnr",),
    "reconstruction": ("psnr",),
    "vae": ("elbo",),
    "next-sample": ("bits_per_dim", "accuracy"),
}
"""Metrics of the validation part that an epoch reports, by task; the first is the score, which decides."""

MORE_METRICS: Mapping[str, tuple[str, ...]] = {
    "classification": ("balanced_accuracy", "f1_macro", "top5_accuracy"),
}
"""Metrics beside these, which are taken where an objective or a limit of a job names them."""


def measures_of(task: str, asked: Iterable[str]) -> tuple[str, ...]:
    """Return all metrics of a task if some are asked for that it does not report anyway; else none.

    The first is the score: the first one that is asked for.

    >>> measures_of("classification", ["f1_macro"]), measures_of("classification", ["accuracy"])
    (('f1_macro', 'accuracy'), ())
    """
    always, more = TASK_METRICS[task], MORE_METRICS.get(task, ())
    named = [name for name in asked if name in (*always, *more)]
    return () if {*named} <= {*always} else tuple(dict.fromkeys([*named, *always]))


def score_of(task: str) -> str:
    """Return the metric that schedules, pruners and repeats go by."""
    return TASK_METRICS[task][0]


def default_objectives(task: str) -> dict[str, Direction]:
    """Return the objectives of a job that names none: the score of its task, and what it costs."""
    score = score_of(task)
    return {score: METRICS[score].direction, "macs": "minimize"}
