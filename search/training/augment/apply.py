"""Augmentation of a whole batch at once, on the device where it lies, in one, two or three axes of space.

Targets that are images change with their samples.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

import torch

from archscape.spaces.errors import JobError, about
from archscape.spaces.values import shape_text

from ...datasets.arrays import NUMBERS
from ...datasets.split import channels_last
from . import AUGMENTATIONS
from .base import Augmentation, Geometric
from .batch import Batch

if TYPE_CHECKING:
    from ..tasks.base import Task


def augment(
    x: torch.Tensor,
    y: torch.Tensor,
    augmentations: Collection[str | Augmentation],
    generator: torch.Generator,
    *,
    fill: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the batch with each sample changed at random.

    Args:
        x: Samples (N, C, *spatial).
        y: Targets; images, (N, *spatial) or (N, C, *spatial), if there is a `fill`.
        augmentations: Names, of those with their defaults, and settings; in any order.
        generator: Of the random numbers, on the device of `x`.
        fill: What stands in a target where a shift uncovers it; None if targets stay as they are.
    """
    if not augmentations:
        return x, y
    # Masks get an axis of one channel, and lose it again.
    images = None if fill is None else y if y.ndim == x.ndim else y[:, None]
    batch = Batch(x, images, fill or 0.0, generator)
    for each in _in_order(tuple(augmentations)):
        if not isinstance(each, Geometric):
            batch.settle()
        each.apply(batch)
    batch.settle()
    layout = torch.contiguous_format if x.is_contiguous() else channels_last(x.ndim)
    samples = batch.x.contiguous(memory_format=layout)
    if batch.targets is None:
        return samples, y
    return samples, batch.targets if y.ndim == x.ndim else batch.targets[:, 0]


@about("recipe")
def check_augmentation(augmentations: Collection[str | Augmentation], task: Task) -> None:
    """Check that samples of a task can be changed so, and that targets can follow what is done to them.

    Raises:
        JobError: If they cannot.
    """
    each_of, data = _in_order(tuple(augmentations)), task.data
    sample, target = data.input[1:], data.target[-len(data.input) + 1 :]
    for each in each_of:
        if law := each.refusal(tuple(sample)):
            raise JobError(f"recipe: augment: {law}; those of {data.name} are {shape_text(sample)}")
    law, out = "", [each.name for each in each_of if each.moves]
    if out and task.name in NUMBERS:
        law = f"changes where things lie, which the targets of {data.name} may measure"
    elif task.fill is not None:
        shapes = f"samples of {data.name} are {shape_text(sample)}, their targets {shape_text(target)}"
        if sample != target:
            out = [each.name for each in each_of if each.moves or each.hides]
            law = f"cannot do the same to both: {shapes}"
        elif len(data.target) == len(data.input):
            out = [each.name for each in each_of if each.recolours]
            law = f"changes colours that the targets of {data.name}, which are images, keep"
    if law and out:
        what = "`augment:`" if len(out) == len(each_of) else " and ".join(f"`{name}`" for name in out)
        raise JobError(f"recipe: augment: {', '.join(out)} {law}; leave {what} out")


@cache
def _in_order(augmentations: tuple[str | Augmentation, ...]) -> tuple[Augmentation, ...]:
    """Return settings in the order in which they are done, that of the table."""
    settings = [AUGMENTATIONS.load(each)() if isinstance(each, str) else each for each in augmentations]
    order = {name: i for i, name in enumerate(AUGMENTATIONS)}
    return tuple(sorted(settings, key=lambda each: order[each.name]))
