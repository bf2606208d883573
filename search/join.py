"""Joining a search from another machine: the study in the database has all that a worker needs."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from archscape.spaces.errors import InputError, StudyError
from archscape.spaces.language.user_function import is_function
from archscape.spaces.language.uses import file_digest, vouch

from .datasets import EMBEDDED
from .executors.local import LocalPool
from .executors.placement import machine_placements
from .folder import RunFolder
from .job import Job, read_job
from .progress import following
from .resuming.differences import CODE
from .shutdown import Shutdown, ShutdownRequested
from .study.alive import noting_alive
from .study.study import Study
from .workers.data import Waiting, prepare_data, unseen
from .workers.slot import WorkerSlot
from .workers.user_code import find_code

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
    uses: Sequence[str] = (),
    console: Console | None = None,
    waiting: Waiting = unseen,
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
        uses: This machine's copies of the Python files that the job uses; they are run.
        console: Where progress is shown, standard error by default.
        waiting: Shows how far the decoding of the data is.

    Raises:
        InputError: If no storage is given, or the data is wrong.
        StudyError: If there is no such study, it cannot continue, or this process was asked to leave: a
            scheduler that sees the exit status starts it again.
    """
    if not storage:
        raise InputError("which study? give --storage URL, and --study NAME if it holds several")
    began = time.monotonic()
    with Study.open(out or Path("runs", name or "study"), name=name, storage=storage, patient=True) as study:
        folder = RunFolder(out or Path("runs", study.name))
        files = _vouch(study, uses)
        job = _write_folder(study, folder, data)
        code = {**study.facts.get(CODE, {}), **study.settings.get(CODE, {})}
        files |= find_code({**job.functions, **job.sampler_class}, code, uses)
        slots = [
            WorkerSlot(
                placement=placement,
                data=str(Path(data).resolve()) if data else "",
                device=device,
                uses=files,
            )
            for placement in machine_placements(workers, device=device or job.device, pin=pin)
        ]
        pool = LocalPool(storage=storage, prefix=f"{socket.gethostname()}-w", slots=slots)
        shutdown = Shutdown()
        with (
            shutdown.handling_signals(signal.SIGINT, signal.SIGTERM),
            pool.opened(folder.path) as work,
            noting_alive(study.note_alive, budget=job.budget, since=began),
        ):
            with suppress(ShutdownRequested):  # the work below ends at once then
                prepare_data(job, say=_say, waiting=waiting, shutdown=shutdown)
            with following(study, job, console) as progress:
                work(progress, shutdown)
        if shutdown.requested:
            raise StudyError(f"{study.name}: left before its end; the same command joins it again")
    return folder.path


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write_folder(study: Study, folder: RunFolder, data: str) -> Job:
    """Write the study's job and space to a folder of this machine, and return the job.

    Raises:
        InputError: If its data is not on this machine, or the folder belongs to another study.
    """
    named = yaml.safe_load(study.settings["job"]).get("data")
    named = named["path"] if isinstance(named, dict) else named
    is_here = not named or named in EMBEDDED or is_function(named) or Path(named).exists()
    if not data and not is_here:
        raise InputError(
            f"{study.name}: its data {named} is not on this machine; say where, with --data PATH"
        )
    study.claim(folder.path)
    folder.create()
    folder.write_job(study.settings["job"], study.settings["space"])
    return read_job(folder.job, data=data, runs="nothing")


def _vouch(study: Study, uses: Sequence[str]) -> dict[str, str]:
    """Let this machine's workers run its copies of what the study uses; return their SHA-256 by their path.

    Raises:
        SpaceError: If one is not there, or is not the file that the study was begun with.
    """
    functions = [*study.facts.get(CODE, {}).values(), *study.settings.get(CODE, {}).values()]
    own = {Path(name).name for code in functions for name in code["files"]}
    known = {Path(name).name for name in study.uses or {}}
    names = [name for name in uses if Path(name).name in known or Path(name).name not in own]
    places = [vouch(name, digests=_digests(study, Path(name))) for name in names]
    return {place: file_digest(place) for place in places if place.endswith(".py")}


def _digests(study: Study, file: Path) -> list[str]:
    """Return the SHA-256 that a file may have: that of its path, or of any of its name."""
    begun = study.uses or {}
    own = begun.get(str(file.resolve()))
    return [own] if own else [digest for path, digest in begun.items() if Path(path).name == file.name]
