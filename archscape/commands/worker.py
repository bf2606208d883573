"""`archscape worker`: join a running search from any machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import NameOption, StorageOption, say


def worker(
    study: NameOption = "",
    storage: StorageOption = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for logs and checkpoints on this machine. [default: runs/NAME]"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that train on this machine.")] = 1,
    data: Annotated[str, typer.Option(help="Where the job's data lies on this machine.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N, in place of the job's.")] = "",
    pin: Annotated[bool, typer.Option("--pin", help="Bind each process to CPU cores of its own.")] = False,
) -> None:
    """Join a running search from any machine, until no trial is left.

    The study brings the job and its space along; the data must be here. Any number of machines may come and
    go: a trial whose worker is gone is taken up by another. SIGTERM or Ctrl-C writes a checkpoint, gives the
    trial back, and leaves.
    """
    from ..search.join import join

    folder = join(name=study, storage=storage, out=out, workers=workers, data=data, device=device, pin=pin)
    say(f"Logs and checkpoints are in {folder}. Next: archscape study show {study} --storage URL")
