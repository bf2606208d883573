"""What a page shows of one network: its table, and its layers with their costs and receptive fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from archscape.analysis.costs.profile import Profile, profile
from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.spaces import Network
from archscape.spaces.errors import SpaceError
from archscape.spaces.graph import Shape


class LayerRow(NamedTuple):
    """One operator as a row to read; the fields of `cost.Layer`, and how much of the input it sees."""

    name: str
    op: str
    shape: Shape
    params: int
    macs: int
    activations: int
    receptive_field: Shape


@dataclass(frozen=True, kw_only=True)
class NetworkDetails:
    """One network to read.

    Attributes:
        table: The network as YAML.
        layers: Its layers in order; none where the network cannot be read.
        problem: Why the network cannot be read, "" where it can.
    """

    table: str
    layers: tuple[LayerRow, ...]
    problem: str = ""


def read_dossier(network: str) -> NetworkDetails:
    """Read a network from JSON and count its layers.

    A run of another version of archscape may hold a network that this one does not know; the report then
    shows the text and says why, rather than failing as a whole.
    """
    try:
        found = Network.from_json(network)
    except SpaceError as error:
        return NetworkDetails(table=network, layers=(), problem=str(error))
    return dossier(profile(found))


def dossier(found: Profile) -> NetworkDetails:
    """Return what to show of a network whose costs are known."""
    fields = receptive_fields(found.network.graph)
    layers = tuple(
        LayerRow(one.name, one.op, one.shape, one.params, one.macs, one.activations, fields[one.name])
        for one in found.layers
    )
    return NetworkDetails(table=found.network.to_yaml(), layers=layers)
