"""NAS-Bench-Macro under noise: a search sees one of the three trainings at random."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archscape.spaces import Sample

from . import macro
from .bed import Bed, Outcome, key_of, noise
from .tables import macro_networks

TITLE = """NAS-Bench-Macro of which a search sees one of the three trainings, at random; scored is the mean
accuracy of the network that it recommends."""


def bed(tables: Path) -> Bed:
    """Return the bed."""
    networks = macro_networks(tables)

    def train(sample: Sample, seed: int) -> Outcome:
        network = networks[key_of(sample)]
        shown = noise(seed, sample).choice(network.accuracies)
        return Outcome(values=(shown,), truth=(network.accuracy,))

    return replace(macro.bed(tables), name="macro-noisy", title=TITLE, train=train, has_noise=True)
