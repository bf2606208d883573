"""Data for training, told by name or read from a file.

>>> data = load_dataset("digits")
>>> data.input, data.classes, len(data.train), len(data.val), len(data.test)
((1, 8, 8), 10, 1197, 300, 300)
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archscape.spaces.errors import JobError

from .arrays import IMAGES, LABELLED, NUMBERS, OF_SAMPLES, SPLITS, TARGETS, Source, Statistics, task_of
from .progress import Log, Progress, no_log, no_progress
from .settings import DataSettings
from .sources import open_source
from .split import Split, make_split
from .statistics import of_samples, take_statistics

if TYPE_CHECKING:
    import torch

SHOWN_NAMES = 20
"""How many names of classes a report shows; weights have them all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Samples and targets to train on, to choose by (validation) and to report on (test).

    Attributes:
        name: As asked for: an embedded name or a path.
        train: The part to train on.
        val: The part every decision of a search is taken by.
        test: The part that is looked at once, when a training has ended.
        task: What is learned, one of `TARGETS`.
        class_names: Names of the labels, if they have names.
        classes: Labels run from 0 to `classes - 1`, columns of a target that has several; 0 where targets are
            no labels.
        input: Shape of one sample, (C, *spatial).
        dtype: Type of the numbers of a sample in the source, as NumPy names it; `x` is float32 in memory.
        target: Shape of one target, () for a label; that of a sample where the targets are the samples.
        statistics: Units that samples and measured targets are standardised by, and the fingerprint.
    """

    name: str
    train: Split
    val: Split
    test: Split
    task: str
    class_names: tuple[str, ...] = ()
    classes: int
    input: tuple[int, ...]
    dtype: str = "float32"
    target: tuple[int, ...] = ()
    statistics: Statistics

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of each channel over the training part, in the units of the source."""
        return self.statistics.samples.mean

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation likewise; samples are `(source - mean) / std`."""
        return self.statistics.samples.std

    @property
    def fingerprint(self) -> str:
        """Hash of every number of the source, 16 hex digits."""
        return self.statistics.fingerprint

    def card(self) -> dict[str, str]:
        """Return what whoever uses trained weights must know, lists as JSON.

        Samples have to be brought to the units that a network was trained in, and what it gives to those of
        the targets.
        """
        targets = self.statistics.targets
        known = {
            "mean": self.mean,
            "std": self.std,
            **({"class_names": self.class_names} if self.class_names else {}),
            **({"target_mean": targets.mean, "target_std": targets.std} if targets else {}),
        }
        lists = {name: json.dumps(values) for name, values in known.items()}
        return {"data": self.name, "task": self.task, "dtype": self.dtype, **lists}

    def facts(self) -> dict[str, str]:
        """Return what a study keeps of its data: fingerprint, names of classes, a task other than theirs."""
        task = {} if self.task == "classification" else {"task": self.task}
        names, more = ", ".join(self.class_names[:SHOWN_NAMES]), len(self.class_names) - SHOWN_NAMES
        classes = {"classes": names + (f", and {more} more" if more > 0 else "")} if names else {}
        return {"data_fingerprint": self.fingerprint, **task, **classes}

    def to(self, device: torch.device | str) -> Dataset:
        """Return the data on a device."""
        return replace(self, train=self.train.to(device), val=self.val.to(device), test=self.test.to(device))


def load_dataset(
    data: str | Path | DataSettings, *, say: Log = no_log, show: Progress = no_progress
) -> Dataset:
    """Return embedded data by name, or the data in a file or a folder.

    Args:
        data: `digits` (1x8x8), `cluttered-digits` (1x16x16), a path of what one of `READERS` recognises, or
            settings.
        say: Takes a line about what was converted, or is waited for.
        show: Takes how far decoding is.

    Raises:
        JobError: If there is no such name, or the file cannot be used; the message says why.
    """
    return make_dataset(str(data), open_source(data, say=say, show=show))


def make_dataset(name: str, source: Source) -> Dataset:
    """Return the data set of arrays, with the statistics that the source has, or takes now."""
    arrays = source.arrays
    task = source.task or task_of(arrays["x_train"], arrays["y_train"])
    if task in NUMBERS:
        arrays = {key: array[:, None] if array.ndim == 1 else array for key, array in arrays.items()}
    if task in OF_SAMPLES:
        return _of_samples(name, task, source)
    _check_task(name, task, arrays["x_train"].shape, arrays["y_train"])
    statistics = source.statistics or take_statistics(arrays, labelled=task in LABELLED)
    classes = statistics.classes
    if task == "multi-label":
        classes = _labels(name, arrays["y_train"], classes)
    _check_labels(name, task, classes, source.class_names)
    parts = {
        part: make_split(arrays[f"x_{part}"], arrays[f"y_{part}"], statistics.samples, statistics.targets)
        for part in SPLITS
    }
    return Dataset(
        name=name,
        **parts,
        task=task,
        class_names=source.class_names,
        classes=len(source.class_names) or classes,
        input=arrays["x_train"].shape[1:],
        dtype=arrays["x_train"].dtype.name,
        target=arrays["y_train"].shape[1:],
        statistics=statistics,
    )


def _of_samples(name: str, task: str, source: Source) -> Dataset:
    """Return data whose targets are their samples; a part has nothing but a 0 for each instead."""
    statistics = of_samples(source.arrays, task, source.statistics, greatest=source.greatest)
    parts = {}
    for part in SPLITS:
        x = source.arrays[f"x_{part}"]
        parts[part] = make_split(x, np.zeros(len(x), np.uint8), statistics.samples, None)
    shape = source.arrays["x_train"].shape[1:]
    return Dataset(
        name=name,
        **parts,
        task=task,
        class_names=(),
        classes=0,
        input=shape,
        dtype=source.arrays["x_train"].dtype.name,
        target=shape,
        statistics=statistics,
    )


def _check_task(name: str, task: str, x: tuple[int, ...], y: np.ndarray) -> None:
    """Check that targets are of the shape and kind that a task has.

    Raises:
        JobError: If they are not.
    """
    many = {"classification": 1, "segmentation": len(x) - 1, **dict.fromkeys(IMAGES, len(x))}
    is_other = task == "denoising" and y.shape[1:] != x[1:]
    if y.ndim != many.get(task, 2) or (task in LABELLED and y.dtype.kind not in "ui") or is_other:
        law = f"targets of {task} are {TARGETS[task]}, but y_train is {y.shape} {y.dtype}"
        raise JobError(f"data {name}: {law}; `task:` says what is learned")


def _labels(name: str, y: np.ndarray, numbers: int) -> int:
    """Return how many labels a sample may have.

    Raises:
        JobError: If targets are other numbers than 0 and 1, or all are 0.
    """
    if numbers != 2:
        law = f"targets of multi-label are {TARGETS['multi-label']}, but the greatest is {numbers - 1}"
        raise JobError(f"data {name}: {law}")
    return int(y.shape[1])


def _check_labels(name: str, task: str, classes: int, names: tuple[str, ...]) -> None:
    """Check that there is something to tell apart.

    Raises:
        JobError: If all labels are the same, or one has no name.
    """
    if names and classes > len(names):
        raise JobError(f"data {name}: it has a label {classes - 1}, but {len(names)} class names")
    if task in LABELLED and classes < 2:
        mask = ", and 255 counts for nothing; masks of 0 and 255 have to be 0 and 1"
        why = mask if task == "segmentation" else "; two classes are needed at least"
        raise JobError(f"data {name}: all labels are 0{why}")
