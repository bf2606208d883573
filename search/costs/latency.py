"""Latency in a search: an objective, a limit, a cost of every trial, predicted alike for all workers.

The calibration is written into the job as run, and so travels with it to every machine; another machine's
worker predicts what the job's device takes, whatever its own takes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

import yaml

from archscape.analysis.costs.latency.calibration import Calibration
from archscape.analysis.costs.latency.prediction import Predictor
from archscape.spaces.errors import Infeasible, JobError

if TYPE_CHECKING:
    from random import Random

    from archscape.spaces import Network, Space

LATENCY = "latency"
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
TRIES = 2000
"""Samples that are drawn to find out whether a limit can be met."""


@dataclass(frozen=True, kw_only=True)
class LatencyLimit:
    """A limit on latency: `low..high` in milliseconds, both included; either may be left out.

    >>> str(parse_latency_limit("..5ms")), str(parse_latency_limit("800us..0.5s"))
    ('..5ms', '0.8ms..500ms')
    """

    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        ends = ["" if end is None else f"{end:.12f}".rstrip("0").rstrip(".") for end in (self.low, self.high)]
        return "..".join(f"{end}ms" if end else "" for end in ends)

    def holds(self, milliseconds: float) -> bool:
        """Tell whether a latency is within."""
        return self.beyond(milliseconds) <= 0

    def beyond(self, milliseconds: float) -> float:
        """Return how far a latency is outside; 0 or less within."""
        above = -inf if self.high is None else milliseconds - self.high
        return max((self.low or 0.0) - milliseconds, above)


def parse_latency_limit(text: str) -> LatencyLimit:
    """Return the limit that a text holds.

    Raises:
        JobError: If it is not one.
    """
    low, dots, high = text.partition("..")
    if not dots or not (low.strip() or high.strip()):
        raise JobError(f"a limit on latency is low..high with units, as in ..5ms, but got '{text}'")
    window = LatencyLimit(low=_milliseconds(low, text), high=_milliseconds(high, text))
    if window.low is not None and window.high is not None and window.low > window.high:
        raise JobError(f"`low <= high` must hold, but got '{text}'")
    return window


def _milliseconds(part: str, text: str) -> float | None:
    if not part.strip():
        return None
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?) ?(us|ms|s)", part.strip())
    if match is None:
        raise JobError(f"a latency is a number and one of us, ms, s, as in ..5ms, but got '{text}'")
    return float(match[1]) * UNITS[match[2]]


@dataclass(frozen=True, kw_only=True)
class LatencyObjective:
    """What a search wants to know of latency.

    Attributes:
        calibration: What the device takes that the networks are for.
        within: The limit; None for none.
    """

    calibration: Calibration
    within: LatencyLimit | None = None

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
