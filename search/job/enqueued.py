"""Networks that a search tries first: `enqueue: [resnet20, mine.yaml, {stage1.depth: 2, ...}]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from archscape.spaces import Network, Sample, Space, load_network
from archscape.spaces.errors import InputError, SpaceError
from archscape.spaces.values import Option

from ..costs.asked import AskedCosts

Decisions: TypeAlias = Mapping[str, Option]


def read_enqueued(item: object, space: Space, find: Callable[[str], str]) -> Sample:
    """Return the sample of a space that an item means.

    Args:
        item: The name or the file of a network, its JSON, or a mapping of decisions.
        space: The space.
        find: Returns where a file lies that the job names.

    Raises:
        InputError: If there is no such network, or it is no member of the space.
    """
    if isinstance(item, Mapping):
        return space.sample_of_texts(item)
    if not isinstance(item, str) or not item:
        raise SpaceError("a network is a name, a file, or a mapping of its decisions")
    network = Network.from_json(item) if item.startswith("{") else load_network(find(item))
    return space.member(network)


def check_enqueued(sample: Sample, space: Space, costs: AskedCosts | None) -> None:
    """Check that a sample meets the limits of a search.

    Raises:
        InputError: If it does not.
    """
    space.check_within(sample)
    if costs is not None and costs.is_limited and not costs.holds(sample.network):
        known = costs.of(sample.network)
        shown = ", ".join(f"{name} {known[name]:.6g}" for name in [*costs.limits, "latency"] if name in known)
        raise InputError(f"it has {shown}, and the limits are {costs}")
