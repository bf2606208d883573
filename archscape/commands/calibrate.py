"""`archscape calibrate`: what operators take on this machine, so that latencies can be predicted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, emit, emit_json, log
from .options.settings import BatchOption, DeviceOption, ThreadsOption

if TYPE_CHECKING:
    from ..analysis.costs.latency.calibrating import Progress

EXAMPLES = ("archscape calibrate", "archscape calibrate --device cuda --batch 32 --dtype bfloat16")


def calibrate(
    device: DeviceOption = "cpu",
    threads: ThreadsOption = 1,
    batch: BatchOption = 1,
    dtype: Annotated[str, typer.Option(metavar="TYPE", help="float32, bfloat16 or float16.")] = "float32",
    seconds: Annotated[float, typer.Option(min=1, help="Seconds in which operators are timed.")] = 60,
    form: FormatOption = Format.table,
) -> None:
    """Time operators on this machine, so that latency is predicted.

    It takes about a minute. Then `archscape latency NETWORK` predicts, and a search can have `latency` among
    its objectives and limits. Let nothing else run meanwhile. Ctrl-C leaves an older calibration as it is.
    """
    from ..analysis.costs.latency.calibrating import calibrate as time_operators
    from ..analysis.costs.latency.device_summary import figures
    from ..analysis.costs.latency.store import save

    with _bar() as progress:
        calibration = time_operators(
            device=device, threads=threads, batch=batch, dtype=dtype, seconds=seconds, progress=progress
        )
    path = save(calibration)
    values = figures(calibration)
    if form is Format.json:
        emit_json({"file": str(path), "setting": calibration.setting.words, **values})
    else:
        emit(("found", "value"), list(values.items()), form, title=calibration.setting.words)
    log(f"Kept in {path}.")
    options = calibration.setting.command().removeprefix("archscape calibrate")
    log(f"Next: archscape profile resnet50 --latency{options}")


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show on standard error how far a calibration has come."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda words, share: bar.update(task, description=words, completed=share)
