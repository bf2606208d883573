"""Data of every task, a few small images of bars, and for each a network that can learn it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

from archscape.search.datasets import Source
from archscape.search.datasets.arrays import IGNORED, OF_SAMPLES
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.training.tasks import make_task
from archscape.spaces.codegen.runtime import Reparameterise

COUNTS = {"train": 96, "val": 70, "test": 30}
SIDE = 8


def bars(count: int, seed: int) -> np.ndarray:
    """Return images (n, 1, 8, 8) with a bright row in noise, at a place of its own in each."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 100, (count, 1, SIDE, SIDE), dtype=np.uint8)
    images[np.arange(count), 0, places(count)] += 150
    return images


def places(count: int) -> np.ndarray:
    return np.arange(count) % SIDE


def masks(count: int) -> np.ndarray:
    """Return labels (n, 8, 8): the bright row, what is above it and below it, but for a last column."""
    rows = np.arange(SIDE)[None, :, None]
    labels = 1 + np.sign(rows - places(count)[:, None, None]) + np.zeros((1, 1, SIDE), int)
    labels[:, :, -1] = IGNORED
    return labels.astype(np.uint8)


def boxes(count: int) -> np.ndarray:
    """Return boxes (n, 4) around the bright rows, a pixel larger to all sides."""
    rows = places(count)[:, None]
    return np.hstack([0 * rows - 1, rows - 1, 0 * rows + SIDE + 1, rows + 2]).astype(np.float32)


def conv(*widths: int) -> nn.Module:
    layers = [nn.Sequential(nn.Conv2d(n, m, 3, padding=1), nn.ReLU()) for n, m in pairwise(widths)]
    return nn.Sequential(*layers[:-1], layers[-1][0])


def flat(width: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.ReLU(), nn.Linear(32, width))


def coloured(images: np.ndarray) -> np.ndarray:
    """Return images (n, 3, 16, 16): twice the size, red where they are bright and blue where they are not."""
    large = np.kron(images, np.ones((1, 1, 2, 2), np.uint8))
    return np.concatenate([large, 0 * large + 60, 255 - large], 1)


class Autoencoder(nn.Module):
    """A variational autoencoder with a code of 4 numbers, by PyTorch alone but for the draw."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.ReLU())
        self.mean, self.logvar = nn.Linear(32, 4), nn.Linear(32, 4)
        self.draw = Reparameterise()
        self.decode = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, SIDE * SIDE), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        features = self.encode(x)
        mean, logvar = self.mean(features), self.logvar(features)
        return self.decode(self.draw(mean, logvar)).view(-1, 1, SIDE, SIDE), mean, logvar


TARGETS: Mapping[str, Callable[[int], np.ndarray]] = {
    "classification": places,
    "multi-label": lambda count: (np.abs(places(count)[:, None] - np.arange(SIDE)) < 2).astype(np.uint8),
    "segmentation": masks,
    "regression": lambda count: np.stack([1000 + 7.0 * places(count), -0.01 * places(count)], 1),
    "localisation": boxes,
    "denoising": lambda count: (bars(count, 0) > 140).astype(np.uint8) * 200,
    "image-to-image": lambda count: coloured(bars(count, 0)),
    "reconstruction": places,
    "vae": places,
    "next-sample": places,
}
NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "classification": lambda: flat(SIDE),
    "multi-label": lambda: flat(SIDE),
    "segmentation": lambda: conv(1, 8, 8, 8, 3),
    "regression": lambda: flat(2),
    "localisation": lambda: flat(4),
    "denoising": lambda: conv(1, 8, 1),
    "image-to-image": lambda: nn.Sequential(conv(1, 8, 12), nn.PixelShuffle(2)),
    "reconstruction": lambda: conv(1, 8, 1),
    "vae": lambda: Autoencoder(),
    "next-sample": lambda: conv(1, 8, 256),
}
"""For each task a network that can learn it, on the images above."""
NAMED = ("localisation", *OF_SAMPLES)
"""Tasks that do not follow from their targets."""


def some_data(task: str, folder: Path | None = None) -> Dataset:
    """Return data of a task, in memory or on disk in a folder."""
    arrays = {f"x_{split}": bars(count, seed=i) for i, (split, count) in enumerate(COUNTS.items())}
    arrays |= {f"y_{split}": TARGETS[task](count) for split, count in COUNTS.items()}
    if folder is not None:
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in arrays}
    named = task if task in NAMED else ""
    return make_dataset("bars", Source(arrays=arrays, task=named))


def both(
    name: str, *, data: Dataset | None = None, measures: tuple[str, ...] = ()
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """Return metrics of random outputs, taken in two batches, with the outputs and targets."""
    data = data or some_data(name)
    task = make_task(data, measures=measures)
    x, y = data.val.batch(slice(None), "cpu")
    targets = task.targets_of(x, y)
    outputs = torch.randn(len(targets), *task.output, generator=torch.Generator().manual_seed(1))
    tally = task.tally(torch.device("cpu"))
    for rows in (slice(0, 33), slice(33, None)):
        tally.add(outputs[rows], targets[rows])
    return tally.metrics(), outputs, targets
