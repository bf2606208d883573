"""What several networks, or one on several crops, give together: the mean of their probabilities.

The founding papers report both: ten crops of each image, and ensembles of networks (Krizhevsky et al. 2012,
sections 4.1 and 6.1; He et al. 2015, section 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import nn

from archscape.spaces.errors import InputError

from ..evaluation import BATCH
from ..teacher import LABELLED, NUMBERS

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ...datasets.split import Split
    from ..tasks.base import Task

View: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Takes samples (N, C, *spatial) and returns what of them a network sees."""

CROP = 7 / 8
"""Share of a side that a crop keeps: 224 of 256 pixels (Krizhevsky et al. 2012, section 4.1)."""


def can_average(task: Task) -> bool:
    """Return whether the mean of several outputs means something in a task."""
    return task.name in (*LABELLED, *NUMBERS)


def measure_together(
    models: Sequence[nn.Module],
    split: Split,
    task: Task,
    device: torch.device,
    *,
    views: Sequence[View] = (lambda x: x,),
) -> dict[str, float]:
    """Return the metrics of the mean of what all models give for all views: of labels, of probabilities.

    Args:
        models: In evaluation mode, on the device.
        split: Samples and targets, on the device or on disk.
        task: What they learned; one that `can_average`.
        device: Where they are.
        views: What of each sample is looked at.
    """
    batch, is_labelled = BATCH[device.type], task.name in LABELLED
    with torch.inference_mode():
        tally = task.tally(device)
        for start in range(0, len(split), batch):
            x, targets = split.batch(slice(start, start + batch), device)
            outputs = [task.judged(model(view(x))) for model, view in product(models, views)]
            predictions = [each.softmax(1) for each in outputs] if is_labelled else outputs
            tally.add(torch.stack(predictions).mean(0), task.targets_of(x, targets))
        return tally.metrics()


def cropped(network: Network) -> Network:
    """Return the network on crops of its samples, with the same weights.

    Raises:
        InputError: If it reads no images, or cannot take crops: without a global pool its weights are those
            of one size.
    """
    (shape,) = network.input_shapes
    channels, *sides = shape
    if len(sides) != 2:
        raise InputError("crops are taken of images")
    size = (channels, *(round(side * CROP) for side in sides))
    shown = "x".join(map(str, size))
    try:
        other = network.at(input=size)
    except InputError as error:
        raise InputError(f"the network takes no crops of {shown}: {error}") from None
    if (other.body.shape, other.totals.params) != (network.body.shape, network.totals.params):
        raise InputError(f"the network takes no crops of {shown}: it has no global pool")
    return other


def crops(sides: Sequence[int], size: Sequence[int], *, mirrored: bool) -> list[View]:
    """Return views of the corners and the centre of images, and of their mirror images if these are asked.

    Args:
        sides: Height and width of an image.
        size: Those of a crop.
        mirrored: Whether to see each mirrored along the last axis too.

    >>> views = crops((8, 8), (7, 7), mirrored=True)
    >>> len(views), views[0](torch.zeros(2, 1, 8, 8)).shape
    (10, torch.Size([2, 1, 7, 7]))
    """
    down, right = (side - kept for side, kept in zip(sides, size, strict=True))
    corners = [*product((0, down), (0, right)), (down // 2, right // 2)]
    return [
        _crop(*corner, *size, mirrored=flag)
        for flag in ((False, True) if mirrored else (False,))
        for corner in corners
    ]


def _crop(top: int, left: int, height: int, width: int, *, mirrored: bool) -> View:
    def view(x: torch.Tensor) -> torch.Tensor:
        crop = x[..., top : top + height, left : left + width]
        return crop.flip(-1) if mirrored else crop

    return view
