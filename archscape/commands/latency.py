"""`archscape latency`: how long a network takes, predicted from its graph and measured by running it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, log
from .options.checks import FIGURES, check_file
from .options.costs import LEAST, CostTable, layer_rows, network_costs, show_costs
from .options.networks import InputOption, NetworkArgument, UsesOption, find_network
from .options.settings import BatchOption, DeviceOption, DtypeOption, ThreadsOption

if TYPE_CHECKING:
    from ..analysis.costs.latency import DeviceSetup
    from ..analysis.costs.profile import Profile
    from ..spaces import Network

EXAMPLES = (
    "archscape calibrate",
    "archscape latency mobilenetv2",
    "archscape latency mobilenetv2 --measure --threads 4",
    "archscape latency mobilenetv2 --out roofline.svg",
)


def latency(
    network: NetworkArgument,
    measure: Annotated[
        bool, typer.Option("--measure", help="Also build the network and measure it on this machine.")
    ] = False,
    form: FormatOption = Format.table,
    shape: InputOption = None,
    device: DeviceOption = "cpu",
    threads: ThreadsOption = 1,
    batch: BatchOption = 1,
    *,
    dtype: DtypeOption = "float32",
    uses: UsesOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Also draw the device's roofline with the layers: .svg, .png or .pdf.")
    ] = None,
) -> None:
    """Predict latency layer by layer, or measure it on this machine.

    The prediction has an interval, and needs `archscape calibrate` once for each device and setting.
    `--measure` needs none: without a calibration there is only the measurement. `docs/latency.md` says how
    good they are.
    """
    if out is not None:
        check_file(out, FIGURES, f"a figure is one of {', '.join(FIGURES)}")
    from ..analysis.costs.latency import this_machine
    from ..analysis.costs.latency.store import load, path_of
    from ..analysis.costs.profile import profile

    costs = profile(find_network(network, shape))
    setup = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
    predict = not measure or out is not None or path_of(setup).is_file()
    tables = latency_tables(costs, setup, form, predict=predict, measure=measure)
    show_costs(network_costs(costs, form), tables, form)
    if not predict:
        log(f"Not predicted: there is no calibration of this setting; `{setup.command()}` makes one.")
    if out is not None:
        from ..analysis.reports.roofline_figure import draw_roofline

        log(str(draw_roofline(costs.network, load(setup), out)))


def latency_tables(
    costs: Profile, setup: DeviceSetup, form: Format, *, predict: bool, measure: bool
) -> list[CostTable]:
    """Return what a network takes as predicted, as measured, or both."""
    tables = [_predicted(costs, setup, form)] if predict else []
    return [*tables, _measured(costs.network, setup)] if measure else tables


def _predicted(costs: Profile, setup: DeviceSetup, form: Format) -> CostTable:
    from ..analysis.costs.latency import predict
    from ..analysis.costs.latency.store import load

    calibration = load(setup)
    latency = predict(costs.network, calibration)
    seconds = [layer.seconds for layer in latency.layers]
    shown: dict[str, list[object]] = {
        "macs": [layer.macs for layer in costs.layers],
        "ms": [round(1e3 * time, 6) for time in seconds],
        "share %": [round(100 * time / latency.seconds, 2) for time in seconds],
        "bound": [layer.bound for layer in latency.layers],
    }
    totals = (costs.macs, round(1e3 * latency.seconds, 6), 100.0)
    share = f"{latency.level:.0%} of networks lie within {milliseconds(latency.low)} to"
    notes = [
        f"Predicted: {milliseconds(latency.seconds)}; {share} {milliseconds(latency.high)}. "
        f"{setup.description}."
    ]
    if calibration.contention is not None and calibration.is_disturbed:
        notes.append(f"When it was calibrated, {calibration.contention.sentence}.")
    if latency.guessed:
        law = "Not in the calibration, predicted by a call and the bytes of their maps alone"
        notes.append(f"{law}: {', '.join(latency.guessed)}.")
    values = {name: getattr(latency, name) for name in ("seconds", "low", "high", "level")}
    values |= {"setting": setup.description, "guessed": list(latency.guessed)}
    return CostTable(
        *layer_rows(costs, shown, totals, form),
        notes,
        {"seconds": seconds, "bound": shown["bound"]},
        {"latency": values},
        (*LEAST, "macs", "share %"),
    )


def _measured(network: Network, setup: DeviceSetup) -> CostTable:
    from ..analysis.costs.latency import measure

    (measured,) = measure(
        [network], device=setup.device, threads=setup.threads, batch=setup.batch, dtype=setup.dtype
    )
    middle, low, high = measured.seconds, measured.low, measured.high
    energy = "this machine has no meter that can be read."
    if measured.joules is not None:
        energy = f"{measured.joules:.4g} J an inference of the batch; {measured.meter}."
    quartiles = f"quartiles {milliseconds(low)} and {milliseconds(high)}, {measured.runs} runs"
    setting = measured.setup.description
    notes = [
        f"Measured: {milliseconds(middle)}; {quartiles}. {setting}, {measured.layout}.",
        f"Energy: {energy}",
    ]
    if measured.contention is not None and measured.contention.is_busy:
        notes.append(f"Too long perhaps: {measured.contention.sentence}.")
    columns = ("network", "median ms", "lower quartile", "upper quartile", "runs", "joules")
    row = (measured.name, 1e3 * middle, 1e3 * low, 1e3 * high, measured.runs, measured.joules)
    names = ("seconds", "low", "high", "runs", "joules", "meter", "layout")
    values = {name: getattr(measured, name) for name in names} | {"setting": setting}
    values["contention"] = asdict(measured.contention) if measured.contention else None
    return CostTable(columns, [row], notes, keys={"measured": values})


def milliseconds(seconds: float) -> str:
    """Return a time to read.

    >>> milliseconds(0.0123456), milliseconds(0.000082)
    ('12.3 ms', '0.082 ms')
    """
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds * 1e3:,.0f} ms"
