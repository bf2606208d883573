"""`archscape search`: a whole search, from a job file to a report."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..output import log
from ..spaces.errors import StudyError
from .options.engine import Engine
from .options.panels import ADVANCED
from .options.references import references
from .options.studies import StorageOption

EXAMPLES = (
    "archscape search job.yaml",
    "archscape search job.yaml --trials 100 --workers 4 --out runs/longer",
)


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
    ray_address: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="With Ray: a cluster, or `auto`. [default: one of its own]",
            rich_help_panel=ADVANCED,
        ),
    ] = "",
    trial_cpus: Annotated[
        float,
        typer.Option(min=0, help="With Ray: CPUs, and so threads, of a trial.", rich_help_panel=ADVANCED),
    ] = 1,
    trial_gpus: Annotated[
        float,
        typer.Option(min=0, max=1, help="With Ray: share of a GPU of a trial.", rich_help_panel=ADVANCED),
    ] = 0,
) -> None:
    """Search a space: sample networks, train them, and write a report.

    The same command resumes a search, whatever ended it; Ctrl-C stops it cleanly. With `--storage` the study
    lies in a database that workers on other machines reach: see `archscape worker`.
    """
    from ..search.job import read_job
    from ..search.run import run

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
