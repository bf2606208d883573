"""NAS-Bench-Macro where trainings fail: what learns worst diverges, and one training in twenty anyhow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from archscape.spaces import Sample

from . import macro
from .bed import Bed, Outcome, key_of, noise
from .tables import distinct, macro_networks

TITLE = """NAS-Bench-Macro where the training of the worst 15% of the networks fails, and of the others one in
twenty by chance; a failed training counts."""

DIVERGED, UNLUCKY = 0.15, 0.05


def bed(tables: Path) -> Bed:
    """Return the bed."""
    networks, whole = macro_networks(tables), macro.bed(tables)
    bound = float(np.quantile([network.accuracy for network in distinct(networks)], DIVERGED))

    def train(sample: Sample, seed: int) -> Outcome:
        accuracy = networks[key_of(sample)].accuracy
        failed = accuracy < bound or noise(seed, sample).random() < UNLUCKY
        return Outcome(values=None if failed else (accuracy,), truth=(accuracy,))

    return replace(whole, name="macro-failing", title=TITLE, train=train)
