"""What each part of a recipe gains: one network, one data set, one part changed at a time, five seeds each.

Claim: on cluttered digits the preset `modern` beats `quick` at equal epochs, three or ten, and what each
other part of a recipe gains or costs there is in the table, with its standard error.

Command: `python benchmarks/recipes.py` (22 CPU-minutes; writes benchmarks/results/recipes-DATE.md). What
was trained is kept in `runs/recipes`, and the same command resumes.

What is compared. A residual network of 11,284 parameters is trained for ten epochs by `quick` (AdamW, a
line to zero after a warm-up, no augmentation), and by `quick` with one part changed. Seeds are those of the
weights, of the order of the samples and of augmentation; a gain is the mean over five seeds of the difference
to `quick` with the same seed, and the standard error is that of these differences. Accuracies are those of
the validation part, 300 images: how another 300 would rank the parts is not in the standard error. An
optimizer has the best of six rates, by two trainings each with other seeds than those of the table. All
trainings have one thread; CPU time is that of a training beside `quick`, on a machine with other work: a
third more or less says nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import torch
from results import write_results

from archscape.search.datasets.dataset import load_dataset
from archscape.search.training.outcome import Outcome
from archscape.search.training.recipe import Recipe, read_recipe
from archscape.search.training.teacher import Teacher
from archscape.search.training.train import train
from archscape.search.training.transfer import Transfer
from archscape.search.training.weights import Weights, read_weights
from archscape.spaces import JobError, Network, load_network
from archscape.spaces.language.document import read_text

NETWORK = """\
network: small-resnet
input: 1x16x16
layers:
  - conv:  {width: 6, stride: 2}
  - basic: {width: 6}
  - basic: {width: 12, stride: 2}
  - basic: {width: 24, stride: 2}
  - avgpool
  - linear: {width: 10}
"""
EPOCHS, SEEDS, OTHER_SEEDS = 10, range(5), (100, 101)
RATES = (0.003, 0.01, 0.02, 0.05, 0.15, 0.5)
OPTIMIZERS = (
    "optimizer: adamw",
    "optimizer: sgd, weight_decay: 5e-4",
    "optimizer: {rule: sgd, nesterov: true}, weight_decay: 5e-4",
    "optimizer: adam, weight_decay: 5e-4",
    "optimizer: adamax, weight_decay: 5e-4",
    "optimizer: nadam, weight_decay: 5e-4",
    "optimizer: radam, weight_decay: 5e-4",
    "optimizer: rmsprop, momentum: 0, weight_decay: 5e-4",
    "optimizer: adagrad, weight_decay: 5e-4",
    "optimizer: adadelta, weight_decay: 5e-4, rate: 1",
    "optimizer: muon",
)
PARTS: Mapping[str, tuple[str, ...]] = {
    "schedule": (
        "schedule: constant",
        "schedule: cosine",
        "schedule: one-cycle, warmup: 0.3",
        "schedule: wsd",
        "schedule: step",
        "schedule: {rule: plateau, patience: 2}",
        "warmup: 0",
    ),
    "steps": (
        "batch: 24",
        "batch: 96",
        "accumulate: 2",
        "clip: 1",
        "ema: 0.99",
        "ema: 0.99, schedule: constant",
        "precision: bfloat16",
    ),
    "regularisation": (
        "weight_decay: 0",
        "weight_decay: 0.1",
        "weight_decay: 0.1, decay: weights",
        "label_smoothing: 0.1",
        "mixup: 0.2",
        "cutmix: 1",
    ),
    "augmentation": (
        "augment: {shift: 1}",
        "augment: {shift: 2}",
        "augment: {translate: 1}",
        "augment: {rotate: 10}",
        "augment: {scale: 1.1}",
        "augment: {stretch: 1.1}",
        "augment: {shear: 10}",
        "augment: {noise: 0.1}",
        "augment: {colour: 0.2}",
        "augment: {cutout: 0.25}",
        "augment: crop",
        "augment: flip",
        "augment: plankton",
    ),
    "together": (
        "preset: modern",
        "preset: modern, augment: {shift: 2}",
        "preset: modern, augment: {shift: 2}, schedule: wsd",
        "preset: modern, augment: {shift: 2}, schedule: wsd, epochs: 30",
        "epochs: 30",
    ),
}
TEACHER = "preset: modern, epochs: 20"
PRESET_EPOCHS = (3, EPOCHS, 30)


class Run(NamedTuple):
    """A training that is over; one that diverged has classified nothing."""

    accuracy: float
    cpu_seconds: float


class Trainer:
    """Trains by recipes, and keeps what that came to, so that nothing is trained twice."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.network = Network.from_yaml(NETWORK)
        self.data = load_dataset("cluttered-digits")
        self.file = folder / "trainings.jsonl"
        lines = self.file.read_text().splitlines() if self.file.is_file() else []
        self.kept = {key: Run(*run) for key, run in map(json.loads, lines)}

    def run(self, recipe: str, seed: int, *, taught: bool = False) -> Run:
        """Return what a training comes to."""
        key = f"{recipe}, seed: {seed}{', taught' if taught else ''}"
        if key not in self.kept:
            transfer = Transfer(teacher=self.teacher()) if taught else None
            start = time.process_time()
            outcome = self._train(self.network, recipe, seed, transfer)
            run = Run(outcome.metrics.get("accuracy", 0.0), time.process_time() - start)
            print(f"{key}: {run.accuracy:.3f} ({run.cpu_seconds:.1f} s)", flush=True)
            with self.file.open("a") as file:
                file.write(json.dumps([key, run]) + "\n")
            self.kept[key] = run
        return self.kept[key]

    def at_its_rate(self, recipe: str) -> str:
        """Return a recipe with the rate of the best accuracy, by seeds that are not in the table."""
        if "rate:" in recipe:
            return recipe
        recipes = [f"{recipe}, rate: {rate:g}" for rate in RATES]
        return max(recipes, key=lambda each: mean(self.run(each, seed).accuracy for seed in OTHER_SEEDS))

    def teacher(self) -> Teacher:
        """Return a larger network, trained for longer."""
        file, network = self.folder / "teacher.safetensors", load_network("resnet20").at(input=(1, 16, 16))
        if not file.is_file():
            outcome = self._train(network, TEACHER, OTHER_SEEDS[0], None)
            assert outcome.state is not None
            file.write_bytes(Weights(outcome.state, {}).to_bytes())
        return Teacher(network=network, weights=read_weights(file, digest=""))

    def _train(self, network: Network, recipe: str, seed: int, transfer: Transfer | None) -> Outcome:
        outcome = train(network.build, self.data, read(recipe), seed=seed, device="cpu", transfer=transfer)
        if outcome.status not in ("complete", "diverged"):
            raise RuntimeError(f"{recipe}: {outcome.cause}")
        return outcome


