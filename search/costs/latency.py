"""Latency in a search: an objective, a limit, a cost of every trial, predicted alike for all workers.

The calibration is written into the job as run, and so travels with it to every machine; another machine's
worker predicts what the job's device takes, whatever its own takes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import yaml

from archscape.analysis.costs.latency.calibration import Calibration
from archscape.analysis.costs.latency.prediction import Predictor
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import MILLISECONDS
from archscape.spaces.errors import Infeasible

if TYPE_CHECKING:
    from random import Random

    from archscape.spaces import Network, Space

LATENCY = "latency"
TRIES = 2000
"""Samples that are drawn to find out whether a limit can be met."""


def parse_latency_limit(text: str) -> MetricLimit:
    """Return the limit that a text holds, `low..high` with units.

    Raises:
        JobError: If it is not one.

    >>> str(parse_latency_limit("..5ms")), str(parse_latency_limit("800us..0.5s"))
    ('..5ms', '0.8ms..500ms')
    """
    return MetricLimit.parse(text, MILLISECONDS)


@dataclass(frozen=True, kw_only=True)
class LatencyObjective:
    """What a search wants to know of latency.

    Attributes:
        calibration: What the device takes that the networks are for.
        within: The limit; None for none.
    """

    calibration: Calibration
    within: MetricLimit | None = None

    @cached_property
    def _predictor(self) -> Predictor:
        return Predictor(self.calibration)

    def milliseconds(self, network: Network) -> float:
        """Return the predicted latency of a network."""
        return round(self._predictor.seconds(network) * 1e3, 6)

    def __str__(self) -> str:
        """Return the limit."""
        return f"{LATENCY} {self.within}"

    def holds(self, network: Network) -> bool:
        """Tell whether a network is within the limit."""
        return self.within is None or self.within.holds(self.milliseconds(network))

    def facts(self) -> dict[str, str]:
        """Return what may not change over the life of a study."""
        digest = hashlib.sha256(self.calibration.to_json().encode()).hexdigest()[:16]
        within = "" if self.within is None else str(self.within)
        return {"calibration": digest, "device": self.calibration.setup.description, "within": within}

    def check(self, space: Space, rng: Random) -> None:
        """Raise unless the space has a network within the limit.

        Raises:
            Infeasible: If none was found; the message has what the nearest miss takes.
        """
        if self.within is None:
            return
        latencies = []
        for _ in range(TRIES):
            latencies.append(self.milliseconds(space.sample(rng).network))
            if self.within.holds(latencies[-1]):
                return
        nearest = min(latencies, key=self.within.beyond)
        raise Infeasible(
            f"space {space.name}: none of {TRIES:,} networks within its other limits meets latency "
            f"{self.within} on {self.calibration.setup.description}; the nearest takes {nearest:.4g}ms"
        )


def named(job: str) -> str:
    """Return a job as run with the setting of its calibration in place of all its numbers."""
    tree = yaml.safe_load(job) | {LATENCY: read_latency(job).calibration.setup.description}
    return yaml.safe_dump(tree, sort_keys=False, default_flow_style=None, width=100)


def read_latency(job: str) -> LatencyObjective:
    """Return what a job as run, a text, specifies of latency, without its limit."""
    text = str(yaml.safe_load(job)[LATENCY])
    return LatencyObjective(calibration=Calibration.from_json(text, name="the study's calibration"))
