"""Random networks of the space `digits`, scored untrained, then trained; each is kept as a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch

from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.training.recipe import read_recipe
from archscape.search.training.train import train
from archscape.spaces import Sample, Space, load_space

from .zero_cost import naswot, synflow

IMAGES = 64


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """Trainings of random networks.

    Attributes:
        name: What they are called in tables.
        data: The name of the data set.
        recipe: As in a job.
        networks: How many are trained.
    """

    name: str
    data: str
    recipe: str | Mapping[str, Any]
    networks: int


TRAININGS = (
    Trainings(name="digits, 3 epochs", data="cluttered-digits", recipe="quick", networks=160),
    Trainings(
        name="long-tailed digits, 12 epochs",
        data="long-tailed-digits",
        recipe={
            "epochs": 12, "batch": 64, "optimizer": {"rule": "sgd", "nesterov": True}, "rate": 0.1,
            "weight_decay": 5e-4, "schedule": "cosine",
        },
        networks=40,
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A network with what was known before its training and after.

    Attributes:
        decisions: Its choices in the space.
        scores: Of the untrained network, by name.
        losses: The mean loss of each epoch.
        accuracies: That on the validation part after each epoch.
        final: That on the validation part and the test part after the last.
    """

    decisions: dict[str, int | str]
    scores: dict[str, float]
    losses: list[float]
    accuracies: list[float]
    final: tuple[float, float]


def trained(trainings: Trainings, folder: Path) -> list[Trained]:
    """Return the networks that came to the end; those that the folder does not hold are trained."""
    file = folder / f"{trainings.name.replace(', ', '-').replace(' ', '-')}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    data = load_dataset(trainings.data)
    space = load_space("digits")
    for number, sample in enumerate(_samples(space, trainings.networks), 1):
        if number > len(lines):
            lines.append(json.dumps(_train(sample, trainings, data, seed=number)))
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [Trained(**row) for row in map(json.loads, lines[: trainings.networks]) if row]


def _samples(space: Space, number: int) -> Iterator[Sample]:
    """Yield random networks, no two alike."""
    rng, hashes = Random(0), set[str]()
    while len(hashes) < number:
        sample = space.sample(rng)
        if sample.hash() not in hashes:
            hashes.add(sample.hash())
            yield sample


def _train(sample: Sample, trainings: Trainings, data: Dataset, *, seed: int) -> dict[str, Any]:
    """Return the row of a network; an empty one where its training fails."""
    network = sample.network
    torch.manual_seed(1000)
    module = network.build()
    images = data.train.x[
        torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))[:IMAGES]
    ]
    scores = {"naswot": naswot(module, images), "synflow": synflow(module, network.input)}
    outcome = train(network.build, data, read_recipe(trainings.recipe), seed=seed, device="cpu")
    if outcome.status != "complete":
        return {}
    return {
        "decisions": sample.decisions,
        "scores": scores,
        "losses": [row["loss"] for row in outcome.history],
        "accuracies": [row["accuracy"] for row in outcome.history],
        "final": [outcome.metrics["accuracy"], outcome.metrics["test_accuracy"]],
    }
