"""The accuracy of a trained module, counted so that the same module always gets the same count."""

from __future__ import annotations

import torch
from torch import nn

from ..datasets.dataset import Split
from .device import resolve_device, to_channels_last

# Fixed, because the last bits of an output may depend on the batch it is computed in. On a CPU the maps of a
# small batch stay in the cache and in memory that the allocator has at hand.
BATCH = {"cpu": 64, "cuda": 1024}


def evaluate_accuracy(model: nn.Module, split: Split, *, device: str = "auto") -> tuple[int, int]:
    """Count the samples of a part that a module classifies correctly.

    This is the count that `train` records: the same weights on the same kind of device give the same number.
    A sample whose outputs are not finite is wrong.

    Args:
        model: From (N, C, *spatial) to (N, classes), or to several of which the first counts. It is moved
            to the device; its mode is kept.
        split: The samples and labels.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.

    Returns:
        The number of correct samples, and of all samples.
    """
    target = resolve_device(device)
    correct, _ = count_correct(to_channels_last(model, split, target), split.to(target))
    return correct, len(split)


def count_correct(model: nn.Module, split: Split) -> tuple[int, bool]:
    """Return the number of correct samples, and whether every output was finite."""
    training, batch = model.training, BATCH[split.x.device.type]
    model.eval()
    with torch.inference_mode():
        correct = torch.zeros((), dtype=torch.int64, device=split.y.device)
        finite = torch.ones((), dtype=torch.bool, device=split.y.device)
        for start in range(0, len(split), batch):
            x, y = split.x[start : start + batch], split.y[start : start + batch]
            outputs = model(x)
            logits = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
            sound = logits.isfinite().all(1)
            correct += (sound & (logits.argmax(1) == y)).sum()
            finite &= sound.all()
        counted, all_finite = int(correct), bool(finite)
    model.train(training)
    return counted, all_finite
