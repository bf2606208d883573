"""Augmentation of batches against the same done image by image, and by kornia; and pictures of all of them.

`benchmarks/training.py` has the claim, and writes what `compare` measures.

Command: `python benchmarks/augmentation.py docs/augmentations.png` draws what each does to embedded digits.

What is compared. Batches of 128 images of 3 x 32 x 32, as CIFAR-10 has them. `archscape` is `augment()` as
the training loop calls it, on a batch in memory. `Pillow` changes one image after the other in one process,
in the steps of torchvision's transforms (`helpers/references/transforms.py`), and stacks them. What a loader
and its workers add is not counted. `kornia`, where it is installed, is its `AugmentationSequential` on the
same batch. In turns of some batches each, medians of the CPU time of one thread; freed memory stays with the
process, of all three.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import torch
from helpers.references import transforms
from helpers.references.transforms import Transform
from PIL import Image

from archscape.search.datasets.dataset import load_dataset
from archscape.search.training.allocator import keep_freed_memory
from archscape.search.training.augment import AUGMENTATIONS
from archscape.search.training.augment.apply import augment
from archscape.search.training.recipe import read_recipe

BATCH, SIZE, BATCHES = 128, 32, 10
RECIPES: Mapping[str, list[object]] = {
    "flip, shift": ["flip", {"shift": 4}],
    "flip and five affine": ["flip", {"scale": 1.25}, {"shear": 10}, {"rotate": 15}, {"translate": 4}],
    "flip, rotate, colour, cutout": ["flip", {"rotate": 15}, "colour", {"cutout": 8}],
    "flip, rotate, noise": ["flip", {"rotate": 15}, "noise"],
}
MEAN, DEVIATION = 0.5, 0.25


def words(items: list[object]) -> set[str]:
    return {item if isinstance(item, str) else next(iter(item)) for item in items}  # type: ignore[call-overload]


def by_pillow(names: set[str]) -> Transform:
    """Return what does the same to one image."""
    affine = transforms.affine(15, shift=1 / 8, scale=1.25, shear=10)
    steps = {
        "flip": transforms.flip,
        "shift": transforms.crop(SIZE, 4),
        "rotate": affine if "scale" in names else transforms.affine(15),
        "colour": transforms.colours(0.2),
        "": transforms.to_tensor,
        " ": transforms.normalize([MEAN] * 3, [DEVIATION] * 3),
        "noise": transforms.noise(0.1),
        "cutout": transforms.cutout(8),
    }
    return transforms.compose(*(step for name, step in steps.items() if name in names or not name.strip()))


def by_kornia(names: set[str]) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return kornia's pipeline, each sample changed in its own way; None if it is not installed."""
    if not find_spec("kornia"):
        return None
    import kornia.augmentation as k

    share = 4 / SIZE
    parts = [k.RandomHorizontalFlip(p=0.5)]
    if "shift" in names:
        parts.append(k.RandomCrop((SIZE, SIZE), padding=4))
    if "scale" in names:
        parts.append(k.RandomAffine(15, (share, share), (0.8, 1.25), shear=10, p=1.0))
    elif "rotate" in names:
        parts.append(k.RandomAffine(15, p=1.0))
    if "colour" in names:
        parts.append(k.ColorJiggle(0.2, 0.2, 0.2, p=1.0))
    if "noise" in names:
        parts.append(k.RandomGaussianNoise(std=0.1, p=1.0))
    if "cutout" in names:
        parts.append(k.RandomErasing((1 / 16, 1 / 16), (1.0, 1.0), p=1.0))
    pipeline = k.AugmentationSequential(*parts, data_keys=["input"])
    return lambda x: pipeline(x)


def seconds(call: Callable[[], object], batches: int) -> float:
    start = time.process_time()  # of one thread: what else the machine does counts little
    for _ in range(batches):
        call()
    return (time.process_time() - start) / batches


