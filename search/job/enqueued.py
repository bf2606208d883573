"""Networks that a search tries first: `enqueue: [resnet20, mine.yaml, {stage1.depth: 2, ...}]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from archscape.spaces import Network, Sample, Space, load_network
from archscape.spaces.errors import InputError, SpaceError
from archscape.spaces.values import Option

from ..costs.asked import AskedCosts

Decisions: TypeAlias = Mapping[str, Option]

NETWORK = "network"
"""The key of a network beside the decisions on its training."""


def read_enqueued(item: object, space: Space, find: Callable[[str], str]) -> Sample:
    """Return the sample of a space that an item means.

    Args:
        item: The name or the file of a network, its JSON, or a mapping of decisions; where the recipe leaves
            settings open, also a mapping of `network` and the decisions on its training.
        space: The space, with what the recipe leaves open.
        find: Returns where a file lies that the job names.

    Raises:
        InputError: If there is no such network, or it is no member of the space.
    """
    if isinstance(item, Mapping):
        if NETWORK not in item or NETWORK in space.paths:
            return space.sample_of_texts(item)
        choices = {path: option for path, option in item.items() if path != NETWORK}
        return space.sample_of_texts({**_member(item[NETWORK], space, find), **choices})
    return space.sample_of_texts(_member(item, space, find))


def _member(item: object, space: Space, find: Callable[[str], str]) -> Decisions:
    """Return the decisions of a space that give a network."""
    if not isinstance(item, str) or not item:
        raise SpaceError("a network is a name, a file, or a mapping of its decisions")
    network = Network.from_json(item) if item.startswith("{") else load_network(find(item))
    return space.member(network).decisions


def check_enqueued(sample: Sample, space: Space, costs: AskedCosts | None) -> None:
    """Check that a sample meets the limits of a search.

    Raises:
        InputError: If it does not.
    """
    space.check_within(sample)
    if costs is not None and costs.is_limited and not costs.holds(sample.network):
        raise InputError(f"it has {costs.shown(sample.network)}, and the limits are {costs}")
