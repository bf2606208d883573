"""`archscape calibrate`: what operators take on this machine, so that latencies can be predicted."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Format, FormatOption, emit, emit_json, log
from ..waiting import progress
from .options.settings import BatchOption, DeviceOption, ThreadsOption

EXAMPLES = ("archscape calibrate", "archscape calibrate --device cuda --batch 32 --dtype bfloat16")


def calibrate(
    device: DeviceOption = "cpu",
    threads: ThreadsOption = 1,
    batch: BatchOption = 1,
    dtype: Annotated[str, typer.Option(metavar="TYPE", help="float32, bfloat16 or float16.")] = "float32",
    seconds: Annotated[float, typer.Option(min=1, help="Seconds in which operators are timed.")] = 60,
    keep: Annotated[
        bool, typer.Option("--keep-anyway", help="Keep it even if other programs were in the way.")
    ] = False,
    form: FormatOption = Format.table,
) -> None:
    """Time operators on this machine, so that latency is predicted.

    It takes about a minute. Then `archscape latency NETWORK` predicts, and a search can have `latency` among
    its objectives and limits. Let nothing else run meanwhile: what a busy machine gives is not kept. Ctrl-C
    leaves an older calibration as it is.
    """
    from ..analysis.costs.latency.calibrating import calibrate as time_operators
    from ..analysis.costs.latency.prediction import device_summary
    from ..analysis.costs.latency.store import path_of, save

    with progress() as show:
        calibration = time_operators(
            device=device,
            threads=threads,
            batch=batch,
            dtype=dtype,
            seconds=seconds,
            progress=lambda words, share: show(words, share, 1),
        )
    values = device_summary(calibration)
    is_kept = keep or not calibration.is_disturbed
    if form is Format.json:
        file = str(path_of(calibration.setup)) if is_kept else None
        emit_json({"file": file, "setting": calibration.setup.description, **values})
    else:
        emit(("found", "value"), list(values.items()), form, title=calibration.setup.description)
    if calibration.quality.is_wide:
        log(f"The interval, {calibration.quality.interval}, is too wide to tell networks apart.")
    path = save(calibration, anyway=keep)
    if calibration.contention is not None and calibration.is_disturbed:
        log(f"Kept although {calibration.contention.sentence}.")
    log(f"Kept in {path}.")
    options = calibration.setup.command().removeprefix("archscape calibrate")
    log(f"Next: archscape profile resnet50 --latency{options}")
