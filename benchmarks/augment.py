"""Augmentation of batches against the same done image by image, and by kornia, side by side.

Claim: the augmentations of `augment:` take at most a fourth of what the same changes take image by image with
Pillow, and at most two thirds of what kornia takes for a batch, each sample changed in its own way.

Command: `python benchmarks/augment.py` (a minute; writes benchmarks/results/augment-DATE.md). With
`--figure docs/augmentations.png` it draws what each augmentation does to embedded digits instead.

What is compared. Batches of 128 images of 3 x 32 x 32, as CIFAR-10 has them. `archscape` is `augment()` as
the training loop calls it, on a batch in memory. `Pillow` changes one image after the other in one process,
as a `Dataset` of CIFAR-10 with a `transform` does: `Image.fromarray`, `transpose`, `expand` and `crop`,
`transform` (affine, bilinear), colours by `ImageEnhance`; then a tensor, standardised; noise, cutout.
What a loader and its workers add is not counted. `kornia`, where it is installed, is its
`AugmentationSequential` on the same batch. In turns of some batches each, medians of the CPU time of one
thread; freed memory stays with the process, of all three.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from random import Random
from statistics import median

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps
from results import write_results

from archscape.search.datasets.dataset import load_dataset
from archscape.search.training.augment import AUGMENTATIONS
from archscape.search.training.augment.apply import augment
from archscape.search.training.recipe import read_recipe

BATCH, SIZE, ROUNDS, BATCHES = 128, 32, 15, 5
RECIPES: Mapping[str, list[object]] = {
    "flip, shift": ["flip", {"shift": 4}],
    "flip and five affine": ["flip", {"scale": 1.25}, {"shear": 10}, {"rotate": 15}, {"translate": 4}],
    "flip, rotate, colour, cutout": ["flip", {"rotate": 15}, "colour", {"cutout": 8}],
    "flip, rotate, noise": ["flip", {"rotate": 15}, "noise"],
}
RNG = Random(0)
NUMBERS = np.random.default_rng(0)
MEAN, DEVIATION = 0.5, 0.25


def words(items: list[object]) -> set[str]:
    return {item if isinstance(item, str) else next(iter(item)) for item in items}  # type: ignore[call-overload]


def by_pillow(pixels: np.ndarray, names: set[str]) -> torch.Tensor:
    """Return images (n, 32, 32, 3) changed one after the other, (n, 3, 32, 32)."""
    return torch.stack([one_by_pillow(Image.fromarray(each), names) for each in pixels])


def one_by_pillow(image: Image.Image, names: set[str]) -> torch.Tensor:
    if RNG.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if "shift" in names:
        left, top = RNG.randint(0, 8), RNG.randint(0, 8)
        image = ImageOps.expand(image, 4).crop((left, top, left + SIZE, top + SIZE))
    if "rotate" in names:
        image = image.transform(
            image.size, Image.Transform.AFFINE, affine(names), resample=Image.Resampling.BILINEAR
        )
    if "colour" in names:
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            image = enhance(image).enhance(RNG.uniform(0.8, 1.2))
    x = torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).permute(2, 0, 1)
    x = (x - MEAN) / DEVIATION
    if "noise" in names:
        x = x + 0.1 * torch.randn(x.shape)
    if "cutout" in names:
        top, left = RNG.randrange(SIZE), RNG.randrange(SIZE)
        x[:, max(0, top - 4) : top + 4, max(0, left - 4) : left + 4] = 0
    return x.contiguous()


def affine(names: set[str]) -> tuple[float, ...]:
    """Return what `Image.transform` takes: rows (a, b, c) and (d, e, f), from a pixel to its source."""
    angle, middle = math.radians(RNG.uniform(-15, 15)), (SIZE - 1) / 2
    matrix = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    moved = np.zeros(2)
    if "scale" in names:
        slant = np.array([[1, math.tan(math.radians(RNG.uniform(-10, 10)))], [0, 1]])
        matrix = 1.25 ** RNG.uniform(-1, 1) * slant @ matrix
        moved = matrix @ np.array([RNG.uniform(-4, 4), RNG.uniform(-4, 4)])
    (a, b), (d, e) = matrix
    c, f = middle - matrix @ np.array([middle, middle]) + moved
    return (a, b, c, d, e, f)


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


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()  # of one thread: what else the machine does counts little
    for _ in range(BATCHES):
        call()
    return (time.process_time() - start) / BATCHES


def keep_memory() -> None:
    """Have glibc keep what is freed: new pages cost more than all else on some virtual machines."""
    library = ctypes.CDLL(None)
    for parameter in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        library.mallopt(parameter, 1 << 30)


def compare() -> None:
    keep_memory()
    torch.set_num_threads(1)
    pixels = NUMBERS.integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    raw = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = ((raw - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)
    labels, generator = torch.arange(BATCH), torch.Generator().manual_seed(0)
    lines = [
        f"CPU microseconds for a sample, medians of {ROUNDS} turns, batches of {BATCH}, one thread.",
        "",
        "| augmentations | archscape | Pillow | kornia | Pillow / archscape | kornia / archscape |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for name, items in RECIPES.items():
        settings, names = read_recipe({"augment": items}).augment, words(items)  # type: ignore[dict-item]
        kornia = by_kornia(names)
        calls: dict[str, Callable[[], object]] = {
            "archscape": lambda s=settings: augment(x, labels, s, generator),  # type: ignore[misc]
            "Pillow": lambda n=names: by_pillow(pixels, n),  # type: ignore[misc]
            **({"kornia": lambda k=kornia: k(raw)} if kornia else {}),  # type: ignore[misc]
        }
        times: dict[str, list[float]] = {peer: [] for peer in calls}
        for _ in range(ROUNDS):
            for peer, call in calls.items():
                times[peer].append(seconds(call))
        ours, pillow, theirs = (
            median(times[peer]) * 1e6 / BATCH if peer in times else math.nan
            for peer in ("archscape", "Pillow", "kornia")
        )
        columns = (ours, pillow, theirs, pillow / ours, theirs / ours)
        lines.append(f"| {name} | {' | '.join(f'{value:.1f}' for value in columns)} |".replace("nan", "-"))
    write_results("augment", (__doc__ or "").split("Claim: ")[1].split("\n\n")[0], lines)


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
    parser = argparse.ArgumentParser(description="Compare augmentation with peers, or draw it.")
    parser.add_argument("--figure", type=Path, help="draw what each does into this PNG instead")
    arguments = parser.parse_args()
    draw(arguments.figure) if arguments.figure else compare()
