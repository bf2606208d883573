"""NAS-Bench-201 by accuracy after 200 epochs, on CIFAR-100 and on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from archscape.spaces import Sample, load_space

from .bed import Bed, Outcome, Regret, key_of
from .tables import cells, distinct_cells

TITLE = """NAS-Bench-201, test accuracy on {data} after 200 epochs; 6,466 distinct cells, each with the mean
of those that are isomorphic to it; the top 0.1% are the best seven."""


def bed(tables: Path, data: str = "cifar100") -> Bed:
    """Return the bed of a data set, `cifar100` or `cifar10`."""
    table, column = cells(tables), f"ep200_{data}_test"

    def train(sample: Sample, seed: int) -> Outcome:
        accuracy = (table[key_of(sample)].results[column],)
        return Outcome(values=accuracy, truth=accuracy)

    return Bed(
        name=f"nb201-{data}",
        title=TITLE.format(data=data.upper().replace("CIFAR", "CIFAR-")),
        space=load_space("nas-bench-201"),
        objectives={"accuracy": "maximize"},
        train=train,
        score=Regret.of([cell.results[column] for cell in distinct_cells(table)]),
    )
