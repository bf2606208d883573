"""The arrays of a data set by part, what is learned from them, and what is known of them.

>>> import numpy as np
>>> x = np.zeros((6, 1, 8, 8), np.uint8)
>>> task_of(x, np.zeros(6, np.int64)), task_of(x, np.zeros((6, 8, 8), np.uint8)), task_of(x, x)
('classification', 'segmentation', 'denoising')
>>> task_of(x, np.zeros((6, 3, 16, 16), np.uint8))
'image-to-image'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Arrays: TypeAlias = "Mapping[str, np.ndarray]"
"""`x_train`, `y_train`, `x_val`, `y_val`, `x_test` and `y_test`: samples (N, C, *spatial) and targets.

Targets are whole numbers (N,) for classification and (N, *spatial) for segmentation, where 255 is ignored;
0 and 1 (N, k) for several labels;
numbers (N, k) for regression, and images (N, C, *spatial) for denoising and image to image.
"""

SPLITS = ("train", "val", "test")

Parts: TypeAlias = "NDArray[np.int8]"
"""The part of each sample, its number in `SPLITS`; -1 for one that is in none."""

LABELLED = ("classification", "multi-label", "segmentation")
"""The tasks whose targets are labels."""

NUMBERS = ("regression", "localisation")
"""The tasks whose targets are numbers, a row for each sample."""

IMAGES = ("denoising", "image-to-image")
"""The tasks whose targets are images."""

OF_SAMPLES = ("reconstruction", "vae", "next-sample")
"""The tasks whose targets are the samples: those that the data have are not looked at."""

TARGETS = {
    "classification": "whole numbers (N,)",
    "multi-label": "0 and 1 (N, k), a column for each label",
    "segmentation": "masks (N, *spatial) of whole numbers",
    "regression": "numbers (N, k)",
    "localisation": "boxes (N, 4) of left, top, right and bottom",
    "denoising": "images (N, C, *spatial) of the shape of their samples",
    "image-to-image": "images (N, C, *spatial)",
    "reconstruction": "the samples",
    "vae": "the samples",
    "next-sample": "the samples, a step on",
}
"""What the targets of a task are, in words."""

IGNORED = 255
"""The label of a pixel that counts for nothing."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """The mean and the standard deviation of each channel over the training part, in the units of the source.

    A channel that is constant has the deviation 1.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What is known of arrays once all were looked at.

    Attributes:
        samples: Units of the samples.
        targets: Units of targets that are measured, not counted; None for labels.
        span: From the least to the greatest target of the training part; 255 for bytes, 0 for labels.
        classes: One more than the greatest label that counts; 0 where targets are no labels.
        fingerprint: Hash of every number of the source, 16 hex digits.
    """

    samples: Units
    targets: Units | None = None
    span: float = 0.0
    classes: int = 0
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Return them in plain types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Statistics:
        """Return what `to_dict` gave, also if it went through JSON."""
        units = {
            name: Units(mean=tuple(plain[name]["mean"]), std=tuple(plain[name]["std"]))
            for name in ("samples", "targets")
            if plain[name]
        }
        return cls(**{**plain, **units})


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """The arrays of a data set as they come from their files.

    Attributes:
        arrays: Of all splits. Those that are `np.memmap` are never read whole.
        task: What is learned; "" for what follows from the targets.
        class_names: Of the labels from 0, if they have names.
        statistics: Of the arrays, if they were taken before.
        greatest: What a byte of a sample could be at most, if that is less than 255.
    """

    arrays: Arrays
    task: str = ""
    class_names: tuple[str, ...] = ()
    statistics: Statistics | None = None
    greatest: int = 255


def task_of(x: np.ndarray, y: np.ndarray) -> str:
    """Return what the targets ask for."""
    if y.ndim == x.ndim:
        return "denoising" if y.shape[1:] == x.shape[1:] else "image-to-image"
    if y.dtype.kind == "f":
        return "regression"
    if y.ndim == 2 and y.shape[1] > 1 and y.shape[1:] != x.shape[2:]:
        return "multi-label"
    return "classification" if y.ndim == 1 else "segmentation"
