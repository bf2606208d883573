"""A whole search, from a job to its report; the same call again goes on where it ended."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .executors.local import Executor, LocalPool
from .folder import RunFolder
from .job import Job
from .shutdown import Shutdown

if TYPE_CHECKING:
    from rich.console import Console

    from archscape.analysis.reports.run.page import RunResults
    from archscape.spaces import Network


def run(
    job: Job,
    *,
    out: Path | None = None,
    storage: str = "",
    references: Iterable[Network] = (),
    executor: Executor | None = None,
    console: Console | None = None,
    command: str = "",
) -> RunResults:
    """Search, and write everything to the folder of the run.

    Args:
        job: What to search.
        out: The folder, `runs/NAME` by default; a run that it holds is gone on with.
        storage: URL of the database for the study; by default `study.db` in the folder.
        references: Known networks to show beside the trials in the report.
        executor: Where the workers run: by default in a pool of processes, as many as the job says.
        console: Where progress is shown, standard error by default.
        command: What the user typed, for the record.

    Raises:
        InputError: If the job, its space or its data is wrong, or the folder holds the run of another job.
        StudyError: If the search cannot go on, or was stopped.
    """
    folder = RunFolder(out or Path("runs", job.search))
    job.limited_space.sample(Random(job.seed))  # raises Infeasible here rather than in a worker
    if job.latency is not None and not storage and not folder.job.exists():
        job.latency.check(job.limited_space, Random(job.seed))
    folder.create()
    shutdown = Shutdown()
    workers = executor or LocalPool.of(job.workers, device=job.device, storage=storage)
    with (
        shutdown.handling_signals(signal.SIGINT, signal.SIGTERM),
        workers.opened(folder.path) as work,
    ):
        from .conduct import conduct

        return conduct(
            job,
            folder,
            work,
            shutdown,
            storage=storage,
            references=references,
            console=console,
            command=command,
        )
