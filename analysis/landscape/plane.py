"""The loss on a plane through trained weights (Li et al. 2018, "Visualizing the loss landscape").

f(a, b) = L(w + a d1 + b d2) for two random directions, each normalised filter by filter: every filter of a
direction is as long as the filter of the weights that it moves (section 4). So 1 along a direction turns each
filter by its own length, whatever the layer's scale, and two networks can be compared. Vectors (biases, and
what norms learn) stay as trained. The module is run as in evaluation: batch norm has its trained statistics.

>>> module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
>>> surface = landscape(module, torch.randn(8, 1, 2, 2), torch.arange(8) % 3, steps=5)
>>> surface.losses.shape, surface.offsets
((5, 5), [-1.0, -0.5, 0.0, 0.5, 1.0])
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvTransposeNd

from archscape.spaces.errors import InputError

from .surface import SPANS, Surface, grid

Point: TypeAlias = tuple[int, int]
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From the outputs (N, ...) and labels (N,) to one loss a sample, (N,)."""
Track: TypeAlias = Callable[[Sequence[Point]], Iterable[Point]]
"""Yields the points to compute, in order; a progress bar counts them as they pass."""

BATCH = 64
"""Samples in one pass: the maps of a small batch stay in the cache."""
NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)


def landscape(
    module: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    steps: int = 21,
    span: float = 1.0,
    seed: int = 0,
    loss: Loss | None = None,
    track: Track = iter,
) -> Surface:
    """Return the loss surface around the weights of a module, which is left untouched.

    Args:
        module: From (N, C, *spatial) to (N, classes), or to several outputs of which the first counts.
        x: Samples.
        y: Labels (N,), on the device of the samples and the module.
        steps: Points along each direction, odd.
        span: How far to go to either side; 1 is as far as each filter is long.
        seed: Of the directions.
        loss: By default the cross-entropy.
        track: Yields the points in order, as `rich.progress.track` does: it sees how many are left.

    Raises:
        InputError: If the grid has no middle, or the module has no weights to move.
    """
    if steps < 3 or steps % 2 == 0:
        raise InputError(
            f"steps: an odd number from 3, the middle being the trained network, but got {steps}"
        )
    if not SPANS[0] <= span <= SPANS[1]:
        raise InputError(f"span: a number from {SPANS[0]:g} to {SPANS[1]:g}, but got {span:g}")
    moved = copy.deepcopy(module).eval()
    start = {name: weight.detach().clone() for name, weight in moved.named_parameters()}
    first, second = directions(moved, seed)
    if not first:
        raise InputError("the network has no weights to move: no parameter has two axes or more")
    offsets = grid(steps, span)
    losses, accuracies = np.full((steps, steps), np.nan), np.full((steps, steps), np.nan)
    with torch.no_grad():
        for i, j in track([(i, j) for i in range(steps) for j in range(steps)]):
            for name, weight in moved.named_parameters():
                if name in first:
                    weight.copy_(start[name] + offsets[j] * first[name] + offsets[i] * second[name])
            losses[i, j], accuracies[i, j] = mean_loss(moved, x, y, loss)
    return Surface(span=span, losses=losses, accuracies=accuracies)


@torch.no_grad()
def mean_loss(module: nn.Module, x: Tensor, y: Tensor, loss: Loss | None = None) -> tuple[float, float]:
    """Return the mean loss of samples, and the share classified correctly, in the mode that a module is in.

    A sample whose outputs are not finite is wrong.
    """
    sample_loss = loss or _cross_entropy
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    correct = torch.zeros((), dtype=torch.int64, device=x.device)
    for start in range(0, len(x), BATCH):
        labels = y[start : start + BATCH]
        outputs = module(x[start : start + BATCH])
        first = outputs if isinstance(outputs, Tensor) else outputs[0]
        total += sample_loss(first, labels).sum(dtype=torch.float64)
        is_finite = first.flatten(1).isfinite().all(1)
        correct += (is_finite & (first.flatten(1).argmax(1) == labels)).sum()
    return float(total) / len(x), int(correct) / len(x)


def _cross_entropy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return that of each sample (n,); outputs may be maps of one pixel."""
    return nn.functional.cross_entropy(outputs.flatten(1), labels, reduction="none")


def directions(module: nn.Module, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return two random directions by parameter, filter-normalised; a parameter that stays is not in them."""
    generator = torch.Generator().manual_seed(seed)
    movable = list(_movable(module))

    def draw() -> dict[str, Tensor]:
        return {name: _direction(owner, weight, generator) for name, owner, weight in movable}

    return draw(), draw()


def _movable(module: nn.Module) -> Iterator[tuple[str, nn.Module, Tensor]]:
    """Yield the weights that have filters, with their names and owners: not vectors, not those of norms."""
    for prefix, owner in module.named_modules():
        for name, weight in owner.named_parameters(prefix, recurse=False):
            if weight.ndim > 1 and not isinstance(owner, NORMS):
                yield name, owner, weight.detach()


def _direction(owner: nn.Module, weight: Tensor, generator: torch.Generator) -> Tensor:
    direction = torch.randn(weight.shape, generator=generator, dtype=weight.dtype).to(weight.device)
    return direction / filter_norms(owner, direction) * filter_norms(owner, weight)


def filter_norms(owner: nn.Module, weight: Tensor) -> Tensor:
    """Return the length of the filter that each element belongs to, in a shape that broadcasts.

    A filter makes one output: a channel of a convolution, a unit of a linear layer.
    """
    if not isinstance(owner, _ConvTransposeNd):
        lengths: Tensor = vector_norm(weight, dim=tuple(range(1, weight.ndim)), keepdim=True)
        return lengths
    # A transposed convolution has its weights as (in, out of a group, *kernel).
    inputs, outputs = weight.shape[:2]
    grouped = weight.reshape(owner.groups, inputs // owner.groups, outputs, -1)
    norms: Tensor = vector_norm(grouped, dim=(1, 3)).repeat_interleave(inputs // owner.groups, dim=0)
    return norms.reshape(inputs, outputs, *[1] * (weight.ndim - 2))
