"""`archscape worker`: join a running search from any machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..output import log
from ..waiting import progress
from .options.networks import UsesOption
from .options.studies import NameOption, StorageOption

EXAMPLES = ("archscape worker --study digits --storage postgresql://me@server/searches",)


def worker(
    study: NameOption = "",
    storage: StorageOption = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for logs and checkpoints on this machine. [default: runs/NAME]"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes on this machine.")] = 1,
    data: Annotated[str, typer.Option(help="Path of the job's data on this machine.")] = "",
    uses: UsesOption = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps, in place of the job's.")] = "",
    *,
    pin: Annotated[bool, typer.Option("--pin", help="Bind each process to CPU cores of its own.")] = False,
) -> None:
    """Join a running search from any machine, until no trial is left.

    The study holds the job and its space; the data must be on this machine. Any number of machines may join
    and leave: a trial whose worker is lost is resumed by another. Python that the job uses is not taken
    from the study: name this machine's copy with `--uses`; it must be the file that the search began with.
    SIGTERM or Ctrl-C writes a checkpoint,
    gives the trial back, and leaves.
    """
    from ..search.join import join
    from ..search.study.storage import presentable

    folder = join(
        name=study,
        storage=storage,
        out=out,
        workers=workers,
        data=data,
        device=device,
        pin=pin,
        uses=uses or (),
        waiting=partial(progress, at_once=False),
    )
    where = f" --storage {presentable(storage)}" if storage else ""
    log(f"Logs and checkpoints are in {folder}. Next: archscape study show {study}{where}")
