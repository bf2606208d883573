"""NAS-Bench-Macro by accuracy: the mean CIFAR-10 test accuracy of the three trainings."""

from __future__ import annotations

from pathlib import Path

from archscape.spaces import Sample, load_space

from .bed import Bed, Outcome, Regret, key_of
from .tables import distinct, macro_networks

TITLE = """NAS-Bench-Macro, mean test accuracy on CIFAR-10 of its three trainings; 3,969 distinct networks,
the best 93.13%; the top 0.1% are the best four."""


def bed(tables: Path) -> Bed:
    """Return the bed."""
    networks = macro_networks(tables)

    def train(sample: Sample, seed: int) -> Outcome:
        accuracy = (networks[key_of(sample)].accuracy,)
        return Outcome(values=accuracy, truth=accuracy)

    return Bed(
        name="macro",
        title=TITLE,
        space=load_space("nas-bench-macro"),
        objectives={"accuracy": "maximize"},
        train=train,
        score=Regret.of([network.accuracy for network in distinct(networks)]),
    )
