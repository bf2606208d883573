"""`archscape profile`: what a network costs, layer by layer, in any convention; or any PyTorch module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption
from ..spaces.errors import InputError
from .latency import latency_tables
from .memory import memory_table
from .options.checks import check_idle
from .options.costs import (
    LEAST,
    CostTable,
    cost_table,
    layer_rows,
    listed,
    module_reads,
    named,
    network_costs,
    show_costs,
)
from .options.model_files import FILE_CONVENTION, file_reads, has_costs_alone, profile_model_file
from .options.networks import (
    CONVENTIONS,
    TABLE_OR_PYTHON,
    ModuleInputOption,
    UsesOption,
    find_network,
    is_python,
    profile_python,
)
from .options.settings import (
    BatchOption,
    DeviceOption,
    DtypeOption,
    FitOption,
    OptimizerOption,
    ThreadsOption,
)

if TYPE_CHECKING:
    from ..analysis.costs.conventions import Count
    from ..analysis.costs.modules import ModuleProfile
    from ..analysis.costs.profile import Profile

ALL = "all"
MODULE_CONVENTION = (
    "every operator that ran, batch 1; macs: convolutions, linear and recurrent layers, attention and matrix "
    "products, no bias; flops: 2 x macs + norms, resizing and 2-D pooling as fvcore counts them; "
    "activations: what convolutions, linear and recurrent layers write"
)
EXAMPLES = (
    "archscape profile resnet50",
    "archscape profile mobilenetv2 --convention all",
    "archscape profile model.onnx",
    "archscape profile any_module.py:make --input 3x64x64",
    "archscape profile pair.py:make --input image=3x64x64 --input ids=16:int64",
)


def profile(
    context: typer.Context,
    network: Annotated[str, typer.Argument(help=TABLE_OR_PYTHON, metavar="NETWORK")],
    form: FormatOption = Format.table,
    convention: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Count as another tool does: macs (ours), {CONVENTIONS}; `all` shows them side by side.",
        ),
    ] = "",
    shape: ModuleInputOption = None,
    uses: UsesOption = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Show memory in place of the layers, as `archscape memory`.")
    ] = False,
    latency: Annotated[
        bool, typer.Option("--latency", help="Show the latency of each layer, as `archscape latency`.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Build the network and measure its latency on this machine.")
    ] = False,
    *,
    batch: BatchOption = 1,
    dtype: DtypeOption = "float32",
    optimizer: OptimizerOption = "momentum",
    fit: FitOption = None,
    device: DeviceOption = "cpu",
    threads: ThreadsOption = 1,
) -> None:
    """Count parameters, MACs, FLOPs and activations, layer by layer.

    MACs are multiply-accumulates. Known from the graph alone; only a module of a Python file is run. The
    options under Advanced go with `--memory`, `--latency` or `--measure`, which have their own commands too.
    """
    timed = "--latency" if latency else "--measure" if measure else ""
    _check(context, memory=memory, timed=timed, convention=convention, form=form)
    if is_python(network) or has_costs_alone(network):
        _check_foreign(network, memory=memory, timed=timed, convention=convention)
        table = (
            _file_table(network, form, shape)
            if has_costs_alone(network)
            else _module_table(network, form, shape)
        )
        show_costs(table, [], form)
        return
    from ..analysis.costs.profile import profile as count

    costs = count(find_network(network, shape))
    tables = [_counted(costs, convention, form)] if convention else []
    if timed:
        from ..analysis.costs.latency import this_machine

        setup = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
        tables += latency_tables(costs, setup, form, predict=latency, measure=measure)
    if memory:
        tables.append(memory_table(costs.network, batch, dtype, optimizer, fit))
    setting = f", batch {batch}, in bytes" if memory else ""
    show_costs(network_costs(costs, form), tables, form, setting=setting)


def _check(context: typer.Context, *, memory: bool, timed: str, convention: str, form: Format) -> None:
    """Raise InputError if options have no effect, or ask for two tables at once."""
    if not memory:
        how = "says how memory is counted; give --memory as well"
        check_idle(context, ("optimizer", "fit") if timed else ("batch", "dtype", "optimizer", "fit"), how)
    if not timed:
        where = "says where a latency is of; give --latency or --measure as well"
        check_idle(context, ("device", "threads"), where)
    asked_for = {"--memory": memory, "--convention": convention, timed: timed}
    tables = [name for name, asked in asked_for.items() if asked]
    if len(tables) > 1 and form is not Format.json:
        raise InputError(f"{' and '.join(tables)} are two tables; give one, or --format json for both")


def _counted(costs: Profile, convention: str, form: Format) -> CostTable:
    """Return the costs as another tool counts them, or as all do side by side."""
    from ..analysis.costs.conventions import count, side_by_side

    every = convention == ALL
    counts = side_by_side(costs.network) if every else [count(costs.network, convention)]
    table = _side_by_side(costs, counts, form) if every else _by_layer(costs, counts[0], form)
    values = {
        count.convention.name: {
            "total": count.total,
            "ratio to macs": _ratio(count, costs),
            "params": count.params,
            "about": count.convention.about,
            "source": count.convention.source,
            "not counted": count.uncounted,
        }
        for count in counts
    }
    layer_keys = {count.convention.name: count.layers for count in counts}
    return table._replace(layer_keys=layer_keys, keys={"conventions": values})


def _by_layer(costs: Profile, count: Count, form: Format) -> CostTable:
    rules, ours = count.convention, [layer.macs for layer in costs.layers]
    shown = {"params": [layer.params for layer in costs.layers], "macs": ours, rules.name: count.layers}
    totals = {"params": count.params, "macs": costs.macs, rules.name: count.total}
    notes = [
        f"Convention {rules.name}: {rules.about}",
        f"Rules from {rules.source}. Not counted: {_uncounted(count)}.",
    ]
    if rules.name != "macs" and costs.macs:
        notes.append(f"{count.total / costs.macs:.4f} of our own macs.")
    rows = layer_rows(costs, shown, [*totals.values()], form)
    return CostTable(*rows, notes, least=(*LEAST, "params", "macs"))


def _side_by_side(costs: Profile, counts: Sequence[Count], form: Format) -> CostTable:
    rows = []
    for count in counts:
        ratio = _ratio(count, costs)
        value = ratio if ratio is None or form is Format.csv else f"{ratio:.5f}"
        rows.append((count.convention.name, count.params, count.total, value, _uncounted(count)))
    columns = ("convention", "params", "counts", "ratio to macs", "not counted")
    notes = [f"{count.convention.name}: {count.convention.about}" for count in counts]
    return CostTable(columns, rows, notes, least=("not counted", "params"))


def _ratio(count: Count, costs: Profile) -> float | None:
    """Return how many times our own macs a convention counts; None where there are none."""
    return round(count.total / costs.macs, 6) if costs.macs else None


def _uncounted(count: Count) -> str:
    return listed(dict(sorted(count.uncounted.items()))) or "nothing"


def _check_foreign(name: str, *, memory: bool, timed: str, convention: str) -> None:
    """Raise InputError for what is known of networks of ours alone."""
    how, what = (
        ("run instead", "a Python file") if is_python(name) else ("a file of another kind", "none of ours")
    )
    if memory:
        raise InputError(f"--memory: only networks of ours say what they hold, and {name} is {how}")
    if timed:
        raise InputError(f"--latency and --measure are for networks of ours, but {name} is {what}")
    if convention not in ("", "macs"):
        law = "only networks of ours are counted in other conventions: their rules are for our operators"
        raise InputError(f"--convention {convention}: {law}, and {name} is {how}")


def _module_table(name: str, form: Format, shapes: Sequence[str] | None) -> CostTable:
    call, costs = profile_python(name, shapes)
    return cost_table(costs, name, module_reads(call), MODULE_CONVENTION, [*_coverage_notes(costs)], form)


def _file_table(name: str, form: Format, shapes: Sequence[str] | None) -> CostTable:
    costs = profile_model_file(name, shapes)
    notes = [costs.about, *costs.notes, f"Convention: {FILE_CONVENTION}."]
    for operator, layers in costs.coverage.unknown.items():
        law = "may hold products and is not counted, so the costs are lower bounds"
        notes.append(f"{operator} ({named(layers)}) {law}.")
    for operator, layers in costs.coverage.uncounted.items():
        notes.append(f"{operator} ({named(layers)}): its arithmetic beside products is not in the flops.")
    table = cost_table(costs, name, file_reads(costs), FILE_CONVENTION, notes, form)
    return table._replace(keys={**table.keys, "foreign": costs.format, "notes": list(costs.notes)})


def _coverage_notes(costs: ModuleProfile) -> Iterator[str]:
    coverage = costs.coverage
    yield f"Convention: {MODULE_CONVENTION}."
    for layer, operators in coverage.unknown.items():
        law = "may hold products and is not counted, so the macs are a lower bound"
        yield f"{layer}: {listed(operators)} {law}."
    for layer, operators in coverage.unsupported.items():
        yield f"{layer}: flops: only the products of {listed(operators)} are counted."
    if coverage.taken_apart:
        yield "It computes gradients or calls torch.func: activations of some linear layers may be missing."
    if coverage.idle:
        yield f"Never called: {', '.join(coverage.idle)}; if their weights are used, it is by another layer."
