"""`archscape profile`: what a network costs, layer by layer, in any convention; or any PyTorch module."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output import Format, emit, emit_json
from ..spaces.errors import InputError
from ..spaces.sampling.limits import COSTS
from .common import say
from .latency import (
    DeviceOption,
    LatencyOption,
    MeasureOption,
    ThreadsOption,
    Timing,
    show_times,
    times_of,
    with_times,
)
from .memory import (
    Ask,
    BatchOption,
    DtypeOption,
    FitOption,
    MemoryOption,
    OptimizerOption,
    show_memory,
    with_memory,
)
from .networks import FormatOption, InputOption, find_network, is_python, read_sizes

if TYPE_CHECKING:
    from ..analysis.costs.conventions import Count
    from ..analysis.costs.modules import ModuleProfile
    from ..analysis.costs.profile import Profile

ALL = "all"
Source = Annotated[
    str,
    typer.Argument(
        help="A name of `archscape list`, a YAML or JSON file, or what makes any PyTorch module: "
        "`file.py:factory`, which is run.",
        metavar="NETWORK",
    ),
]
ConventionOption = Annotated[
    str,
    typer.Option(
        "--convention",
        metavar="NAME",
        help="Count as another tool does: macs (ours), fvcore, thop, ptflops, torchinfo, pycls, nasbench201; "
        "`all` shows them side by side.",
    ),
]


def profile(
    network: Source,
    form: FormatOption = Format.table,
    convention: ConventionOption = "",
    shape: InputOption = None,
    memory: MemoryOption = False,
    batch: BatchOption = None,
    dtype: DtypeOption = None,
    optimizer: OptimizerOption = None,
    fit: FitOption = None,
    latency: LatencyOption = False,
    measure: MeasureOption = False,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Show what a network costs, layer by layer: parameters, multiply-accumulates, FLOPs, activations."""
    ask, timing = Ask(batch, dtype, optimizer, fit), Timing(latency, measure, device, threads)
    _check(ask, timing, memory, convention, form)
    if is_python(network):
        _check_table(network, memory, timing)
        _show_module(network, form, convention, shape)
        return
    from ..analysis.costs.profile import profile as count

    found = count(find_network(network, shape))
    counts = _counts(found, convention)
    if form is Format.json:
        result = _as_json(found, counts)
        if timing.asked:
            result = with_times(result, times_of(found, timing, ask))
        emit_json(with_memory(result, found.network, ask) if memory else result)
    elif timing.asked:
        show_times(found, times_of(found, timing, ask), form, _title(found))
    elif memory:
        show_memory(found.network, ask, form, _title(found))
    elif convention == ALL:
        _show_side_by_side(found, counts, form)
    elif counts:
        _show_convention(found, counts[0], form)
    else:
        _show_costs(found, form)


def _check(ask: Ask, timing: Timing, memory: bool, convention: str, form: Format) -> None:
    """Raise if options are idle, or ask for two tables at once."""
    if not memory:
        (ask._replace(batch=None, dtype=None) if timing.asked else ask).check_idle()
    if not timing.asked:
        timing.check_idle()
    given = {
        "--memory": memory,
        "--convention": bool(convention),
        "--latency" if timing.latency else "--measure": timing.asked,
    }
    tables = [name for name, wanted in given.items() if wanted]
    if len(tables) > 1 and form is not Format.json:
        raise InputError(f"{' and '.join(tables)} are two tables; give one, or --format json for both")


def _check_table(name: str, memory: bool, timing: Timing) -> None:
    """Raise if a Python file is asked for what only networks of ours say."""
    if memory:
        raise InputError(f"--memory: only networks of ours say what they hold, and {name} is run instead")
    if timing.asked:
        raise InputError(f"--latency and --measure are for networks of ours, but {name} is a Python file")


def _counts(found: Profile, name: str) -> list[Count]:
    from ..analysis.costs.conventions import count, side_by_side

    if name == ALL:
        return side_by_side(found.network)
    return [count(found.network, name)] if name else []


def _show_costs(found: Profile, form: Format) -> None:
    from ..analysis.costs.profile import CONVENTION
    from ..analysis.costs.receptive_field import receptive_fields
    from ..spaces.values import shape_text

    fields = receptive_fields(found.network.graph)
    rows = [
        (*layer[:2], shape_text(layer.shape), *layer[3:], shape_text(fields[layer.name]))
        for layer in found.layers
    ]
    total = ("total", "", "", *(getattr(found, cost) for cost in COSTS), "")
    columns = ("name", "op", "shape", *COSTS, "receptive_field")
    emit(columns, rows if form is Format.csv else [*rows, total], form, title=_title(found))
    say(f"Convention: {CONVENTION}. Not counted: {'; '.join(found.coverage.uncounted)}.")
    for name, foreign in found.coverage.fvcore.items():
        missed = ", ".join(f"{operation} x{count}" for operation, count in foreign.unsupported.items())
        say(f"{name} is {foreign.path}, counted by fvcore" + (f" without {missed}." if missed else "."))


def _show_convention(found: Profile, count: Count, form: Format) -> None:
    from ..spaces.values import shape_text

    name, macs = count.convention.name, [layer.macs for layer in found.layers]
    ours = name == "macs"
    rows: list[tuple[object, ...]] = [
        (*layer[:2], shape_text(layer.shape), layer.params, layer.macs, *([] if ours else [counted]))
        for layer, counted in zip(found.layers, count.layers, strict=True)
    ]
    total = ("total", "", "", count.params, sum(macs), *([] if ours else [count.total]))
    columns = ("name", "op", "shape", "params", "macs", *([] if ours else [name]))
    emit(columns, rows if form is Format.csv else [*rows, total], form, title=_title(found))
    say(f"Convention {name}: {count.convention.about}")
    say(f"Rules from {count.convention.source}. Not counted: {_missing(count) or 'nothing'}.")
    if not ours and found.macs:
        say(f"{count.total / found.macs:.4f} of our own macs.")


