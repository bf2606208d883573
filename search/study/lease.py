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

    from ..costs.asked import AskedCosts


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A trial that one process works on.

    Attributes:
        hash: Canonical hash of its network.
        seed: Seed of its training, which follows from the seed of the job and the hash alone.
        costs: Its params, macs, flops and activations, and what else the study asks of every network.
    """

    number: int
    hash: str
    network: Network
    seed: int
    costs: Mapping[str, float]
    owner: Owner


def lease_of(
    number: int, network: Network, owner: Owner, *, seed: int, costs: AskedCosts | None = None
) -> Lease:
    """Return the lease of a network in a job of this seed, with the costs that this asks for, if any."""
    digest = network.hash()
    return Lease(
        number=number,
        hash=digest,
        network=network,
        seed=trial_seed(seed, digest),
        costs=count_costs(network.totals) | (costs.of(network) if costs else {}),
        owner=owner,
    )
