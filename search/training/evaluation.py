"""The metrics of a trained module, taken so that the same module always gets the same numbers."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from ..datasets.split import Split
from .device import resolve_device, to_channels_last
from .tasks.base import Task

# Fixed, because the last bits of an output may depend on the batch it is computed in. On a CPU the maps of a
# small batch stay in the cache and in memory that the allocator has at hand.
BATCH = {"cpu": 64, "cuda": 1024}


def evaluate(model: nn.Module, split: Split, task: Task, *, device: str = "auto") -> dict[str, float]:
    """Return the metrics of a module on a part of the data, and counts behind them.

    These are what `train` records: the same weights on the same kind of device give the same numbers.

    Args:
        model: From (N, C, *spatial) to what the task asks for, or to several of which the first counts. It is
            moved to the device; its mode is kept.
        split: The samples and targets.
        task: What the module learned.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
    """
    target = resolve_device(device)
    return measure(to_channels_last(model, split, target), split.to(target), task, target).metrics


class Measured(NamedTuple):
    """What a part of the data gave.

    Attributes:
        metrics: Those of the task, and counts behind them.
        is_finite: Whether every output was a finite number.
        confusion: Counts by class and by the class given, as `Confusion.counts`; None if there are none.
    """

    metrics: dict[str, float]
    is_finite: bool
    confusion: list[list[int]] | None


def measure(
    model: nn.Module, split: Split, task: Task, device: torch.device, *, counts: bool = False
) -> Measured:
    """Return the metrics of a module that is on the device, and its confusion if `counts` asks for it."""
    training, batch = model.training, BATCH[device.type]
    model.eval()
    with torch.inference_mode(), task.evaluating(model, device):
        tally = task.tally(device)
        for start in range(0, len(split), batch):
            x, targets = split.batch(slice(start, start + batch), device)
            tally.add(task.judged(model(x)), task.targets_of(x, targets))
        confusion = tally.confusion() if counts else None
        measured = Measured(tally.metrics(), bool(tally.is_finite), confusion)
    model.train(training)
    return measured
