"""Mixup and cutmix: a batch blended with itself in another order, on the device where it lies.

Zhang et al. 2017, equation 1; Yun et al. 2019, section 3.1, here with one, two or three axes of space.
Nothing waits for the device: shares and boxes stay tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from archscape.spaces.errors import JobError, about

from .recipe import Recipe

if TYPE_CHECKING:
    from .tasks.base import Task

Batch = tuple[torch.Tensor, torch.Tensor]


def mix(x: torch.Tensor, y: torch.Tensor, recipe: Recipe, task: Task, generator: torch.Generator) -> Batch:
    """Return a batch mixed as a recipe says: by either of the two with equal chance if it has both.

    Args:
        x: Samples (N, C, *spatial).
        y: Their targets.
        recipe: Its `mixup` and `cutmix` are the parameters of the beta distributions of the shares.
        task: What makes soft targets of labels.
        generator: Of the random numbers, on the device of `x`.
    """
    if not (recipe.mixup or recipe.cutmix):
        return x, y
    y = task.soft(y)
    order = torch.randperm(len(x), generator=generator, device=x.device)
    if not recipe.cutmix:
        return _blend(x, y, order, _share(recipe.mixup, generator))
    pasted = _paste(x, y, order, _share(recipe.cutmix, generator), task, generator)
    if not recipe.mixup:
        return pasted
    blended = _blend(x, y, order, _share(recipe.mixup, generator))
    first = torch.rand((), generator=generator, device=x.device) < 0.5
    return torch.where(first, blended[0], pasted[0]), torch.where(first, blended[1], pasted[1])


@about("recipe")
def check_mixing(recipe: Recipe, task: Task, device: torch.device | None = None) -> None:
    """Check that targets can be mixed as their samples are, and on the device.

    Raises:
        JobError: If they cannot.
    """
    for name in ("mixup", "cutmix"):
        if getattr(recipe, name) and device is not None and device.type == "mps":
            law = f"{name} draws from a beta distribution, for which PyTorch has nothing on mps"
            raise JobError(f"recipe: {law}; leave `{name}:` out, or train with `device: cpu`")
        if getattr(recipe, name) and name not in task.mixes:
            law = f"{name} cannot mix the targets of {task.data.name} ({task.name})"
            raise JobError(f"recipe: {law}; leave `{name}:` out")


def _share(alpha: float, generator: torch.Generator) -> torch.Tensor:
    """Draw from the beta distribution with twice the same parameter."""
    parameters = torch.full((2,), alpha, dtype=torch.float64, device=generator.device)
    first, second = torch._standard_gamma(parameters, generator)
    share: torch.Tensor = first / (first + second)
    return share.float()


def _blend(x: torch.Tensor, y: torch.Tensor, order: torch.Tensor, share: torch.Tensor) -> Batch:
    return torch.lerp(x[order], x, share), torch.lerp(y[order], y, share)


def _paste(
    x: torch.Tensor,
    y: torch.Tensor,
    order: torch.Tensor,
    share: torch.Tensor,
    task: Task,
    generator: torch.Generator,
) -> Batch:
    """Paste a box of other samples, which is the same box in the whole batch, into samples."""
    inside = _box(x.shape[2:], share, generator)
    samples = torch.where(inside, x[order], x)
    if task.fill is not None:  # targets are images, which get the same box
        return samples, torch.where(inside, y[order], y)
    return samples, torch.lerp(y, y[order], inside.float().mean())


def _box(size: torch.Size, share: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return what lies in a box at random that fills 1 - share of a map, or less where the edge cuts it."""
    inside = torch.ones((), dtype=torch.bool, device=share.device)
    for axis, length in enumerate(size):
        half = (1 - share) ** (1 / len(size)) * length / 2
        centre = torch.rand((), generator=generator, device=share.device) * length
        middles = torch.arange(length, device=share.device) + 0.5
        along = (middles - centre).abs() < half
        inside = inside & along.view(*(-1 if i == axis else 1 for i in range(len(size))))
    return inside
