"""`archscape profile --latency` and `--measure`: how long a network takes, by its graph and by running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..output import Format, emit
from ..spaces.errors import InputError
from .common import say
from .memory import DTYPE, Ask

if TYPE_CHECKING:
    from ..analysis.costs.latency import Latency, Measurement
    from ..analysis.costs.profile import Profile

LatencyOption = Annotated[
    bool,
    typer.Option(
        "--latency", help="Show the latency of each layer, as `archscape calibrate` lets it be told."
    ),
]
MeasureOption = Annotated[
    bool, typer.Option("--measure", help="Build the network and measure its latency on this machine.")
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", metavar="NAME", help="With --latency or --measure: cpu or cuda. [default: cpu]"),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, help="With --latency or --measure: CPU threads. [default: 1]", show_default=False
    ),
]


class Timing(NamedTuple):
    """What is asked about time."""

    latency: bool
    measure: bool
    device: str | None
    threads: int | None

    @property
    def asked(self) -> bool:
        """Whether anything is."""
        return self.latency or self.measure

    def check_idle(self) -> None:
        """Raise if something is given, though no time is asked for."""
        for name in ("device", "threads"):
            if getattr(self, name) is not None:
                raise InputError(f"--{name} says where a latency is of; give --latency or --measure as well")

    def setting(self, ask: Ask) -> dict[str, Any]:
        """Return the parts of a setting."""
        return {
            "device": self.device or "cpu",
            "threads": self.threads or 1,
            "batch": ask.batch or 1,
            "dtype": ask.dtype or DTYPE,
        }


class Times(NamedTuple):
    """What was found."""

    told: Latency | None
    measured: Measurement | None


def times_of(found: Profile, timing: Timing, ask: Ask) -> Times:
    """Predict, or measure, or both.

    Raises:
        InputError: If there is no calibration for the setting, or no such device.
    """
    from ..analysis.costs.latency import measure, predict, this_machine
    from ..analysis.costs.latency.store import load

    given = timing.setting(ask)
    told = predict(found.network, load(this_machine(**given))) if timing.latency else None
    return Times(told, measure([found.network], **given)[0] if timing.measure else None)


def show_times(found: Profile, times: Times, form: Format, title: str) -> None:
    """Print what each layer takes, and what all take together."""
    if times.told is not None:
        _show_layers(found, times.told, form, title)
    elif times.measured is not None:
        one = times.measured
        columns = ("network", "median ms", "lower quartile", "upper quartile", "runs", "joules")
        joules = "" if one.joules is None else one.joules
        row = (one.name, one.seconds * 1e3, one.low * 1e3, one.high * 1e3, one.runs, joules)
        emit(columns, [row], form, title=title)
    _say(times)


def with_times(result: dict[str, Any], times: Times) -> dict[str, Any]:
    """Return the JSON of a profile with the latency of the network, and of every layer."""
    told, measured = times
    if told is not None:
        layers = [
            layer | {"seconds": one.seconds} for layer, one in zip(result["layers"], told.layers, strict=True)
        ]
        predicted = {name: getattr(told, name) for name in ("seconds", "low", "high", "level")}
        result |= {
            "layers": layers,
            "latency": {**predicted, "setting": told.setting.words, "guessed": list(told.guessed)},
        }
    if measured is not None:
        names = ("seconds", "low", "high", "runs", "joules", "meter", "layout")
        values = {name: getattr(measured, name) for name in names}
        result |= {"measured": {**values, "setting": measured.setting.words}}
    return result


def _show_layers(found: Profile, told: Latency, form: Format, title: str) -> None:
    from ..spaces.values import shape_text

    rows: list[tuple[object, ...]] = [
        (
            *layer[:2],
            shape_text(layer.shape),
            layer.macs,
            round(one.seconds * 1e3, 6),
            round(100 * one.seconds / told.seconds, 2),
        )
        for layer, one in zip(found.layers, told.layers, strict=True)
    ]
    total = ("total", "", "", found.macs, round(told.seconds * 1e3, 6), 100.0)
    columns = ("name", "op", "shape", "macs", "ms", "share %")
    emit(columns, rows if form is Format.csv else [*rows, total], form, title=title)


def _say(times: Times) -> None:
    told, measured = times
    if told is not None:
        low, high = milliseconds(told.low), milliseconds(told.high)
        share = f"{told.level:.0%} of networks lie within {low} to {high}"
        say(f"Predicted: {milliseconds(told.seconds)}; {share}. {told.setting.words}.")
        if told.guessed:
            known = ", ".join(told.guessed)
            say(f"Not in the calibration, told by a call and the bytes of their maps alone: {known}.")
    if measured is not None:
        quartiles = f"quartiles {milliseconds(measured.low)} and {milliseconds(measured.high)}"
        where = f"{measured.setting.words}, {measured.layout}"
        runs = f"{quartiles}, {measured.runs} runs"
        say(f"Measured: {milliseconds(measured.seconds)}; {runs}. {where}.")
        if measured.joules is None:
            say("Energy: this machine has no meter that can be read.")
        else:
            say(f"Energy: {measured.joules:.4g} J an inference of the batch; {measured.meter}.")


def milliseconds(seconds: float) -> str:
    """Return a time to read.

    >>> milliseconds(0.0123456), milliseconds(0.000082)
    ('12.3 ms', '0.082 ms')
    """
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds * 1e3:,.0f} ms"
