"""What the networks of the example jobs learn, drawn: the figure of docs/tasks.md.

Command: `python benchmarks/tasks.py --figure docs/tasks.png` (some minutes). It runs the job of each task
under examples/tasks/, with fewer trials and more epochs, and draws what the best trial gives for samples of
the test part, which it has not seen, beside its target. With `--runs FOLDER` the runs stay there,
and are taken up again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from PIL import Image
from torch import nn

from archscape.search import run
from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.job import read_job
from archscape.search.study.reader import StudyReader
from archscape.search.study.trained import trained
from archscape.search.training.tasks import make_task

Panels: TypeAlias = "tuple[torch.Tensor | np.ndarray, ...]"
"""What is drawn beside each other of each example: inputs, outputs, targets."""

EXAMPLES = Path(__file__).parents[1] / "examples" / "tasks"
TRIALS = 2
SHOWN = (3, 57, 111, 204)
"""Samples of the test part."""


class Learned:
    """The best trial of an example, with the samples that are drawn."""

    def __init__(self, name: str, epochs: int, runs: Path) -> None:
        job = read_job(EXAMPLES / f"{name}.yaml")
        run(replace(job, trials=TRIALS, recipe=replace(job.recipe, epochs=epochs)), out=runs / name)
        with StudyReader.open(runs / name) as study:
            _, network, state, _ = trained(study, "best", note=print)
        self.model: nn.Module = network.build().eval()
        self.model.load_state_dict(state)
        self.data: Dataset = load_dataset(job.data)  # type: ignore[arg-type]
        self.x, self.y = self.data.test.batch(torch.tensor(SHOWN), "cpu")
        self.shown = make_task(self.data).targets_of(self.x, self.y)

    def output(self) -> torch.Tensor:
        """Return the first output for the samples."""
        with torch.inference_mode():
            outputs = self.model(self.x)
        return outputs if isinstance(outputs, torch.Tensor) else outputs[0]


def masks(learned: Learned) -> Panels:
    return (
        learned.x,
        learned.output().argmax(1, keepdim=True),
        torch.where(learned.y == 255, 0.5, learned.y)[:, None],
    )


def boxes(learned: Learned) -> Panels:
    units = learned.data.statistics.targets
    assert units is not None
    mean, std = torch.tensor(units.mean), torch.tensor(units.std)
    return learned.x, learned.output() * std + mean, learned.y * std + mean


def images(learned: Learned) -> Panels:
    return learned.x, learned.output(), learned.shown


def reconstructions(learned: Learned) -> Panels:
    return learned.shown, learned.output()


def codes(learned: Learned) -> Panels:
    """Return digits, their reconstructions, and what is decoded from codes that are drawn."""
    output = learned.output()
    (draw,) = [part for part in learned.model.modules() if type(part).__name__ == "Reparameterise"]
    torch.manual_seed(5)
    with draw.register_forward_hook(lambda row, read, code: torch.randn_like(code)):
        return learned.shown, output, learned.output()


def continued(learned: Learned) -> Panels:
    """Return the upper halves of digits, rows as they are continued, and the whole digits."""
    torch.manual_seed(3)
    units, samples = learned.data.statistics.samples, learned.x.clone()
    half = samples.shape[2] // 2
    upper = samples.clone()
    upper[:, :, half:] = samples.min()
    for step in range(half, samples.shape[2]):
        with torch.inference_mode():
            logits = learned.model(samples)[:, :, step - 1]
        levels = torch.distributions.Categorical(logits=2 * logits).sample()
        samples[:, 0, step] = (levels - units.mean[0]) / units.std[0]
    return tuple(each.view(-1, 1, 8, 8) for each in (upper, samples, learned.x))


ROWS: Mapping[str, tuple[str, int, Callable[[Learned], Panels]]] = {
    "masks": ("segmentation", 4, masks),
    "boxes": ("localisation", 10, boxes),
    "noise": ("denoising", 4, images),
    "enlarging": ("image to image", 4, images),
    "reconstruction": ("reconstruction", 20, reconstructions),
    "vae": ("VAE", 40, codes),
    "next": ("next sample", 20, continued),
}
HEADS = {"reconstruction": ("input", "output"), "vae": ("input", "output", "drawn")}


def draw(path: Path, runs: Path) -> None:
    """Train the examples and draw a row for each."""
    mpl.use("agg")
    from matplotlib import pyplot

    panels = {name: show(Learned(name, epochs, runs)) for name, (_, epochs, show) in ROWS.items()}
    # A narrow column parts the examples.
    widths = [1.0, 1.0, 1.0, 0.15] * len(SHOWN)
    figure, axes = pyplot.subplots(
        len(ROWS), len(widths) - 1, figsize=(11.2, 6.9), gridspec_kw={"width_ratios": widths[:-1]}
    )
    for row, (name, (task, _, _)) in zip(axes, ROWS.items(), strict=True):
        for axis in row:
            axis.set_axis_off()
        heads = HEADS.get(name, ("input", "output", "target"))
        row[0].text(-0.25, 0.5, task, ha="right", va="center", fontsize=10, transform=row[0].transAxes)
        for example in range(len(SHOWN)):
            for column, (head, panel) in enumerate(zip(heads, panels[name], strict=True)):
                axis = row[4 * example + column]
                axis.set_title(head, fontsize=8, pad=2)
                paint(axis, panels[name][0][example], panel[example])
    figure.subplots_adjust(left=0.125, right=0.995, bottom=0.01, top=0.965, wspace=0.06, hspace=0.22)
    figure.savefig(path, dpi=90, metadata={"Software": None})
    Image.open(path).convert("RGB").quantize(48).save(path, optimize=True)


def paint(axis: Axes, sample: torch.Tensor | np.ndarray, panel: torch.Tensor | np.ndarray) -> None:
    """Draw an image (1, height, width), or a box (4,) on its sample."""
    image = sample if panel.ndim == 1 else panel
    axis.imshow(image[0], cmap="gray", interpolation="nearest")
    if panel.ndim == 1:
        left, top, right, bottom = (float(end) - 0.5 for end in panel)
        axis.plot(
            [left, right, right, left, left], [top, top, bottom, bottom, top], color="orangered", linewidth=2
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw what the networks of the example jobs learn.")
    parser.add_argument("--figure", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--runs", type=Path, help="where the runs stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        draw(arguments.figure, arguments.runs or Path(folder))
