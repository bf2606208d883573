"""A batch under way through its augmentations: its tensors, its random numbers, and where it is sampled from.

Nothing here waits for the device, or takes numbers to it from the host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import nn

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
        self._place: torch.Tensor | None = None

    @property
    def spatial(self) -> tuple[int, ...]:
        """The size of a sample."""
        return tuple(self.x.shape[2:])

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Return numbers (n, *shape), uniform from `low` to `high`."""
        drawn = torch.rand(len(self.x), *shape, generator=self._generator, device=self.x.device)
        return low + (high - low) * drawn

    def log_uniform(self, factor: float) -> torch.Tensor:
        """Return numbers (n,), log-uniform from 1 / factor to the factor."""
        return torch.full_like(drawn := self.uniform(-1.0, 1.0), factor).pow(drawn)

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

    def windows(
        self, x: torch.Tensor, reaches: list[int], starts: list[torch.Tensor], fill: float
    ) -> torch.Tensor:
        """Return windows of samples that are padded by a reach along each axis, where they start at (n,)."""
        padding = [reach for reach in reversed(reaches) for _ in range(2)]
        padded = nn.functional.pad(x, padding, value=fill)
        for axis, size in enumerate(self.spatial, 2):
            padded = padded.unfold(axis, size, 1)
        rows = torch.arange(len(x), device=x.device)
        where: tuple[torch.Tensor | slice, ...] = (rows, slice(None), *starts)
        return padded[where].contiguous()

    def identity(self) -> torch.Tensor:
        """Return for each sample the matrix (d + 1, d + 1) that leaves it in its place."""
        d = len(self.spatial)
        return torch.eye(d + 1, device=self.x.device).repeat(len(self.x), 1, 1)

    def place(self, source: torch.Tensor) -> None:
        """Let an affine map follow those that are not yet done: matrices (n, d + 1, d + 1) in pixels."""
        self._place = source if self._place is None else self._place @ source

    def settle(self) -> None:
        """Do the affine maps that are not yet done: all of them by one sampling.

        Numbers are interpolated linearly, masks are taken from the nearest pixel.
        """
        if self._place is None:
            return
        grid = _grid(self._place, self.spatial)
        self._place = None
        self.change(lambda x, fill: _sampled(x, grid, fill))


def _grid(source: torch.Tensor, spatial: tuple[int, ...]) -> torch.Tensor:
    """Return where each pixel comes from, as `grid_sample` has it: the last axis first, edges at -1 and 1.

    `affine_grid` takes twenty times as long.

    Args:
        source: Maps in pixels from the middle (n, d + 1, d + 1).
        spatial: The size of the samples.

    Returns:
        Coordinates (n, *spatial, d), in memory one axis after the other; of sequences (n, 1, length, 2).
    """
    d = len(spatial)
    along = [
        (torch.arange(size, device=source.device) - (size - 1) / 2).view(
            [-1 if k == j else 1 for k in range(d)]
        )
        for j, size in enumerate(spatial)
    ]
    maps = source[(..., *[None] * d)]
    axes = []
    for i, size in enumerate(spatial):
        total = maps[:, i, d]
        for j in range(d):
            total = total + maps[:, i, j] * along[j]
        axes.append(total * (2 / size))
    if d == 1:
        axes = [torch.zeros_like(axes[0])[:, None], axes[0][:, None]]
    return torch.stack(axes[::-1], 1).movedim(1, -1)


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
