"""Lease: a trial that one process works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archscape.analysis.metrics import count_costs

from ..training.seeds import trial_seed
from .owner import Owner
from .trial_hash import trial_hash

if TYPE_CHECKING:
    from archscape.spaces import Network
    from archscape.spaces.values import Option

    from ..costs.asked import AskedCosts


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A trial that one process works on.

    Attributes:
        hash: Canonical hash of its network; with training choices, of the network and these.
        choices: What was drawn of its training, by path; empty where one recipe holds for all.
        seed: Seed of its training, which follows from the seed of the job and the network alone.
        costs: Its params, macs, flops and activations, and what else the study asks of every network.
    """

    number: int
    hash: str
    network: Network
    seed: int
    costs: Mapping[str, float]
    owner: Owner
    choices: Mapping[str, Option] = field(default_factory=dict)


def lease_of(
    number: int,
    network: Network,
    owner: Owner,
    *,
    seed: int,
    costs: AskedCosts | None = None,
    choices: Mapping[str, Option] | None = None,
) -> Lease:
    """Return the lease of a network in a job of this seed, with the costs that this asks for, if any.

    A network that is trained in several ways begins with the same weights in each.
    """
    digest, choices = network.hash(), choices or {}
    return Lease(
        number=number,
        hash=trial_hash(digest, choices),
        network=network,
        seed=trial_seed(seed, digest),
        costs=count_costs(network.totals) | (costs.of(network) if costs else {}),
        owner=owner,
        choices=choices,
    )
