"""`archscape calibrate`: what operators take on this machine, so that latencies can be predicted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, emit, emit_json
from .common import say
from .networks import FormatOption

if TYPE_CHECKING:
    from ..analysis.costs.latency.calibrating import Progress
    from ..analysis.costs.latency.calibration import Calibration

DeviceOption = Annotated[str, typer.Option("--device", metavar="NAME", help="cpu or cuda.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="CPU threads of PyTorch.")]


def calibrate(
    device: DeviceOption = "cpu",
    threads: ThreadsOption = 1,
    batch: Annotated[int, typer.Option(min=1, help="Inputs at once.")] = 1,
    dtype: Annotated[str, typer.Option(metavar="TYPE", help="float32, bfloat16 or float16.")] = "float32",
    seconds: Annotated[float, typer.Option(min=1, help="How long operators are timed.")] = 60,
    form: FormatOption = Format.table,
) -> None:
    """Time operators on this machine for about a minute, and keep what they take.

    Then `archscape profile NETWORK --latency` predicts, and a search can have `latency` among its objectives
    and limits. Let nothing else run meanwhile. Ctrl-C leaves an older calibration as it is.
    """
    from ..analysis.costs.latency.calibrating import calibrate as time_operators
    from ..analysis.costs.latency.device_summary import figures
    from ..analysis.costs.latency.store import save

    with _bar() as progress:
        found = time_operators(
            device=device, threads=threads, batch=batch, dtype=dtype, seconds=seconds, progress=progress
        )
    path = save(found)
    values = figures(found)
    if form is Format.json:
        emit_json({"file": str(path), "setting": found.setting.words, **values})
    else:
        emit(("found", "value"), list(values.items()), form, title=found.setting.words)
    say(f"Kept in {path}.")
    say(f"Next: archscape profile resnet50 --latency{options_of(found)}")


def options_of(found: Calibration) -> str:
    """Return the options that name a calibration's setting."""
    return found.setting.command().removeprefix("archscape calibrate")


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show on standard error how far a calibration has come."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda words, share: bar.update(task, description=words, completed=share)
