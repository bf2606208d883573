"""The costs that a search asks of every network before its training, beyond the totals of its graph.

Memory, weights, receptive field, latency, what a small device needs, the user's own functions: each is
computed where an objective, a limit or a setting asks for it, alike in all workers. Samples know nothing of
their limits, so these are met by drawing on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from archscape.analysis.costs.memory import ITEM, memory, weights
from archscape.analysis.costs.memory.targets.settings import TargetSettings
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.costs.receptive_field.last_map import last_map_field
from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import OF_TARGET, TARGET, names_asked
from archscape.spaces.errors import Infeasible, about
from archscape.spaces.language.user_function import UserFunction

from .latency import LATENCY, TRIES, LatencyObjective, read_latency
from .own_function import call
from .training_recipe import trained_by

if TYPE_CHECKING:
    from random import Random

    from archscape.spaces import Network, Space

KNOWN = 256
"""Of how many networks the costs are kept: a sample is priced when it is drawn, and when it is submitted."""


COUNTED: Mapping[str, Callable[[Network], float]] = {
    "weights": lambda network: weights(network, ITEM["float32"]),
    "memory": lambda network: memory(network).peak,
    "receptive_field": lambda network: last_map_field(network.body),
}
"""What is asked of the network alone, by metric."""


@dataclass(frozen=True, kw_only=True)
class AskedCosts:
    """The costs that a search asks for, and their limits.

    Attributes:
        names: The metrics; those of `COUNTED`, and `training_memory`, are computed here.
        target: The small device that the networks are for, of `sram` and `flash`.
        batch: Samples in a step of training.
        optimizer: What trains, as `memory.training` names it.
        has_mean: Whether a mean of the weights is kept.
        functions: The user's own, by metric.
        latency: What predicts latencies, with their limit.
        limits: Those on the others, by metric.
    """

    names: tuple[str, ...] = ()
    target: TargetSettings | None = None
    batch: int = 1
    optimizer: str = "momentum"
    has_mean: bool = False
    functions: Mapping[str, UserFunction] = field(default_factory=dict)
    latency: LatencyObjective | None = None
    limits: Limits = field(default_factory=dict)
    _known: dict[str, dict[str, float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_limited(self) -> bool:
        """Whether a network may be beyond a limit."""
        return bool(self.limits) or (self.latency is not None and self.latency.within is not None)

    def __str__(self) -> str:
        """Return the limits."""
        latency = self.latency.within if self.latency else None
        limits = {**self.limits, **({LATENCY: latency} if latency else {})}
        return ", ".join(f"{name} {limit}" for name, limit in limits.items())

    def of(self, network: Network) -> dict[str, float]:
        """Return the costs of a network.

        Raises:
            InputError: If a function of the user's returns no number, or raises; with its place.
        """
        digest = network.hash()
        if digest not in self._known:
            if len(self._known) >= KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[digest] = self._count(network)
        return self._known[digest]

    def _count(self, network: Network) -> dict[str, float]:
        costs: dict[str, float] = {name: COUNTED[name](network) for name in self.names if name in COUNTED}
        if "training_memory" in self.names:
            need = training_memory(
                network, batch=self.batch, optimizer=self.optimizer, has_mean=self.has_mean
            )
            costs["training_memory"] = need.peak
        if self.target is not None:
            need_there = self.target.memory(network)
            costs |= {name: getattr(need_there, name) for name in OF_TARGET}
        for name, function in self.functions.items():
            costs[name] = call(name, function, network)
        if self.latency is not None:
            costs[LATENCY] = self.latency.milliseconds(network)
        return costs

    def beyond(self, network: Network) -> float:
        """Return by how much a network is beyond the limits; 0 within."""
        return violation(self.limits, self.of(network)) if self.limits else 0.0

    def shown(self, network: Network) -> str:
        """Return what a network has of that which is limited."""
        costs = self.of(network)
        texts = [f"{name} {limit.measured(costs[name])}" for name, limit in self.limits.items()]
        if self.latency is not None and self.latency.within is not None:
            texts.append(f"{LATENCY} {self.latency.within.measured(costs[LATENCY])}")
        return ", ".join(texts)

    def holds(self, network: Network) -> bool:
        """Tell whether a network is within the limits."""
        return not self.beyond(network) and (self.latency is None or self.latency.holds(network))

    def check(self, space: Space, rng: Random) -> None:
        """Raise unless the space has networks within the limits, and the user's functions give numbers.

        Raises:
            Infeasible: If none was found; the message has what the nearest miss costs.
            InputError: If a function of the user's returns no number, or raises.
        """
        if self.latency is not None:
            self.latency.check(space, rng)
        if not self.limits:
            if self.functions:
                self.of(space.sample(rng).network)
            return
        nearest, least = "", math.inf
        for _ in range(TRIES):
            network = space.sample(rng).network
            beyond = self.beyond(network)
            if beyond < least:
                nearest, least = self.shown(network), beyond
            if not beyond and self.holds(network):
                return
        texts = ", ".join(f"{name} {limit}" for name, limit in self.limits.items())
        law = f"none of {TRIES:,} networks within its other limits meets {texts}; the nearest has {nearest}"
        with about("within"):
            raise Infeasible(f"space {space.name}: {law}")


def asked_costs(facts: Mapping[str, Any], settings: Mapping[str, Any]) -> AskedCosts:
    """Return what a study asks for, from its facts and its job as run; of latency without the limit."""
    functions: Mapping[str, str] = {}
    if any("call" in fact for fact in facts.get("metrics", {}).values()):
        functions = yaml.safe_load(settings["job"])["metrics"]
    return AskedCosts(
        names=names_asked(facts),
        target=TargetSettings(**facts[TARGET]) if facts.get(TARGET) else None,
        **trained_by(facts.get("recipe") or {}),
        functions={name: UserFunction.parse(text, Path()) for name, text in functions.items()},
        latency=read_latency(settings["job"]) if facts.get(LATENCY) else None,
    )
