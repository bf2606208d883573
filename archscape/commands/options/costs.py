"""The costs of a network as JSON, and tables of them, each with what it adds to that JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...output import Format, emit, emit_json, log
from ...spaces.language.limits import COSTS

if TYPE_CHECKING:
    from ...analysis.costs.layers import LayerTable
    from ...analysis.costs.modules import ModuleProfile
    from ...analysis.costs.profile import Profile


class CostTable(NamedTuple):
    """Costs of a network to read, and what they add to its JSON.

    Attributes:
        columns: The heads.
        rows: The cells.
        notes: Lines for standard error: how the costs are counted, and what is not.
        layer_keys: Values of all layers, by the key under which each layer of the JSON has its own.
        keys: What the JSON has beside the layers.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str]
    layer_keys: Mapping[str, Sequence[object]] = {}
    keys: Mapping[str, object] = {}


def show_costs(costs: Profile, tables: Sequence[CostTable], form: Format, *, setting: str = "") -> None:
    """Print the first table and all notes, or as JSON a network's costs with what all tables add to them."""
    from ...analysis.costs.profile import CONVENTION
    from ...analysis.costs.receptive_field import receptive_fields
    from ...spaces.values import shape_text

    network = costs.network
    if form is not Format.json:
        show_tables(tables, form, title=f"{network.name}, input {shape_text(network.input)}{setting}")
        return
    fields = receptive_fields(network.graph)
    result = costs_json(costs, network.name, network.input, CONVENTION, fields)
    for table in tables:
        for key, values in table.layer_keys.items():
            for layer, value in zip(result["layers"], values, strict=True):
                layer[key] = value
        result |= table.keys
    emit_json(result)


def show_tables(tables: Sequence[CostTable], form: Format, title: str) -> None:
    """Print the first table, and the notes of all."""
    emit(tables[0].columns, tables[0].rows, form, title=title)
    for table in tables:
        for note in table.notes:
            log(note)


def costs_json(
    costs: Profile | ModuleProfile,
    name: str,
    shape: Sequence[int],
    convention: str,
    fields: Mapping[str, Sequence[int]],
    **more: object,
) -> dict[str, Any]:
    """Return what a network of ours or a module costs, in all and for each layer."""
    return {
        "network": name,
        "input": list(shape),
        **{cost: getattr(costs, cost) for cost in COSTS},
        "flops_by_kind": costs.flops_by_kind,
        **more,
        "layers": [{**layer._asdict(), "receptive_field": fields.get(layer.name)} for layer in costs.layers],
        "convention": convention,
        "coverage": costs.coverage.as_dict(),
    }


def layer_rows(
    costs: LayerTable, columns: Mapping[str, Sequence[object]], totals: Sequence[object], form: Format
) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """Return heads, and name, operator, shape and further columns of each layer; but for csv the totals."""
    from ...spaces.values import shape_text

    rows: list[tuple[object, ...]] = [
        (*layer[:2], shape_text(layer.shape), *cells)
        for layer, *cells in zip(costs.layers, *columns.values(), strict=True)
    ]
    rows += [] if form is Format.csv else [("total", "", "", *totals)]
    return ("name", "op", "shape", *columns), rows
