"""Networks whose accuracy and scores are known: published cells, and networks that were trained here."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from archscape.search.samplers.bayes.description import Describer
from archscape.search.samplers.bayes.encoding import Encoder
from archscape.search.samplers.bayes.kernels import Floats, Integers, Kernel, Views
from archscape.search.samplers.bayes.mixture import kernels
from archscape.spaces import Sample, load_space

from ..beds.tables import OPERATIONS, cells
from .trainings import Trainings, trained

FILE = "nasbench201_zero_cost.csv.gz"
CODES = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
"""The operations of a cell by their number in the published scores."""
EDGES = ("e01", "e02", "e03", "e12", "e13", "e23")
"""The edges of a cell in the order of the published scores."""
PUBLISHED = {"synflow": "synflow", "naswot": "nwot"}
SCORES = (*PUBLISHED,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Networks of a space.

    Attributes:
        name: What they are called in tables.
        accuracies: In percent, (networks,).
        scores: Normal scores of the ranks of each zero-cost score, (networks,) each.
        views: What the model sees of them without the scores.
        groups: The path that each coordinate of the codes is of.
        features: The names of the features.
    """

    name: str
    accuracies: Floats
    scores: dict[str, Floats]
    views: Views
    groups: Integers
    features: tuple[str, ...]

    def alone(self, name: str) -> Floats:
        """Return a score or a feature on a scale that keeps its order; (networks,)."""
        if name in self.scores:
            return self.scores[name]
        return self.views["features"][:, self.features.index(name)]

    def rows(self, rows: Integers) -> Scored:
        """Return some of the networks."""
        return replace(
            self,
            accuracies=self.accuracies[rows],
            scores={name: values[rows] for name, values in self.scores.items()},
            views={name: vectors[rows] for name, vectors in self.views.items()},
        )

    def with_scores(self, names: Sequence[str]) -> Views:
        """Return what the model sees where some scores are features, too."""
        columns = [self.views["features"], *(self.scores[name][:, None] for name in names)]
        return {**self.views, "features": np.concatenate(columns, axis=1)}

    def kernels(self, names: Sequence[str]) -> list[Kernel]:
        """Return the kernels of `bayes` where some scores are features, too."""
        features = self.views["features"].shape[1] + len(names)
        return kernels(self.groups, features, self.views["words"].shape[1])


def published_cells(tables: Path, data: str) -> Scored:
    """Return the cells of NAS-Bench-201 with published scores, of isomorphic ones one.

    Args:
        tables: The folder of the published tables.
        data: `cifar10` or `cifar100`.
    """
    space, known = load_space("nas-bench-201"), cells(tables)
    samples: dict[str, Sample] = {}
    accuracies, scores = list[float](), {name: list[float]() for name in PUBLISHED}
    with gzip.open(tables / FILE, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            operations = [OPERATIONS[CODES[int(code)]] for code in row["arch"].strip("()").split(",")]
            sample = space.replay(dict(zip(EDGES, operations, strict=True)))
            cell = known[tuple(str(option) for option in sample.decisions.values())]
            if row["task"] == data and cell.form not in samples:
                samples[cell.form] = sample
                accuracies.append(cell.results[f"ep200_{data}_test"])
                for name, column in PUBLISHED.items():
                    scores[name].append(float(row[column] or "-inf"))
    name = f"NAS-Bench-201, {data.upper().replace('CIFAR', 'CIFAR-')}"
    return scored_networks(name, list(samples.values()), accuracies, scores)


def trained_networks(trainings: Trainings, folder: Path) -> Scored:
    """Return networks that were trained here, by their accuracy on the validation part and the test part."""
    space, rows = load_space("digits"), trained(trainings, folder)
    return scored_networks(
        trainings.name,
        [space.replay(row.decisions) for row in rows],
        [100 * math.fsum(row.final) / 2 for row in rows],
        {name: [row.scores[name] for row in rows] for name in SCORES},
    )


def scored_networks(
    name: str, samples: list[Sample], accuracies: list[float], scores: dict[str, list[float]]
) -> Scored:
    """Return networks of one space with accuracies in percent, and scores as they are."""
    describer = Describer(space=samples[0].space)
    encoder, description = Encoder(paths=describer.paths), describer.describe(samples)
    return Scored(
        name=name,
        accuracies=np.array(accuracies),
        scores={key: ndtri((rankdata(values) - 0.5) / len(values)) for key, values in scores.items()},
        views={
            "codes": encoder.vectors(description.codes),
            "features": description.features,
            "words": description.words,
        },
        groups=encoder.groups,
        features=describer.features,
    )
