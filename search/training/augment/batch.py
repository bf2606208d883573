"""A batch under way through its augmentations: its tensors, its random numbers, and where it is sampled from.

Nothing here waits for the device, or takes numbers to it from the host.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import TypeAlias

import torch
from torch import nn

from ...datasets.split import take

Change: TypeAlias = "Callable[[torch.Tensor, float], torch.Tensor]"
"""From samples or targets (n, C, *spatial), and what comes in where they have nothing, to new ones."""


class Batch:
    """Samples and those of their targets that are images.

    Attributes:
        x: Samples (n, C, *spatial).
        targets: Images (n, C, *spatial) that change with them; None if targets stay as they are.
    """

    def __init__(
        self, x: torch.Tensor, targets: torch.Tensor | None, fill: float, generator: torch.Generator
    ) -> None:
        """Take up a batch; `fill` comes in where there is nothing of a target, in samples it is zero."""
        self.x = x
        self.targets = targets
        self._fill = fill
        self._generator = generator
        self._mirrored: dict[int, torch.Tensor] = {}
        self._place: torch.Tensor | None = None

    @property
    def spatial(self) -> tuple[int, ...]:
        """The size of a sample."""
        return tuple(self.x.shape[2:])

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Return numbers (n, *shape), uniform from `low` to `high`."""
        empty = torch.empty(len(self.x), *shape, device=self.x.device)
        return empty.uniform_(low, high, generator=self._generator)

    def log_uniform(self, factor: float) -> torch.Tensor:
        """Return numbers (n,), log-uniform from 1 / factor to the factor."""
        return self.uniform(-math.log(factor), math.log(factor)).exp()

    def whole(self, low: int, high: int) -> torch.Tensor:
        """Return whole numbers (n, 1) from `low` to `high`."""
        return torch.randint(low, high + 1, (len(self.x), 1), generator=self._generator, device=self.x.device)

    def chance(self) -> torch.Tensor:
        """Return booleans (n,), half of which are true."""
        return torch.rand(len(self.x), generator=self._generator, device=self.x.device) < 0.5

    def normal(self) -> torch.Tensor:
        """Return normal numbers of mean 0 and deviation 1, in the shape of the samples."""
        return torch.randn(self.x.shape, generator=self._generator, device=self.x.device)

    def over(self, values: torch.Tensor) -> torch.Tensor:
        """Return one value for each sample, (n,) or (n, 1), in a shape to be spread over samples."""
        return values.view(-1, *[1] * (self.x.ndim - 1))

    def positions(self, axis: int) -> torch.Tensor:
        """Return the positions along an axis of the samples, in a shape to be spread over them."""
        size = self.x.shape[axis]
        shape = [size if i == axis else 1 for i in range(self.x.ndim)]
        return torch.arange(size, device=self.x.device).view(shape)

    def change(self, change: Change) -> None:
        """Change samples, and targets alike where they are images."""
        self.x = change(self.x, 0)
        if self.targets is not None:
            self.targets = change(self.targets, self._fill)

    def move(self, reaches: list[int], starts: list[torch.Tensor]) -> None:
        """Cut windows out of samples that are padded by a reach along each axis, where they start at (n,)."""
        self.change(partial(_windows, reaches=reaches, starts=starts))

    def to_planes(self) -> None:
        """Lay out the samples one channel after the other: each then is one long row of numbers."""
        self.x = self.x.contiguous()

    def identity(self) -> torch.Tensor:
        """Return for each sample the matrix (d + 1, d + 1) that leaves it in its place."""
        d = len(self.spatial)
        return torch.eye(d + 1, device=self.x.device).expand(len(self.x), -1, -1).contiguous()

    def mirror(self, axis: int, where: torch.Tensor) -> None:
        """Mirror samples along an axis where (n,) says so, before all affine maps that follow."""
        self._mirrored[axis] = where

    def place(self, source: torch.Tensor) -> None:
        """Let an affine map follow those that are not yet done: matrices (n, d + 1, d + 1) in pixels."""
        self._place = source if self._place is None else self._place @ source

    def settle(self) -> None:
        """Do what is not yet done: mirroring alone by copies, with affine maps all by one sampling.

        Numbers are interpolated linearly, masks are taken from the nearest pixel.
        """
        mirrored, affine = self._mirrored, self._place
        self._mirrored, self._place = {}, None
        if affine is None:
            for axis, where in mirrored.items():
                self.change(partial(_mirrored, axis=axis, where=where))
            return
        for axis, where in mirrored.items():
            affine[:, axis - 2] *= 1 - 2 * where[:, None].to(affine.dtype)
        grid = _grid(affine, self.spatial)
        self.change(lambda x, fill: _sampled(x, grid, fill))


