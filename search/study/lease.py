"""Lease: a trial that one process works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archscape.analysis.metrics import count_costs

from ..training.seeds import trial_seed
from .owner import Owner

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ..latency import PredictLatency


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A trial that one process works on.

    Attributes:
        hash: Canonical hash of its network.
        seed: Seed of its training, which follows from the seed of the job and the hash alone.
        costs: Its params, macs, flops and activations; its latency in milliseconds where the study asks.
    """

    number: int
    hash: str
    network: Network
    seed: int
    costs: Mapping[str, float]
    owner: Owner


def lease_of(
    number: int, network: Network, owner: Owner, *, seed: int, latency: PredictLatency | None = None
) -> Lease:
    """Return the lease of a network in a job of this seed, with what predicts latencies, if anything."""
    digest = network.hash()
    costs = count_costs(network.totals)
    if latency is not None:
        costs["latency"] = latency(network)
    return Lease(
        number=number,
        hash=digest,
        network=network,
        seed=trial_seed(seed, digest),
        costs=costs,
        owner=owner,
    )
