"""Joining a search from another machine: the study in the database has all that a worker needs."""

from __future__ import annotations

import signal
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from archscape.spaces.errors import InputError, StudyError

from .datasets import EMBEDDED
from .executors.local import LocalPool
from .executors.placement import machine_placements
from .folder import RunFolder
from .job import Job, read_job
from .progress import following
from .shutdown import Shutdown
from .study.study import Study
from .workers.slot import WorkerSlot

if TYPE_CHECKING:
    from rich.console import Console


def join(
    *,
    name: str,
    storage: str,
    out: Path | None = None,
    workers: int = 1,
    data: str = "",
    device: str = "",
    pin: bool = False,
    console: Console | None = None,
) -> Path:
    """Work on a study with processes of this machine until no trial is left; return the folder of its files.

    Args:
        name: Name of the study; "" for the only one of the storage.
        storage: URL of the database.
        out: Folder for logs and checkpoints, `runs/NAME` by default; machines may share one.
        workers: How many processes.
        data: Where the job's data lies on this machine; "" for the place that the job names.
        device: In place of the job's; "" for that.
        pin: Whether each process is bound to cores of its own.
        console: Where progress is shown, standard error by default.

    Raises:
        InputError: If no storage is given, or the data is wrong.
        StudyError: If there is no such study, it cannot continue, or this process was asked to leave: a
            scheduler that sees the exit status starts it again.
    """
    if not storage:
        raise InputError("which study? give --storage URL, and --study NAME if it holds several")
    with Study.open(out or Path("runs", name or "study"), name=name, storage=storage) as study:
        folder = RunFolder(out or Path("runs", study.name))
        job = _write_folder(study, folder, storage, data)
        slots = [
            WorkerSlot(placement=placement, data=str(Path(data).resolve()) if data else "", device=device)
            for placement in machine_placements(workers, device=device or job.device, pin=pin)
        ]
        pool = LocalPool(storage=storage, prefix=f"{socket.gethostname()}-w", slots=slots)
        shutdown = Shutdown()
        with (
            shutdown.handling_signals(signal.SIGINT, signal.SIGTERM),
            pool.opened(folder.path) as work,
            following(study, job, console) as progress,
        ):
            work(progress, shutdown)
        if shutdown.requested:
            raise StudyError(f"{study.name}: left before its end; the same command joins it again")
    return folder.path


def _write_folder(study: Study, folder: RunFolder, storage: str, data: str) -> Job:
    """Write the study's job and space to a folder of this machine, and return the job.

    Raises:
        InputError: If its data is not on this machine.
    """
    named = yaml.safe_load(study.settings["job"])["data"]
    if not data and named not in EMBEDDED and not Path(named).exists():
        raise InputError(
            f"{study.name}: its data {named} is not on this machine; say where, with --data PATH"
        )
    folder.create()
    folder.write_job(study.settings["job"], study.settings["space"])
    replace(study.address, folder=folder.path, storage=storage).keep()
    return read_job(folder.job, data=data)
