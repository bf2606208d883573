"""NAS-Bench-201 as a search with early stopping sees it: a view after 12 epochs, the result after 200."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archscape.search.pruners.halving import Halving
from archscape.spaces import Sample

from . import nasbench201
from .bed import Bed, Outcome, key_of
from .tables import cells

TITLE = """NAS-Bench-201 on {data} where each training begins with a view, the validation accuracy after 12 of
the 200 epochs of another schedule; `halving` at epoch 12 with eta {eta}, the largest that has a rung there,
decides who is trained to the end.
Scored is the best of those, by what was spent: 12/200 of a training for a view, the rest for going on."""

VIEW, EPOCHS = 12, 200
ETA = EPOCHS // VIEW


def bed(tables: Path, data: str = "cifar100") -> Bed:
    """Return the bed of a data set, `cifar100` or `cifar10`."""
    table, whole = cells(tables), nasbench201.bed(tables, data)

    def train(sample: Sample, seed: int) -> Outcome:
        results = table[key_of(sample)].results
        accuracy = (results[f"ep200_{data}_test"],)
        return Outcome(values=accuracy, truth=accuracy, views={VIEW: (results[f"ep12_{data}_val"],)})

    return replace(
        whole,
        name=f"nb201-views-{data}",
        title=TITLE.format(data=data.upper().replace("CIFAR", "CIFAR-"), eta=ETA),
        train=train,
        trials=20,
        pruner=Halving(epochs=VIEW, eta=ETA).pruner(whole.objectives, EPOCHS),
        epochs=EPOCHS,
    )
