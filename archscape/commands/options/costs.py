"""The costs of a network as a table of layers or as JSON, to which `memory` and `latency` add theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...output import Format, emit
from ...spaces.language.limits import COSTS

if TYPE_CHECKING:
    from ...analysis.costs.conventions import Count
    from ...analysis.costs.layers import LayerTable
    from ...analysis.costs.profile import Profile
    from ...spaces import Network


def title_of(network: Network) -> str:
    """Return a network's name and input, as the title of a table."""
    from ...spaces.values import shape_text

    return f"{network.name}, input {shape_text(network.input)}"


def show_layers(
    costs: LayerTable,
    columns: Mapping[str, Sequence[object]],
    totals: Sequence[object],
    form: Format,
    title: str,
) -> None:
    """Print name, operator, shape and further columns of each layer, and but for csv the totals."""
    from ...spaces.values import shape_text

    rows = [
        (*layer[:2], shape_text(layer.shape), *cells)
        for layer, *cells in zip(costs.layers, *columns.values(), strict=True)
    ]
    total = ("total", "", "", *totals)
    emit(("name", "op", "shape", *columns), rows if form is Format.csv else [*rows, total], form, title=title)


def costs_json(profile: Profile, counts: Sequence[Count] = ()) -> dict[str, Any]:
    """Return a network's costs, in all and for each layer, also as other conventions count them."""
    from ...analysis.costs.profile import CONVENTION
    from ...analysis.costs.receptive_field import receptive_fields

    fields = receptive_fields(profile.network.graph)
    layers = [{**layer._asdict(), "receptive_field": fields[layer.name]} for layer in profile.layers]
    for count in counts:
        for layer, counted in zip(layers, count.layers, strict=True):
            layer[count.convention.name] = counted
    result = {
        "network": profile.network.name,
        "input": list(profile.network.input),
        **{cost: getattr(profile, cost) for cost in COSTS},
        "flops_by_kind": profile.flops_by_kind,
        "layers": layers,
        "convention": CONVENTION,
        "coverage": profile.coverage.as_dict(),
    }
    if counts:
        result["conventions"] = {count.convention.name: _count_json(count, profile) for count in counts}
    return result


def ratio(count: Count, profile: Profile) -> float | None:
    """Return how many times our own macs a convention counts; None where there are none."""
    return round(count.total / profile.macs, 6) if profile.macs else None


def _count_json(count: Count, profile: Profile) -> dict[str, Any]:
    return {
        "total": count.total,
        "ratio to macs": ratio(count, profile),
        "params": count.params,
        "about": count.convention.about,
        "source": count.convention.source,
        "not counted": count.uncounted,
    }