def _mirrored(x: torch.Tensor, _: float, *, axis: int, where: torch.Tensor) -> torch.Tensor:
    """Return samples mirrored along an axis where they are to be; `torch.where` takes twice as long."""
    rows = torch.arange(len(x), device=x.device) + len(x) * where
    return take(torch.cat([x, x.flip(axis)]), rows)


def _windows(x: torch.Tensor, fill: float, *, reaches: list[int], starts: list[torch.Tensor]) -> torch.Tensor:
    """Return windows of padded samples, copied row by row as these lie in memory."""
    padding = [reach for reach in reversed(reaches) for _ in range(2)]
    padded = nn.functional.pad(x, padding, value=fill)
    by_channel = padded.is_contiguous()
    axes = [axis for axis in range(x.ndim - 1) if by_channel or axis != 1]
    begins = torch.zeros((), dtype=torch.int64, device=x.device)
    for axis, start in enumerate(starts, 2):
        begins = begins + start.view(-1, *[1] * (len(axes) - 1)) * padded.stride(axis)
    for i, axis in enumerate(axes):
        along = torch.arange(x.shape[axis], device=x.device) * padded.stride(axis)
        begins = begins + along.view([-1 if i == j else 1 for j in range(len(axes))])
    length = x.shape[-1] * padded.stride(-1)
    rows = padded.as_strided((padded.numel() - length + 1, length), (1, 1)).index_select(0, begins.flatten())
    if by_channel:
        return rows.view(x.shape)
    return rows.view(len(x), *x.shape[2:], x.shape[1]).movedim(-1, 1)


@cache
def _axes(spatial: tuple[int, ...], device: torch.device) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return 2 / size of each axis (d, 1), and where pixels lie along it, from the middle (size,)."""
    scale = torch.cat([torch.full((1, 1), 2 / size, device=device) for size in spatial])
    return scale, [torch.arange(size, device=device) - (size - 1) / 2 for size in spatial]


def _grid(source: torch.Tensor, spatial: tuple[int, ...]) -> torch.Tensor:
    """Return where each pixel comes from, as `grid_sample` has it: the last axis first, edges at -1 and 1.

    It is a sum with one term for each axis of space: `affine_grid`, a product, takes ten times as long.

    Args:
        source: Maps in pixels from the middle (n, d + 1, d + 1).
        spatial: The size of the samples.

    Returns:
        Coordinates (n, *spatial, d), in memory one axis after the other; of sequences (n, 1, length, 2).
    """
    n, d = len(source), len(spatial)
    scale, along = _axes(spatial, source.device)
    rows = (source[:, :d] * scale).flip(1)
    total = rows[..., d].view(n, d, *[1] * d)
    for j, places in enumerate(along):
        shape = [-1 if k == j else 1 for k in range(d)]
        total = total + (rows[..., j, None] * places).view(n, d, *shape)
    if d == 1:
        total = torch.stack([total, torch.zeros_like(total)], 1).view(n, 2, 1, -1)
    return total.movedim(1, -1)


def _sampled(x: torch.Tensor, grid: torch.Tensor, fill: float) -> torch.Tensor:
    """Return samples or targets as a grid says, in their own type, with rows last in memory."""
    images = x if x.ndim > 3 else x[:, :, None]
    mode = "bilinear" if x.is_floating_point() else "nearest"
    # Outside there is zero: what comes in is the zero of the difference from it.
    moved = nn.functional.grid_sample(
        images.to(grid.dtype) - fill if fill else images.to(grid.dtype),
        grid,
        mode=mode,
        padding_mode="zeros",
        align_corners=False,
    )
    return (moved + fill if fill else moved).view(x.shape).to(x.dtype)