def compare(rounds: int) -> list[str]:
    """Return the lines that compare augmentations."""
    keep_freed_memory()
    torch.set_num_threads(1)
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    raw = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = ((raw - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)
    labels, generator = torch.arange(BATCH), torch.Generator().manual_seed(0)
    table = []
    for name, items in RECIPES.items():
        settings, names = read_recipe({"augment": items}).augment, words(items)  # type: ignore[dict-item]
        calls: dict[str, Callable[[], object]] = {
            "archscape": partial(augment, x, labels, settings, generator),
            "Pillow": partial(one_by_one, pixels, by_pillow(names)),
            **({"kornia": partial(kornia, raw)} if (kornia := by_kornia(names)) else {}),
        }
        times: dict[str, list[float]] = {peer: [] for peer in calls}
        for _ in range(rounds):
            for peer, call in calls.items():
                times[peer].append(seconds(call, 2 if peer == "Pillow" else BATCHES))
        ours, pillow, theirs = (
            median(times[peer]) * 1e6 / BATCH if peer in times else math.nan
            for peer in ("archscape", "Pillow", "kornia")
        )
        table.append((name, ours, pillow, theirs, pillow / ours, theirs / ours))
    range_of_kornia = f"**{min(row[5] for row in table):.1f} to {max(row[5] for row in table):.1f} times**"
    by_peer = f"with kornia {range_of_kornia}" if find_spec("kornia") else "kornia is not installed"
    return [
        f"Augmentation, image by image with Pillow: **{min(row[4] for row in table):.1f} to "
        f"{max(row[4] for row in table):.1f} times** as long; {by_peer}.",
        "",
        f"CPU microseconds for a sample, medians of {rounds} turns, batches of {BATCH}, one thread:",
        "",
        "| augmentations | archscape | Pillow | kornia | Pillow / archscape | kornia / archscape |",
        "|:--|--:|--:|--:|--:|--:|",
        *(
            f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} |".replace("nan", "-")
            for name, *values in table
        ),
    ]


def one_by_one(pixels: np.ndarray, transform: Transform) -> torch.Tensor:
    """Return images (n, 32, 32, 3) changed one after the other, (n, 3, 32, 32)."""
    return torch.stack([transform(Image.fromarray(each)) for each in pixels])


def draw(path: Path, columns: int = 7) -> None:
    """Draw digits, and what each augmentation makes of one of them; of sequences where it is for those."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    digit = load_dataset("cluttered-digits").train.x[:1]
    sequence = load_dataset("digit-sequences").train.x[:1]
    names = [*AUGMENTATIONS, "plankton"]
    figure, axes = pyplot.subplots(len(names), columns, figsize=(columns * 0.95, len(names) * 0.95))
    for row, name in zip(axes, names, strict=True):
        settings = read_recipe({"augment": name}).augment
        sample = sequence if name == "time_shift" else digit
        x = sample.repeat(columns - 1, *[1] * (sample.ndim - 1))
        changed, _ = augment(x, torch.arange(len(x)), settings, torch.Generator().manual_seed(4))
        for axis, image in zip(row, [sample[0], *changed], strict=True):
            axis.set(xticks=[], yticks=[])
            if image.ndim == 2:
                axis.plot(image[0], color="black", linewidth=0.8)
            else:
                axis.imshow(image[0], cmap="gray", vmin=float(digit.min()), vmax=float(digit.max()))
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    axes[0][0].set_title("as it is", fontsize=9)
    axes[0][1].set_title("six times anew", fontsize=9, loc="left")
    figure.subplots_adjust(left=0.13, right=0.995, bottom=0.005, top=0.975, wspace=0.05, hspace=0.05)
    figure.savefig(path, dpi=90, metadata={"Software": None})
    Image.open(path).convert("L").quantize(32).save(path, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw what each augmentation does.")
    parser.add_argument("figure", type=Path, help="the PNG to write")
    draw(parser.parse_args().figure)
