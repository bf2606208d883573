"""NAS-Bench-Macro by accuracy and MACs: the share of the hypervolume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archscape.analysis.metrics import Objectives
from archscape.spaces import Sample

from . import macro
from .bed import Bed, Outcome, Volume, key_of
from .tables import distinct, macro_networks

TITLE = """NAS-Bench-Macro, test accuracy against MACs, which are known before training: the hypervolume in
accuracy x MACs from the corner (85%, 100M MACs), as a share of that of the whole table."""

OBJECTIVES: Objectives = {"accuracy": "maximize", "macs": "minimize"}
REFERENCE = {"accuracy": 85.0, "macs": 1e8}


def bed(tables: Path) -> Bed:
    """Return the bed."""
    networks = macro_networks(tables)
    points = [(network.accuracy, float(network.macs)) for network in distinct(networks)]

    def train(sample: Sample, seed: int) -> Outcome:
        network = networks[key_of(sample)]
        values = (network.accuracy, float(network.macs))
        return Outcome(values=values, truth=values)

    return replace(
        macro.bed(tables),
        name="macro-hypervolume",
        title=TITLE,
        objectives=OBJECTIVES,
        train=train,
        score=Volume.of(points, OBJECTIVES, REFERENCE),
    )
