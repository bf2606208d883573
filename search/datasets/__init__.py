"""Data sets: names and files become tensors.

A new embedded data set is a file here with a function that returns its arrays, and a line in `EMBEDDED` (its
task, if that is not classification, in `EMBEDDED_TASKS`); a new format of files is a file in `readers/` with
a `Reader`, and a line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .arrays import SPLITS, Arrays, Source
from .samples import Reader

EMBEDDED: LazyTable[Callable[[], Source]] = LazyTable(
    "embedded data set",
    __name__,
    {
        "digits": ".digits:digits",
        "cluttered-digits": ".cluttered_digits:cluttered_digits",
        "digit-sequences": ".digit_sequences:digit_sequences",
        "long-tailed-digits": ".long_tailed_digits:long_tailed_digits",
        "several-digits": ".several_digits:several_digits",
        "digit-masks": ".digit_masks:digit_masks",
        "digit-positions": ".digit_positions:digit_positions",
        "digit-boxes": ".digit_boxes:digit_boxes",
        "noisy-digits": ".noisy_digits:noisy_digits",
    },
    error=JobError,
)
"""What returns the arrays of a data set, by its name in a job."""

EMBEDDED_TASKS = {
    "several-digits": "multi-label",
    "digit-masks": "segmentation",
    "digit-positions": "regression",
    "digit-boxes": "localisation",
    "noisy-digits": "denoising",
}
"""What is learned from embedded data, known without their arrays; of the others it is classification."""

READERS: LazyTable[Reader] = LazyTable(
    "format of data",
    __name__,
    {
        "npz": ".readers.npz:NPZ",
        "tensors": ".readers.tensors:TENSORS",
        "csv": ".readers.csv_table:CSV",
        "function": ".readers.function:FUNCTION",
        "hugging-face": ".readers.hugging_face:HUGGING_FACE",
        "masks": ".readers.masks:MASKS",
        "cifar": ".readers.cifar:CIFAR",
        "idx": ".readers.idx:IDX",
        "images": ".readers.image_folder:IMAGE_FOLDER",
        "sounds": ".readers.wav:WAV",
    },
    error=JobError,
)
"""What reads a file or a folder; the first one that recognises it."""

__all__ = ["EMBEDDED", "EMBEDDED_TASKS", "READERS", "SPLITS", "Arrays", "Reader", "Source"]
