"""`archscape profile`: what a network costs, layer by layer, in any convention; or any PyTorch module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import Format, FormatOption, emit, emit_json, log
from ..spaces.errors import InputError
from ..spaces.language.limits import COSTS
from .latency import show_times, times_of, with_times
from .memory import MemorySettings, show_memory, with_memory
from .options.costs import costs_json, ratio, show_layers, title_of
from .options.idle import check_idle
from .options.networks import (
    CONVENTIONS,
    TABLE_OR_PYTHON,
    InputOption,
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
    from ..spaces import Network

ALL = "all"
EXAMPLES = (
    "archscape profile resnet50",
    "archscape profile mobilenetv2 --convention all",
    "archscape profile any_module.py:make --input 3x64x64",
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
    shape: InputOption = None,
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

    MACs are multiply-accumulates. Known from the graph alone; a module of a Python file is run. The options
    under Advanced go with `--memory`, `--latency` or `--measure`, which also have commands of their own.
    """
    timed = latency or measure
    _check(context, memory=memory, latency=latency, measure=measure, convention=convention, form=form)
    if is_python(network):
        _check_table(network, memory=memory, timed=timed)
        _show_module(network, form, convention, shape)
        return
    from ..analysis.costs.profile import profile as count

    costs = count(find_network(network, shape))
    counts = _counts(costs.network, convention)
    settings = MemorySettings(batch, dtype, optimizer, fit)
    if timed:
        from ..analysis.costs.latency import this_machine

        setting = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
        times = times_of(costs.network, setting, predict=latency, measure=measure)
    if form is Format.json:
        result = costs_json(costs, counts)
        result = with_times(result, times) if timed else result
        emit_json(with_memory(result, costs.network, settings) if memory else result)
    elif timed:
        show_times(costs, times, form)
    elif memory:
        show_memory(costs.network, settings, form)
    elif convention == ALL:
        _show_side_by_side(costs, counts, form)
    elif counts:
        _show_convention(costs, counts[0], form)
    else:
        _show_costs(costs, form)


def _check(
    context: typer.Context, *, memory: bool, latency: bool, measure: bool, convention: str, form: Format
) -> None:
    """Raise InputError if options have no effect, or ask for two tables at once."""
    timed = latency or measure
    how = "says how memory is counted; give --memory as well"
    if not memory:
        check_idle(context, ("optimizer", "fit") if timed else ("batch", "dtype", "optimizer", "fit"), how)
    if not timed:
        where = "says where a latency is of; give --latency or --measure as well"
        check_idle(context, ("device", "threads"), where)
    asked_for = {
        "--memory": memory,
        "--convention": bool(convention),
        "--latency" if latency else "--measure": timed,
    }
    tables = [name for name, asked in asked_for.items() if asked]
    if len(tables) > 1 and form is not Format.json:
        raise InputError(f"{' and '.join(tables)} are two tables; give one, or --format json for both")


def _check_table(name: str, *, memory: bool, timed: bool) -> None:
    """Raise InputError if a Python file is asked for what only networks of ours have."""
    if memory:
        raise InputError(f"--memory: only networks of ours say what they hold, and {name} is run instead")
    if timed:
        raise InputError(f"--latency and --measure are for networks of ours, but {name} is a Python file")


def _counts(network: Network, convention: str) -> list[Count]:
    from ..analysis.costs.conventions import count, side_by_side

    if convention == ALL:
        return side_by_side(network)
    return [count(network, convention)] if convention else []


def _show_costs(costs: Profile, form: Format) -> None:
    from ..analysis.costs.profile import CONVENTION
    from ..analysis.costs.receptive_field import receptive_fields
    from ..spaces.values import shape_text

    fields = receptive_fields(costs.network.graph)
    columns = {cost: [getattr(layer, cost) for layer in costs.layers] for cost in COSTS}
    columns["receptive_field"] = [shape_text(fields[layer.name]) for layer in costs.layers]
    totals = [*(getattr(costs, cost) for cost in COSTS), ""]
    show_layers(costs, columns, totals, form, title_of(costs.network))
    log(f"Convention: {CONVENTION}. Not counted: {'; '.join(costs.coverage.uncounted)}.")
    for name, foreign in costs.coverage.fvcore.items():
        missed = _listed(foreign.unsupported.items())
        log(f"{name} is {foreign.path}, counted by fvcore" + (f" without {missed}." if missed else "."))


