"""The costs of a network as JSON, and tables of them, each with what it adds to that JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ...output import Format, emit, emit_json, log
from ...spaces.language.limits import COSTS
from ...spaces.values import shape_text
from .module_inputs import input_texts
from .roofline import Roofline, roofline

if TYPE_CHECKING:
    from ...analysis.costs.foreign.table import FileProfile
    from ...analysis.costs.layers import LayerTable
    from ...analysis.costs.modules import ModuleProfile
    from ...analysis.costs.modules.inputs import ModuleInput
    from ...analysis.costs.profile import Profile
    from ...spaces.graph import Shape
    from ...spaces.language.table import Table

LEAST = (
    *("bytes_moved", "macs_per_byte", "receptive_field", "flops", "flops, at least", "bound", "op"),
    *("activations", "activations, at least", "shape"),
)
"""Columns of a layer that a narrow terminal leaves out first."""


Reads: TypeAlias = Sequence[int] | dict[str, str]
"""What a network reads: the sizes of one sample; of several inputs, each by its name."""


class CostTable(NamedTuple):
    """Costs of a network to read, and what they add to its JSON.

    Attributes:
        columns: The heads.
        rows: The cells.
        notes: Lines for standard error: how the costs are counted, and what is not.
        layer_keys: Values of all layers, by the key under which each layer of the JSON has its own.
        keys: What the JSON has beside the layers.
        least: The columns that a narrow terminal leaves out first.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str]
    layer_keys: Mapping[str, Sequence[object]] = {}
    keys: Mapping[str, object] = {}
    least: Sequence[str] = LEAST


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
    title = f"{result['network']}, input {input_text(result['input'])}{setting}"
    emit(shown[0].columns, shown[0].rows, form, title=title, least=shown[0].least)
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
        notes.append(f"{name} is {foreign.path}, counted by running it{missed}.")
    shared = {name.partition(".")[0]: like.partition(".")[0] for name, like in costs.shared.items()}
    if shared:
        whose = ", ".join(f"{name} those of {like}" for name, like in shared.items())
        notes.append(f"Shared weights, counted once: {whose}.")
    fields = {name: receptive_fields(network.graph, at) for at, name in enumerate(network.inputs)}
    roof = roofline(network)
    notes += roof.notes
    reads = table_reads(network)
    return cost_table(costs, network.name, reads, CONVENTION, notes, form, fields=fields, roof=roof)


def table_reads(table: Table) -> Reads:
    """Return what a network of ours reads: the sizes of its one input, or each input by name."""
    if isinstance(table.input, Mapping):
        return {name: shape_text(shape) for name, shape in table.input.items()}
    return list(table.input)


def cost_table(
    costs: Profile | ModuleProfile | FileProfile,
    name: str,
    reads: Reads,
    convention: str,
    notes: Sequence[str],
    form: Format,
    *,
    fields: Mapping[str, Mapping[str, Shape]] | None = None,
    roof: Roofline = Roofline(),  # noqa: B008 - it cannot change
) -> CostTable:
    """Return what a network of ours, a module or a file costs; of the last two there may be lower bounds.

    `fields` holds, for each input by name, the receptive field of each layer; `roof`, further columns.
    """
    lower_bounds: tuple[str, ...] = getattr(costs, "lower_bounds", ())
    totals = {cost: getattr(costs, cost) for cost in COSTS}
    columns = {
        f"{cost}, at least" if cost in lower_bounds and form is not Format.csv else cost: [
            getattr(layer, cost) for layer in costs.layers
        ]
        for cost in COSTS
    }
    columns |= {head: [*cells] for head, cells in roof.columns.items()}
    for which, sizes in (fields or {}).items():
        of_which = f"_{which}" if isinstance(reads, dict) else ""
        columns[f"receptive_field{of_which}"] = [shape_text(sizes[layer.name]) for layer in costs.layers]
    keys = {
        "network": name,
        "input": reads if isinstance(reads, dict) else list(reads),
        **totals,
        "flops_by_kind": costs.flops_by_kind,
        **({"lower_bounds": list(lower_bounds)} if fields is None else {}),
        "layers": [
            {
                **layer._asdict(),
                "receptive_field": _field(fields or {}, layer.name, reads),
                **dict(zip(roof.columns, cells, strict=True)),
            }
            for layer, *cells in zip(costs.layers, *roof.columns.values(), strict=True)
        ],
        "convention": convention,
        "coverage": costs.coverage.as_dict(),
    }
    return CostTable(*layer_rows(costs, columns, [*totals.values(), *roof.totals], form), notes, keys=keys)


def _field(fields: Mapping[str, Mapping[str, Shape]], layer: str, reads: Reads) -> object:
    """Return the receptive field of a layer; of several inputs, that on each which it sees, by name."""
    if isinstance(reads, dict):
        return {name: sizes[layer] for name, sizes in fields.items() if sizes[layer]}
    return next((sizes[layer] for sizes in fields.values()), None)


def module_reads(call: ModuleInput) -> Reads:
    """Return what a module was called with: the sizes of a single shape, or all by name."""
    texts = input_texts(call)
    single = texts.keys() == {"0"} and call.args[0].dtype is None
    return call.args[0].sizes if single else texts


def input_text(reads: Reads) -> str:
    """Return what a network reads in one line."""
    if isinstance(reads, dict):
        texts = [text if name.isdecimal() else f"{name}={text}" for name, text in reads.items()]
        return ", ".join(texts) or "nothing"
    return shape_text(tuple(reads))


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


def named(layers: Sequence[str]) -> str:
    """Return the first layers by name, and how many more there are."""
    more = f" and {len(layers) - 3} more" if len(layers) > 3 else ""
    return f"{', '.join(layers[:3])}{more}"
