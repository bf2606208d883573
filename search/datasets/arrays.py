"""What a reader returns: the arrays of a data set by split, and what they are.

>>> import numpy as np
>>> x = np.zeros((6, 1, 8, 8), np.uint8)
>>> task_of(x, np.zeros(6, np.int64)), task_of(x, np.zeros((6, 8, 8), np.uint8)), task_of(x, x)
('classification', 'segmentation', 'denoising')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from .statistics import Statistics

Arrays: TypeAlias = "Mapping[str, np.ndarray]"
"""`x_train`, `y_train`, `x_val`, `y_val`, `x_test` and `y_test`: samples (N, C, *spatial) and targets.

Targets are whole numbers (N,) for classification and (N, *spatial) for segmentation, where 255 is ignored;
0 and 1 (N, k) for several labels;
numbers (N, k) for regression, and images (N, C, *spatial) for denoising.
"""

SPLITS = ("train", "val", "test")

LABELLED = ("classification", "multi-label", "segmentation")
"""The tasks whose targets are labels."""

NUMBERS = ("regression", "localisation")
"""The tasks whose targets are numbers, a row for each sample."""

OF_SAMPLES = ("reconstruction", "next-sample")
"""The tasks whose targets are the samples: those that the data have are not looked at."""

TARGETS = {
    "classification": "whole numbers (N,)",
    "multi-label": "0 and 1 (N, k), a column for each label",
    "segmentation": "masks (N, *spatial) of whole numbers",
    "regression": "numbers (N, k)",
    "localisation": "boxes (N, 4) of left, top, right and bottom",
    "denoising": "images (N, C, *spatial)",
    "reconstruction": "the samples",
    "next-sample": "the samples, a step on",
}
"""What the targets of a task are, in words."""

IGNORED = 255
"""The label of a pixel that counts for nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """The arrays of a data set as they come from their files.

    Attributes:
        arrays: Of all splits. Those that are `np.memmap` are never read whole.
        task: What is learned; "" for what follows from the targets.
        class_names: Of the labels from 0, if they have names.
        statistics: Of the arrays, if they were taken before.
    """

    arrays: Arrays
    task: str = ""
    class_names: tuple[str, ...] = ()
    statistics: Statistics | None = None


def task_of(x: np.ndarray, y: np.ndarray) -> str:
    """Return what the targets ask for."""
    if y.ndim == x.ndim:
        return "denoising"
    if y.dtype.kind == "f":
        return "regression"
    if y.ndim == 2 and y.shape[1] > 1 and y.shape[1:] != x.shape[2:]:
        return "multi-label"
    return "classification" if y.ndim == 1 else "segmentation"
