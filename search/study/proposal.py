"""Proposal: what a sampler proposes as the next trial, and what it expects of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archscape.spaces import Sample


class Prediction(NamedTuple):
    """What a model expects of a metric of a network that nobody has trained, in the unit of the metric.

    Attributes:
        mean: The posterior mean.
        deviation: The standard deviation of the posterior.
        incumbent: The best posterior mean of the trials that have ended.
    """

    mean: float
    deviation: float
    incumbent: float


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A sample that a sampler proposes as the next trial.

    Attributes:
        sample: The network, and how it is trained if that is drawn too.
        reason: Why this one, in a sentence for the records.
        predicted: What is expected of it, by metric; empty where there is no model.
        sampler: The name of the sampler that made it.
    """

    sample: Sample
    reason: str = ""
    predicted: Mapping[str, Prediction] = field(default_factory=dict)
    sampler: str = ""
