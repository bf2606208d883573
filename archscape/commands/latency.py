"""`archscape latency`: how long a network takes, predicted from its graph and measured by running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..output import Format, FormatOption, emit, emit_json, log
from .options.costs import costs_json, show_layers, title_of
from .options.networks import InputOption, NetworkArgument, find_network
from .options.settings import BatchOption, DeviceOption, DtypeOption, ThreadsOption

if TYPE_CHECKING:
    from ..analysis.costs.latency import DeviceSetup, Latency, Measurement
    from ..analysis.costs.profile import Profile
    from ..spaces import Network

EXAMPLES = (
    "archscape calibrate",
    "archscape latency mobilenetv2",
    "archscape latency mobilenetv2 --measure --threads 4",
)


class Times(NamedTuple):
    """How long a network takes; None for what was not asked for."""

    predicted: Latency | None
    measured: Measurement | None


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
    dtype: DtypeOption = "float32",
) -> None:
    """Predict latency layer by layer, or measure it on this machine.

    The prediction has an interval, and needs `archscape calibrate` once for each device and setting.
    `--measure` needs none: without a calibration there is only the measurement. `docs/latency.md` says how
    good they are.
    """
    from ..analysis.costs.latency import this_machine
    from ..analysis.costs.latency.store import path_of
    from ..analysis.costs.profile import profile

    costs = profile(find_network(network, shape))
    setup = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
    predict = not measure or path_of(setup).is_file()
    times = times_of(costs.network, setup, predict=predict, measure=measure)
    if form is Format.json:
        emit_json(with_times(costs_json(costs), times))
    else:
        show_times(costs, times, form)
    if not predict:
        log(f"Not predicted: there is no calibration of this setting; `{setup.command()}` makes one.")


def times_of(network: Network, setup: DeviceSetup, *, predict: bool, measure: bool) -> Times:
    """Predict, or measure, or both.

    Raises:
        InputError: If there is no calibration of the setting, or PyTorch cannot run the network.
    """
    from ..analysis.costs import latency
    from ..analysis.costs.latency.store import load

    predicted = latency.predict(network, load(setup)) if predict else None
    if not measure:
        return Times(predicted, None)
    (measured,) = latency.measure(
        [network], device=setup.device, threads=setup.threads, batch=setup.batch, dtype=setup.dtype
    )
    return Times(predicted, measured)


def show_times(costs: Profile, times: Times, form: Format) -> None:
    """Print what each layer takes, and what all take together."""
    predicted, measured = times
    if predicted is not None:
        seconds = [time.seconds for time in predicted.layers]
        columns: dict[str, list[object]] = {
            "macs": [layer.macs for layer in costs.layers],
            "ms": [round(1e3 * time, 6) for time in seconds],
            "share %": [round(100 * time / predicted.seconds, 2) for time in seconds],
        }
        totals = (costs.macs, round(1e3 * predicted.seconds, 6), 100.0)
        show_layers(costs, columns, totals, form, title_of(costs.network))
    elif measured is not None:
        heads = ("network", "median ms", "lower quartile", "upper quartile", "runs", "joules")
        joules = "" if measured.joules is None else measured.joules
        spread = (1e3 * seconds for seconds in (measured.seconds, measured.low, measured.high))
        emit(heads, [(measured.name, *spread, measured.runs, joules)], form, title=title_of(costs.network))
    if predicted is not None:
        _log_prediction(predicted)
    if measured is not None:
        _log_measurement(measured)


def with_times(result: dict[str, Any], times: Times) -> dict[str, Any]:
    """Return the JSON of a network's costs with its latency, and that of every layer."""
    predicted, measured = times
    if predicted is not None:
        layers = [
            layer | {"seconds": time.seconds}
            for layer, time in zip(result["layers"], predicted.layers, strict=True)
        ]
        values = {name: getattr(predicted, name) for name in ("seconds", "low", "high", "level")}
        result |= {
            "layers": layers,
            "latency": {**values, "setting": predicted.setup.description, "guessed": list(predicted.guessed)},
        }
    if measured is not None:
        names = ("seconds", "low", "high", "runs", "joules", "meter", "layout")
        values = {name: getattr(measured, name) for name in names}
        result |= {"measured": {**values, "setting": measured.setup.description}}
    return result


def _log_prediction(predicted: Latency) -> None:
    interval = f"{milliseconds(predicted.low)} to {milliseconds(predicted.high)}"
    share = f"{predicted.level:.0%} of networks lie within {interval}"
    log(f"Predicted: {milliseconds(predicted.seconds)}; {share}. {predicted.setup.description}.")
    if predicted.guessed:
        known = ", ".join(predicted.guessed)
        log(f"Not in the calibration, predicted by a call and the bytes of their maps alone: {known}.")


def _log_measurement(measured: Measurement) -> None:
    quartiles = f"quartiles {milliseconds(measured.low)} and {milliseconds(measured.high)}"
    where = f"{measured.setup.description}, {measured.layout}"
    log(f"Measured: {milliseconds(measured.seconds)}; {quartiles}, {measured.runs} runs. {where}.")
    if measured.joules is None:
        log("Energy: this machine has no meter that can be read.")
    else:
        log(f"Energy: {measured.joules:.4g} J an inference of the batch; {measured.meter}.")


def milliseconds(seconds: float) -> str:
    """Return a time to read.

    >>> milliseconds(0.0123456), milliseconds(0.000082)
    ('12.3 ms', '0.082 ms')
    """
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds * 1e3:,.0f} ms"