def read(recipe: str) -> Recipe:
    """Return the recipe that a job gives as a mapping, here without its braces; epochs if it has none."""
    document = read_text(f"recipe: {{{recipe}}}", name="benchmark", kind=JobError)
    assert isinstance(document.tree, dict)
    assert isinstance(document.tree["recipe"], dict)
    return read_recipe({"epochs": str(EPOCHS), **document.tree["recipe"]}, document)


class Spread(NamedTuple):
    """A mean over seeds, and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return that of some values."""
        return cls(mean(values), stdev(values) / sqrt(len(values)))

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} ± {100 * self.error:.1f}"


def gains(trainer: Trainer) -> Iterator[str]:
    """Yield the lines of the table of parts."""
    base = [trainer.run("", seed) for seed in SEEDS]
    base_seconds = mean(run.cpu_seconds for run in base)

    def row(name: str, recipe: str, *, taught: bool = False) -> str:
        runs = [trainer.run(recipe, seed, taught=taught) for seed in SEEDS]
        accuracy = Spread.of([run.accuracy for run in runs])
        gain = Spread.of([run.accuracy - other.accuracy for run, other in zip(runs, base, strict=True)])
        seconds = mean(run.cpu_seconds for run in runs) / base_seconds
        return f"| {name} | {accuracy} | {'+' if gain.mean > 0 else ''}{gain} | {seconds:.1f} |"

    yield "| part | accuracy, % | gain, points | CPU time |"
    yield "|:--|--:|--:|--:|"
    yield f"| `quick` | {Spread.of([run.accuracy for run in base])} | | 1 |"
    for group, recipes in {"optimizer": OPTIMIZERS, **PARTS}.items():
        yield f"| *{group}* | | | |"
        for recipe in recipes:
            best = trainer.at_its_rate(recipe) if recipe in OPTIMIZERS else recipe
            yield row(f"`{best}`", best)
    yield "| *teacher* | | | |"
    yield row("a `resnet20`", "", taught=True)


def presets(trainer: Trainer) -> Iterator[str]:
    """Yield the lines of the table of `modern` against `quick`."""
    yield "| epochs | `quick`, % | `modern`, % | margin, points |"
    yield "|--:|--:|--:|--:|"
    for epochs in PRESET_EPOCHS:
        quick, modern = (
            [trainer.run(f"preset: {name}, epochs: {epochs}", seed).accuracy for seed in SEEDS]
            for name in ("quick", "modern")
        )
        margin = Spread.of([ours - theirs for ours, theirs in zip(modern, quick, strict=True)])
        yield f"| {epochs} | {Spread.of(quick)} | {Spread.of(modern)} | {margin} |"


def compare(folder: Path) -> None:
    """Train by all recipes, and write the tables."""
    trainer = Trainer(folder)
    lines = [
        f"{trainer.network.totals.params:,} parameters; validation accuracy, mean ± standard error over "
        f"{len(SEEDS)} seeds, differences seed by seed.",
        "",
        *presets(trainer),
        "",
        f"Parts, {EPOCHS} epochs if a row says nothing else; of an optimizer the best of six rates. "
        f"The teacher had `{TEACHER}`.",
        "",
        *gains(trainer),
    ]
    write_results("recipes", (__doc__ or "").split("Claim: ")[1].split("\n\n")[0], lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure what each part of a recipe gains.")
    parser.add_argument("--out", type=Path, default=Path("runs/recipes"), help="keeps what was trained")
    torch.set_num_threads(1)
    compare(parser.parse_args().out)
