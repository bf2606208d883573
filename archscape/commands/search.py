"""`archscape search`: a whole search, from a job file to a report."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..output import log
from ..spaces.errors import InputError, StudyError
from ..waiting import progress
from .options.studies import StorageOption, references

EXAMPLES = (
    "archscape search job.yaml",
    "archscape search job.yaml --trials 100 --workers 4 --out runs/longer",
)


class Engine(StrEnum):
    """What runs the workers of a search."""

    local = "local"
    ray = "ray"

    def check(self, *, address: str, cpus: float, gpus: float) -> None:
        """Check that what only Ray knows is asked of no other engine.

        Raises:
            InputError: If it is.
        """
        ray_alone = {"--ray-address": address, "--trial-cpus": cpus != 1, "--trial-gpus": gpus}
        for option, set_by_user in ray_alone.items():
            if set_by_user and self is not Engine.ray:
                raise InputError(f"{option} needs --engine ray")


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
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run. [default: that of the job, if a run lies there; or runs/NAME]"),
    ] = None,
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
    from ..search.search import default_folder, run
    from ..search.study.owner import Owner

    engine.check(address=ray_address, cpus=trial_cpus, gpus=trial_gpus)
    settings = read_job(job)
    settings = replace(settings, trials=trials or settings.trials, workers=workers or settings.workers)
    folder = out or default_folder(settings)
    if not out and folder == job.parent:
        log(f"{job} lies in the folder of a run, which is resumed; --out begins another")
    with settings.placing():
        results = run(
            settings,
            out=folder,
            storage=storage,
            references=references(settings.space),
            ray=engine is Engine.ray and (ray_address or True),
            cpus=trial_cpus,
            gpus=trial_gpus,
            waiting=partial(progress, at_once=False),
            began=time.monotonic() - Owner.current().seconds,
            command=shlex.join(["archscape", *sys.argv[1:]]),
        )
    print(folder / "report.html")
    complete = int((results.trials["status"] == "complete").sum())
    failed = results.trials.loc[results.trials["status"] == "failed", "cause"].value_counts()
    for cause, count in failed.items():
        log(f"{count} failed: {cause}; {folder / 'logs'} has a log for each trial")
    retry = f"archscape study retry {shlex.quote(str(folder))}"
    again = f"`{retry}`, then the same command, trains them again"
    if settings.train is not None:  # a mended file has another digest, and so is no file of this study
        again = (
            f"with {settings.train.call.name} as it is, {again}; once it is changed, begin with another --out"
        )
    if not complete and (results.trials.empty or (results.trials["cause"] == "budget").any()):
        raise StudyError(f"{folder}: no network was trained to its end; {results.closing}")
    if not complete:
        mended = "" if settings.train is not None else "when that is mended, "
        remedy = f"; {mended}{again}" if len(failed) else ""
        raise StudyError(f"{folder}: no network could be trained; the report and the logs say why{remedy}")
    log(f"{results.closing}. Next: open the report, then")
    log(f"  archscape export {folder} --format bundle --out {folder / 'best'}")
    if len(failed):
        log(f"{failed.sum()} of {len(results.trials)} trials failed; {again}")