def _show_convention(costs: Profile, count: Count, form: Format) -> None:
    name, ours = count.convention.name, [layer.macs for layer in costs.layers]
    columns = {"params": [layer.params for layer in costs.layers], "macs": ours, name: count.layers}
    totals = {"params": count.params, "macs": sum(ours), name: count.total}
    show_layers(costs, columns, [*totals.values()], form, title_of(costs.network))
    log(f"Convention {name}: {count.convention.about}")
    missing = _listed(sorted(count.uncounted.items())) or "nothing"
    log(f"Rules from {count.convention.source}. Not counted: {missing}.")
    if name != "macs" and costs.macs:
        log(f"{count.total / costs.macs:.4f} of our own macs.")


def _show_side_by_side(costs: Profile, counts: Sequence[Count], form: Format) -> None:
    rows = []
    for count in counts:
        share = ratio(count, costs)
        value = "" if share is None else share if form is Format.csv else f"{share:.5f}"
        missing = _listed(sorted(count.uncounted.items())) or "nothing"
        rows.append((count.convention.name, count.params, count.total, value, missing))
    columns = ("convention", "params", "counts", "ratio to macs", "not counted")
    emit(columns, rows, form, title=title_of(costs.network))
    for count in counts:
        log(f"{count.convention.name}: {count.convention.about}")


def _listed(times: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{operator} x{count}" for operator, count in times)


def _show_module(name: str, form: Format, convention: str, shape: str | None) -> None:
    if convention not in ("", "macs"):
        law = "only networks of ours are counted in other conventions: their rules are for our operators"
        raise InputError(f"--convention {convention}: {law}, and {name} is run instead")
    sizes, costs = profile_python(name, shape)
    if form is Format.json:
        emit_json(_module_json(name, sizes, costs))
        return
    bounds = () if form is Format.csv else costs.lower_bounds
    columns = {
        f"{cost}, at least" if cost in bounds else cost: [getattr(layer, cost) for layer in costs.layers]
        for cost in COSTS
    }
    show_layers(costs, columns, [getattr(costs, cost) for cost in COSTS], form, f"{name}, input {shape}")
    _log_coverage(costs)


def _module_json(name: str, sizes: tuple[int, ...], costs: ModuleProfile) -> dict[str, Any]:
    return {
        "network": name,
        "input": list(sizes),
        **{cost: getattr(costs, cost) for cost in COSTS},
        "flops_by_kind": costs.flops_by_kind,
        "lower_bounds": list(costs.lower_bounds),
        "layers": [{**layer._asdict(), "receptive_field": None} for layer in costs.layers],
        "convention": MODULE_CONVENTION,
        "coverage": costs.coverage.as_dict(),
    }


MODULE_CONVENTION = (
    "macs: what FlopCounterMode counts, halved, no bias, batch 1; flops: 2 x macs + norms, resizing and 2-D "
    "pooling as fvcore counts them; activations: convolutions and linear layers, by fvcore"
)


def _log_coverage(costs: ModuleProfile) -> None:
    coverage = costs.coverage
    log(f"Convention: {MODULE_CONVENTION}.")
    for layer, operators in coverage.unknown.items():
        names = _listed(operators.items())
        log(f"{layer}: {names} may hold products and is not counted, so the macs are a lower bound.")
    for layer, operators in coverage.unsupported.items():
        log(f"{layer}: {_listed(operators.items())} not in the flops, but for products.")
    if coverage.fvcore is None:
        log(f"fvcore could not trace it ({coverage.failed}): flops are 2 x macs, activations unknown.")
    elif coverage.fvcore != costs.macs:
        log(f"fvcore alone finds {coverage.fvcore:,} macs.")
    if coverage.idle:
        log(f"Never called: {', '.join(coverage.idle)}; if their weights are used, it is by another layer.")