def _show_side_by_side(found: Profile, counts: Sequence[Count], form: Format) -> None:
    plain = form is Format.csv
    rows = [
        (c.convention.name, c.params, c.total, _shown(c, found, plain), _missing(c) or "nothing")
        for c in counts
    ]
    emit(("convention", "params", "counts", "ratio to macs", "not counted"), rows, form, title=_title(found))
    for count in counts:
        say(f"{count.convention.name}: {count.convention.about}")


def _title(found: Profile) -> str:
    from ..spaces.values import shape_text

    return f"{found.network.name}, input {shape_text(found.network.input)}"


def _ratio(count: Count, found: Profile) -> float | None:
    return round(count.total / found.macs, 6) if found.macs else None


def _shown(count: Count, found: Profile, plain: bool) -> object:
    """Return the ratio with enough digits to read: a number for a program, a text for a reader."""
    ratio = _ratio(count, found)
    return "" if ratio is None else ratio if plain else f"{ratio:.5f}"


def _missing(count: Count) -> str:
    return ", ".join(f"{word} x{times}" for word, times in sorted(count.uncounted.items()))


def _as_json(found: Profile, counts: Sequence[Count]) -> dict[str, Any]:
    from ..analysis.costs.profile import CONVENTION
    from ..analysis.costs.receptive_field import receptive_fields

    fields = receptive_fields(found.network.graph)
    layers = [{**layer._asdict(), "receptive_field": fields[layer.name]} for layer in found.layers]
    for count in counts:
        for layer, counted in zip(layers, count.layers, strict=True):
            layer[count.convention.name] = counted
    result = {
        "network": found.network.name,
        "input": list(found.network.input),
        **{cost: getattr(found, cost) for cost in COSTS},
        "flops_by_kind": found.flops_by_kind,
        "layers": layers,
        "convention": CONVENTION,
        "coverage": found.coverage.as_dict(),
    }
    if counts:
        result["conventions"] = {count.convention.name: _count_json(count, found) for count in counts}
    return result


def _count_json(count: Count, found: Profile) -> dict[str, Any]:
    return {
        "total": count.total,
        "ratio to macs": _ratio(count, found),
        "params": count.params,
        "about": count.convention.about,
        "source": count.convention.source,
        "not counted": count.uncounted,
    }


def _show_module(name: str, form: Format, convention: str, shape: str | None) -> None:
    from ..analysis.costs.modules import profile_module
    from ..analysis.costs.modules.user_code import load_module

    if convention not in ("", "macs"):
        law = "only networks of ours are counted in other conventions: their rules are for our operators"
        raise InputError(f"--convention {convention}: {law}, and {name} is run instead")
    if shape is None:
        raise InputError(f"{name}: a module does not say what it reads; give --input CxHxW, as in 3x224x224")
    given, module = read_sizes(shape), load_module(name)
    with redirect_stdout(sys.stderr):
        found = profile_module(module, input=given)
    if form is Format.json:
        emit_json(_module_json(name, given, found))
        return
    from ..spaces.values import shape_text

    rows: list[tuple[object, ...]] = [
        (*layer[:2], shape_text(layer.shape), *layer[3:]) for layer in found.layers
    ]
    total = ("total", "", "", *(getattr(found, cost) for cost in COSTS))
    plain = form is Format.csv
    marked = [f"{cost}, at least" if cost in found.lower_bounds and not plain else cost for cost in COSTS]
    title = f"{name}, input {shape}"
    emit(("name", "op", "shape", *marked), rows if plain else [*rows, total], form, title=title)
    _say_coverage(found)


def _module_json(name: str, given: tuple[int, ...], found: ModuleProfile) -> dict[str, Any]:
    return {
        "network": name,
        "input": list(given),
        **{cost: getattr(found, cost) for cost in COSTS},
        "flops_by_kind": found.flops_by_kind,
        "lower_bounds": list(found.lower_bounds),
        "layers": [{**layer._asdict(), "receptive_field": None} for layer in found.layers],
        "convention": MODULE_CONVENTION,
        "coverage": found.coverage.as_dict(),
    }


MODULE_CONVENTION = (
    "macs: what FlopCounterMode counts, halved, no bias, batch 1; flops: 2 x macs + norms, resizing and 2-D "
    "pooling as fvcore counts them; activations: convolutions and linear layers, by fvcore"
)


def _say_coverage(found: ModuleProfile) -> None:
    coverage = found.coverage
    say(f"Convention: {MODULE_CONVENTION}.")
    for layer, operators in coverage.unknown.items():
        said = ", ".join(f"{word} x{times}" for word, times in operators.items())
        say(f"{layer}: {said} may hold products and is not counted, so the macs are a lower bound.")
    for layer, operators in coverage.unsupported.items():
        said = ", ".join(f"{word} x{times}" for word, times in operators.items())
        say(f"{layer}: {said} not in the flops, but for products.")
    if coverage.fvcore is None:
        say(f"fvcore could not trace it ({coverage.failed}): flops are 2 x macs, activations unknown.")
    elif coverage.fvcore != found.macs:
        say(f"fvcore alone finds {coverage.fvcore:,} macs.")
    if coverage.idle:
        say(f"Never called: {', '.join(coverage.idle)}; if their weights are used, it is by another layer.")
