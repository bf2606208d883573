"""The space `digits` on cluttered digits: every network that a sampler asks for is really trained, once.

A training is that of a search with one thread and seed 0; what it came to is remembered by the hash of its
network in a CSV file, so that all samplers see the same numbers and nothing is trained twice.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from archscape.analysis.metrics import Objectives
from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.training.recipe import Recipe, read_recipe
from archscape.search.training.train import train
from archscape.spaces import JobError, Sample, load_space
from archscape.spaces.language.document import read_text

from .bed import Bed, Outcome, Volume

OBJECTIVES: Objectives = {"accuracy": "maximize", "macs": "minimize"}
REFERENCE = {"accuracy": 0.0, "macs": 1e7}
RECIPE = "recipe: {preset: quick, epochs: 3}"
HEADINGS = ("hash", "accuracy")


@dataclass(kw_only=True)
class Trainer:
    """Trains networks, and remembers.

    Attributes:
        remembered: The file of what was trained.
    """

    remembered: Path
    data: Dataset = field(default_factory=lambda: load_dataset("cluttered-digits"))
    recipe: Recipe = field(default_factory=lambda: _recipe())
    accuracies: dict[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.remembered.is_file():
            with self.remembered.open(encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    self.accuracies[row["hash"]] = float(row["accuracy"]) if row["accuracy"] else None

    def __call__(self, sample: Sample, seed: int) -> Outcome:
        """Return what the training of a sample comes to, whatever the seed of the search."""
        digest, macs = sample.hash(), float(sample.totals.macs)
        if digest not in self.accuracies:
            self._remember(digest, self._train(sample))
        accuracy = self.accuracies[digest]
        if accuracy is None:
            return Outcome(values=None, truth=(0.0, macs))
        return Outcome(values=(accuracy, macs), truth=(accuracy, macs))

    def _train(self, sample: Sample) -> float | None:
        """Return the accuracy on the validation part; None where the training diverged."""
        outcome = train(sample.network.build, self.data, self.recipe, seed=0, device="cpu")
        if outcome.status not in ("complete", "diverged"):
            raise RuntimeError(f"{sample.hash()}: {outcome.cause}")
        return outcome.metrics["accuracy"] if outcome.status == "complete" else None

    def _remember(self, digest: str, accuracy: float | None) -> None:
        self.accuracies[digest] = accuracy
        is_new = not self.remembered.is_file()
        with self.remembered.open("a", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(HEADINGS)
            writer.writerow((digest, "" if accuracy is None else repr(accuracy)))


def _recipe() -> Recipe:
    document = read_text(RECIPE, name="benchmark", kind=JobError)
    return read_recipe(document.tree["recipe"], document)


def bed(remembered: Path) -> Bed:
    """Return the bed, with a file that its trainings are remembered in."""
    return Bed(
        name="digits-trained",
        title=__doc__ or "",
        space=load_space("digits"),
        objectives=OBJECTIVES,
        train=Trainer(remembered=remembered),
        score=Volume(
            objectives=OBJECTIVES,
            reference=REFERENCE,
            whole=1.0,
            log=("macs",),
            unit="hypervolume (accuracy x decades of MACs)",
        ),
        trials=60,
    )
