"""Tasks: what a network learns, one a file.

A new one is a file here with a `Task`, a line in `TASKS`, and one in `TASK_METRICS` of what it is
measured by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .scores import MORE_METRICS, TASK_METRICS, default_objectives, measures_of, score_of

if TYPE_CHECKING:
    from ...datasets.dataset import Dataset
    from .base import Task

TASKS: LazyTable[type[Task]] = LazyTable(
    "task",
    __name__,
    {
        "classification": ".classification:Classification",
        "multi-label": ".multi_label:MultiLabel",
        "segmentation": ".segmentation:Segmentation",
        "regression": ".regression:Regression",
        "localisation": ".localisation:Localisation",
        "denoising": ".image_to_image:Denoising",
        "image-to-image": ".image_to_image:ImageToImage",
        "reconstruction": ".reconstruction:Reconstruction",
        "vae": ".vae:Vae",
        "next-sample": ".next_sample:NextSample",
    },
    error=JobError,
)
"""The task of a data set, by its name there."""


def make_task(
    data: Dataset,
    *,
    label_smoothing: float = 0.0,
    class_weights: str = "none",
    measures: tuple[str, ...] = (),
) -> Task:
    """Return what a network learns from a data set.

    Args:
        data: The data set.
        label_smoothing: As a recipe has it.
        class_weights: Likewise.
        measures: What its epochs report, the score first; () for what the task always reports.

    Raises:
        JobError: If there is no such task, or labels are to be smoothed or weighed where there are none.
    """
    task = TASKS.load(data.task)
    return task(data, label_smoothing=label_smoothing, class_weights=class_weights, measures=measures)


__all__ = [
    "MORE_METRICS",
    "TASKS",
    "TASK_METRICS",
    "default_objectives",
    "make_task",
    "measures_of",
    "score_of",
]
