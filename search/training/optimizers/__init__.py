"""Optimizers of torch: what each remembers and how it steps, one family a file.

They are the functions that the classes of `torch.optim` call, which import torch's compiler when the first of
them is made. A new one is a file here and a line in `OPTIMIZERS`.
"""

from __future__ import annotations

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .base import OptimizerSettings

OPTIMIZERS: LazyTable[type[OptimizerSettings]] = LazyTable(
    "optimizer",
    __name__,
    {
        "adamw": ".adam:AdamW",
        "sgd": ".sgd:Sgd",
        "adam": ".adam:Adam",
        "adamax": ".adam:Adamax",
        "nadam": ".adam:NAdam",
        "radam": ".adam:RAdam",
        "rmsprop": ".rmsprop:RMSprop",
        "adagrad": ".adagrad:Adagrad",
        "adadelta": ".adadelta:Adadelta",
        "muon": ".muon:Muon",
    },
    error=JobError,
)
"""The settings of each optimizer, by its name in the `optimizer:` of a recipe."""

__all__ = ["OPTIMIZERS", "OptimizerSettings"]
