"""Roofline columns: what each layer moves, its MACs per byte, and what bounds it on the calibrated device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ...spaces.errors import InputError

if TYPE_CHECKING:
    from ...analysis.costs.roofline import Traffic
    from ...spaces import Network

Columns: TypeAlias = Mapping[str, Sequence[object]]


class Roofline(NamedTuple):
    """Columns of the layers.

    Attributes:
        columns: The cells, by head.
        totals: Those of the whole network, of the first columns.
        notes: Lines for standard error.
    """

    columns: Columns = MappingProxyType({})
    totals: Sequence[object] = ()
    notes: Sequence[str] = ()


def roofline(network: Network) -> Roofline:
    """Return the columns of a network at batch 1 in float32; `bound` where this machine is calibrated so."""
    from ...analysis.costs.roofline import traffic

    layers = traffic(network)
    columns: dict[str, Sequence[object]] = {
        "bytes_moved": [layer.bytes_moved for layer in layers],
        "macs_per_byte": [_intensity(layer) for layer in layers],
    }
    bounds = _bounds(network)
    total = sum(layer.bytes_moved for layer in layers)
    return Roofline({**columns, **bounds.columns}, (total,), bounds.notes)


def _intensity(layer: Traffic) -> float | None:
    return None if layer.macs_per_byte is None else round(layer.macs_per_byte, 3)


def _bounds(network: Network) -> Roofline:
    from ...analysis.costs.latency import predict, this_machine
    from ...analysis.costs.latency.store import load, path_of

    setup = this_machine()
    if not path_of(setup).is_file():
        return Roofline()
    try:
        latency = predict(network, load(setup))
    except InputError as error:  # costs are told all the same
        return Roofline(notes=(f"What bounds each layer is not told: {error}.",))
    bounds = [layer.bound for layer in latency.layers]
    return Roofline({"bound": bounds}, notes=(f"Bound on {setup.description}.",))
