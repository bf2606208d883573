"""Augmentation of a whole batch at once, on the device where it lies, in one, two or three axes of space."""

from __future__ import annotations

from collections.abc import Collection

import torch

REACH = 8  # a shift goes up to one `REACH`-th of the size, 4 pixels in 32


def augment(x: torch.Tensor, names: Collection[str], generator: torch.Generator) -> torch.Tensor:
    """Return the batch with each sample changed at random.

    Args:
        x: Samples (N, C, *spatial).
        names: Any of `flip` and `shift`, as a recipe names them.
        generator: Of the random numbers, on the device of `x`.
    """
    if "flip" in names:
        x = _flip(x, generator)
    if "shift" in names:
        for axis in range(2, x.ndim):
            x = _shift(x, axis, generator)
    return x


def _flip(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror about half of the samples along the last axis."""
    mirrored = torch.rand(len(x), generator=generator, device=x.device) < 0.5
    return torch.where(mirrored.view(-1, *[1] * (x.ndim - 1)), x.flip(-1), x)


def _shift(x: torch.Tensor, axis: int, generator: torch.Generator) -> torch.Tensor:
    """Move each sample along an axis; zeros, the mean of standardised data, follow it in."""
    size = x.shape[axis]
    reach = size // REACH
    offset = torch.randint(-reach, reach + 1, (len(x), 1), generator=generator, device=x.device)
    source = torch.arange(size, device=x.device) + offset
    shape = [len(x), *(size if i == axis else 1 for i in range(1, x.ndim))]
    inside = ((source >= 0) & (source < size)).view(shape)
    return x.gather(axis, source.clamp(0, size - 1).view(shape).expand_as(x)) * inside
