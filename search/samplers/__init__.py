"""Samplers: which network is tried next, as pure functions of space, history and randomness.

A new one is a file here with a dataclass whose fields are its settings, and a line in `SAMPLERS`.
"""

from __future__ import annotations

from dataclasses import replace

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .base import Prediction, Proposal, Sampler

SAMPLERS: LazyTable[type[Sampler]] = LazyTable(
    "sampler",
    __name__,
    {
        "bayes": ".bayes.sampler:BayesSampler",
        "evolution": ".evolution:EvolutionSampler",
        "grid": ".grid:GridSampler",
        "local": ".local:LocalSampler",
        "nsga2": ".nsga2:Nsga2Sampler",
        "optuna": ".optuna:OptunaSampler",
        "quasi-random": ".quasi_random:QuasiRandomSampler",
        "random": ".random:RandomSampler",
        "tpe": ".tpe:TpeSampler",
    },
    error=JobError,
)
"""The samplers by their names in a job; reading a job imports only one whose settings it changes."""

AUTO = "auto"
"""What a job names to leave the choice to the search."""

NAMES: LazyTable[object] = LazyTable(
    "sampler", __name__, {AUTO: ".auto:choose_sampler", **SAMPLERS.homes}, error=JobError
)
"""What a job may name as its sampler."""

__all__ = ["AUTO", "NAMES", "SAMPLERS", "Prediction", "Proposal", "Sampler", "make_sampler"]


def make_sampler(sampler: str | Sampler) -> Sampler:
    """Return a sampler that has seen no study yet: of a name, or with the settings of another one.

    Raises:
        JobError: If there is none of this name.
    """
    return SAMPLERS.load(sampler)() if isinstance(sampler, str) else replace(sampler)
