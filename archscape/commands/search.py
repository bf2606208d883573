"""`archscape search`: a whole search, from a job file to a report."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import log
from ..spaces.errors import InputError, StudyError
from .options.studies import StorageOption, references

if TYPE_CHECKING:
    from ..search.executors.local import Executor

EXAMPLES = (
    "archscape search job.yaml",
    "archscape search job.yaml --trials 100 --workers 4 --out runs/longer",
)


class Engine(StrEnum):
    """What runs the workers of a search."""

    local = "local"
    ray = "ray"

    def executor(self, *, storage: str, address: str, cpus: float, gpus: float) -> Executor | None:
        """Return the executor; None for the pool that a search has by itself.

        Raises:
            InputError: If what only Ray knows is asked of another engine.
        """
        if self is Engine.ray:
            from ..search.executors.ray.engine import RayEngine

            return RayEngine(address=address, storage=storage, cpus=cpus, gpus=gpus)
        ray_alone = {"--ray-address": address, "--trial-cpus": cpus != 1, "--trial-gpus": gpus}
        for option, set_by_user in ray_alone.items():
            if set_by_user:
                raise InputError(f"{option} needs --engine ray")
        return None


def search(
    job: Annotated[
        Path, typer.Argument(help="The job file; `docs/tutorial.md` has one.", metavar="JOB.yaml")
    ],
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of the search, in place of the job's.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes, in place of the job's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run. [default: runs/NAME]")] = None,
    storage: StorageOption = "",
    engine: Annotated[Engine, typer.Option(help="What runs the workers; `docs/ray.md`.")] = Engine.local,
    *,
    ray_address: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="With Ray: a cluster, or `auto`. [default: one of its own]"),
    ] = "",
    trial_cpus: Annotated[float, typer.Option(min=0, help="With Ray: CPUs, and so threads, of a trial.")] = 1,
    trial_gpus: Annotated[float, typer.Option(min=0, max=1, help="With Ray: share of a GPU of a trial.")] = 0,
) -> None:
    """Search a space: sample networks, train them, and write a report.

    The same command resumes a search, whatever ended it; Ctrl-C stops it cleanly. With `--storage` the study
    is in a database that workers on other machines reach: see `archscape worker`.
    """
    from ..search.job import read_job
    from ..search.search import run

    settings = read_job(job)
    settings = replace(settings, trials=trials or settings.trials, workers=workers or settings.workers)
    folder = out or Path("runs", settings.search)
    results = run(
        settings,
        out=folder,
        storage=storage,
        references=references(settings.space),
        executor=engine.executor(storage=storage, address=ray_address, cpus=trial_cpus, gpus=trial_gpus),
        command=shlex.join(["archscape", *sys.argv[1:]]),
    )
    print(folder / "report.html")
    complete = (results.trials["status"] == "complete").sum()
    failed = results.trials.loc[results.trials["status"] == "failed", "cause"].value_counts()
    for cause, count in failed.items():
        log(f"{count} failed: {cause}; {folder / 'logs'} has a log for each trial")
    if not complete:
        raise StudyError(f"{folder}: no network could be trained; the report and the logs say why")
    log(f"{complete} networks trained. Next: open the report, then")
    log(f"  archscape export {folder} --out {folder / 'best'}")
