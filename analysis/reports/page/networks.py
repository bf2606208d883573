"""Details of one network on a page: its table, and its layers with their costs and receptive fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from archscape.analysis.costs.layers import LayerTable
from archscape.analysis.costs.profile import profile
from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.strip import picture, to_strip
from archscape.analysis.drawing.svg import to_svg
from archscape.spaces import Network
from archscape.spaces.errors import SpaceError
from archscape.spaces.graph import Shape
from archscape.spaces.loading import read_stored
from archscape.spaces.values import shape_text

from ..format import label

COUNTS = ("params", "macs", "activations")
Cell: TypeAlias = str | int | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SharesTable:
    """A table some of whose columns add up; the macro `shares_table` shows each number with its share.

    Attributes:
        heads: The heads.
        rows: The cells, row by row.
        counts: Indices of the columns that add up; their cells are whole numbers.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    counts: Collection[int]

    @cached_property
    def totals(self) -> dict[int, int]:
        """The total of each column that adds up."""
        return {
            index: sum(cell for row in self.rows if isinstance(cell := row[index], int))
            for index in self.counts
        }


class LayerRow(NamedTuple):
    """One operator as a row to read; the fields of `layers.Layer`, and how much of the input it sees.

    Of several inputs that is said of each by its name.
    """

    name: str
    op: str
    shape: Shape
    params: int
    macs: int
    activations: int
    receptive_field: Shape | str


@dataclass(frozen=True, kw_only=True)
class NetworkDetails:
    """One network to read.

    Attributes:
        table: The network as YAML.
        layers: Its layers in order; none where the network cannot be read.
        problem: Why the network cannot be read, "" where it can.
        network: The network; None where it cannot be read, and of a module that was run.
    """

    table: str
    layers: tuple[LayerRow, ...]
    problem: str = ""
    network: Network | None = None

    @cached_property
    def figure(self) -> str:
        """Its figure as the address of an image; "" where there is no network."""
        return picture(to_svg(draw(self.network))) if self.network else ""

    @cached_property
    def strip(self) -> str:
        """The same in a line."""
        return picture(to_strip(self.network)) if self.network else ""

    @property
    def shares(self) -> SharesTable:
        """The layers with the share that each has of the costs."""
        counts = [LayerRow._fields.index(name) for name in COUNTS]
        return SharesTable(heads=[label(name) for name in LayerRow._fields], rows=self.layers, counts=counts)


def read_details(network: str) -> NetworkDetails:
    """Read a network from JSON and count its layers.

    A run of another version of archscape may hold a network that this one does not know; the report then
    shows the text and says why, rather than failing as a whole.
    """
    try:
        known = read_stored(network)
    except SpaceError as error:
        return NetworkDetails(table=network, layers=(), problem=str(error))
    if not isinstance(known, Network):
        return NetworkDetails(table=known.to_yaml(), layers=(), problem=known.note)
    return NetworkDetails(table=known.to_yaml(), layers=layer_rows(profile(known), known), network=known)


def layer_rows(costs: LayerTable, network: Network | None) -> tuple[LayerRow, ...]:
    """Return layers with their costs and receptive fields; those of a module (no network) have none."""
    fields = {} if network is None else _fields(network)
    return tuple(
        LayerRow(
            layer.name, layer.op, layer.shape, layer.params, layer.macs, layer.activations,
            fields.get(layer.name, ()),
        )
        for layer in costs.layers
    )  # fmt: skip


def strip_of(network: str) -> str:
    """Return a network, given as JSON, in a line as the address of an image; "" where it cannot be read."""
    try:
        known = read_stored(network)
        return picture(to_strip(known)) if isinstance(known, Network) else ""
    except SpaceError:
        return ""


def field_text(field: Shape | str) -> str:
    """Return a receptive field in words."""
    return field if isinstance(field, str) else shape_text(field)


def _fields(network: Network) -> Mapping[str, Shape | str]:
    of_inputs = {name: receptive_fields(network.graph, at) for at, name in enumerate(network.inputs)}
    if len(of_inputs) == 1:
        return next(iter(of_inputs.values()))
    layers = next(iter(of_inputs.values()))
    texts = {
        layer: [f"{name} {shape_text(sizes[layer])}" for name, sizes in of_inputs.items() if sizes[layer]]
        for layer in layers
    }
    return {layer: ", ".join(seen) for layer, seen in texts.items()}
