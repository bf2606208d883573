"""The costs of a network as JSON, and tables of them, each with what it adds to that JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...output import Format, emit, emit_json, log
from ...spaces.language.limits import COSTS
from ...spaces.values import shape_text

if TYPE_CHECKING:
    from ...analysis.costs.layers import LayerTable
    from ...analysis.costs.modules import ModuleProfile
    from ...analysis.costs.profile import Profile
    from ...spaces.graph import Shape


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


def show_costs(costs: CostTable, tables: Sequence[CostTable], form: Format, *, setting: str = "") -> None:
    """Print tables of a network, or as JSON its costs with what the tables add to them.

    Args:
        costs: Its own costs, which are printed where there is no further table.
        tables: Further ones: the first is printed, with the notes of all.
        form: The format.
        setting: The end of the title.
    """
    result: dict[str, Any] = {**costs.keys}
    if form is Format.json:
        for table in tables:
            for key, values in table.layer_keys.items():
                for layer, value in zip(result["layers"], values, strict=True):
                    layer[key] = value
            result |= table.keys
        emit_json(result)
        return
    shown = tables or [costs]
    title = f"{result['network']}, input {shape_text(result['input'])}{setting}"
    emit(shown[0].columns, shown[0].rows, form, title=title)
    for table in shown:
        for note in table.notes:
            log(note)


def network_costs(costs: Profile, form: Format) -> CostTable:
    """Return what a network of ours costs, with the receptive field of each layer."""
    from ...analysis.costs.profile import CONVENTION
    from ...analysis.costs.receptive_field import receptive_fields

    network, coverage = costs.network, costs.coverage
    notes = [f"Convention: {CONVENTION}. Not counted: {'; '.join(coverage.uncounted)}."]
    for name, foreign in coverage.fvcore.items():
        missed = f" without {listed(foreign.unsupported)}" if foreign.unsupported else ""
        notes.append(f"{name} is {foreign.path}, counted by fvcore{missed}.")
    fields = receptive_fields(network.graph)
    return cost_table(costs, network.name, network.input, CONVENTION, notes, form, fields=fields)


def cost_table(
    costs: Profile | ModuleProfile,
    name: str,
    sizes: Sequence[int],
    convention: str,
    notes: Sequence[str],
    form: Format,
    *,
    fields: Mapping[str, Shape] | None = None,
) -> CostTable:
    """Return what a network of ours or a module costs; only of a module may there be lower bounds."""
    lower_bounds: tuple[str, ...] = getattr(costs, "lower_bounds", ())
    known, totals = fields or {}, {cost: getattr(costs, cost) for cost in COSTS}
    columns = {
        f"{cost}, at least" if cost in lower_bounds and form is not Format.csv else cost: [
            getattr(layer, cost) for layer in costs.layers
        ]
        for cost in COSTS
    }
    if fields is not None:
        columns["receptive_field"] = [shape_text(fields[layer.name]) for layer in costs.layers]
    keys = {
        "network": name,
        "input": list(sizes),
        **totals,
        "flops_by_kind": costs.flops_by_kind,
        **({"lower_bounds": list(lower_bounds)} if fields is None else {}),
        "layers": [{**layer._asdict(), "receptive_field": known.get(layer.name)} for layer in costs.layers],
        "convention": convention,
        "coverage": costs.coverage.as_dict(),
    }
    return CostTable(*layer_rows(costs, columns, [*totals.values()], form), notes, keys=keys)


def layer_rows(
    costs: LayerTable, columns: Mapping[str, Sequence[object]], totals: Sequence[object], form: Format
) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """Return heads, and name, operator, shape and further columns of each layer; but for csv the totals."""
    rows: list[tuple[object, ...]] = [
        (*layer[:2], shape_text(layer.shape), *cells)
        for layer, *cells in zip(costs.layers, *columns.values(), strict=True)
    ]
    if form is not Format.csv:
        rows.append(("total", "", "", *totals, *[""] * (len(columns) - len(totals))))
    return ("name", "op", "shape", *columns), rows


def listed(counts: Mapping[str, int]) -> str:
    """Return words, each with how often it stands."""
    return ", ".join(f"{word} x{count}" for word, count in counts.items())
