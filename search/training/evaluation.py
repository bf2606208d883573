"""The metrics of a trained module, taken so that the same module always gets the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from ..datasets.split import Split
from .device import resolve_device, to_channels_last
from .tasks.base import Task

if TYPE_CHECKING:
    from .parallel.ranks import Ranks

# Fixed, because the last bits of an output may depend on the batch it is computed in. On a CPU the maps of a
# small batch stay in the cache and in memory that the allocator has at hand.
BATCH = {"cpu": 64, "cuda": 1024, "mps": 256}


def evaluate(model: nn.Module, split: Split, task: Task, *, device: str = "auto") -> dict[str, float]:
    """Return the metrics of a module on a part of the data, and counts behind them.

    These are what `train` records: the same weights on the same kind of device give the same numbers.

    Args:
        model: From (N, C, *spatial) to what the task asks for, or to several of which the first counts. It is
            moved to the device; its mode is kept.
        split: The samples and targets.
        task: What the module learned.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
    """
    target = resolve_device(device)
    return measure(to_channels_last(model, split, target), split.to(target), task, target).metrics


class Measured(NamedTuple):
    """What a part of the data gave.

    Attributes:
        metrics: Those of the task, and counts behind them.
        is_finite: Whether every output was a finite number.
        confusion: Counts by class and by predicted class, as `Confusion.counts`; None if there are none.
    """

    metrics: dict[str, float]
    is_finite: bool
    confusion: list[list[int]] | None


def measure(
    model: nn.Module,
    split: Split,
    task: Task,
    device: torch.device,
    *,
    counts: bool = False,
    ranks: Ranks | None = None,
) -> Measured:
    """Return the metrics of a module that is on the device, and its confusion if `counts` asks for it.

    Of several processes each passes some of the batches through the network, and gets what all gave; where
    random numbers are drawn each passes all, so that they are those of one process.
    """
    training = model.training
    model.eval()
    with torch.inference_mode(), task.evaluating(model, device):
        counted_on = torch.device("cpu") if device.type == "mps" else device  # which has no float64
        tally = task.tally(counted_on)
        for outputs, x, targets in _passes(model, split, task, device, None if task.draws else ranks):
            tally.add(outputs.to(counted_on), task.targets_of(x, targets).to(counted_on))
        confusion = tally.confusion() if counts else None
        measured = Measured(tally.metrics(), bool(tally.is_finite), confusion)
    model.train(training)
    return measured


class _Pass(NamedTuple):
    """What is judged of what a network gives for a batch (n, ...), its samples and their targets."""

    outputs: torch.Tensor
    x: torch.Tensor
    targets: torch.Tensor


def _passes(
    model: nn.Module, split: Split, task: Task, device: torch.device, ranks: Ranks | None
) -> Iterator[_Pass]:
    """Yield every batch of a part with what is judged of what the network gives for it."""
    batch = BATCH[device.type]
    slices = [slice(start, start + batch) for start in range(0, len(split), batch)]
    if ranks is None:
        for rows in slices:
            x, targets = split.batch(rows, device)
            yield _Pass(task.judged(model(x)), x, targets)
        return
    for start in range(0, len(slices), ranks.count):
        own = slices[min(start + ranks.rank, len(slices) - 1)]  # a process without one takes the last again
        joined = ranks.gather_outputs(task.judged(model(split.batch(own, device)[0])), batch)
        for rows, outputs in zip(slices[start : start + ranks.count], joined, strict=False):
            x, targets = split.batch(rows, device)
            yield _Pass(outputs[: len(targets)], x, targets)
