"""A whole search, from a job to its report; the same call again resumes it.

The workers start first, to load their libraries while this process loads its own: those are imported in
functions for that (the study, the progress, the report).
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import JobError, StudyError

from .executors.local import Executor, LocalPool
from .folder import RunFolder
from .job import Job
from .latency import read_latency
from .shutdown import Shutdown

if TYPE_CHECKING:
    from rich.console import Console

    from archscape.analysis.reports.results.run import RunResults
    from archscape.spaces import Network

    from .study.study import Study


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
        out: The folder, `runs/NAME` by default; a run that it holds is resumed.
        storage: URL of the database for the study; by default `study.db` in the folder.
        references: Known networks to show beside the trials in the report.
        executor: Where the workers run: by default in a pool of processes, as many as the job says.
        console: Where progress is shown, standard error by default.
        command: What the user typed, for the record.

    Raises:
        InputError: If the job, its space or its data is wrong, or the folder holds the run of another job.
        StudyError: If the search cannot continue, or was stopped.
    """
    folder = RunFolder(out or Path("runs", job.search))
    job.limited_space.sample(Random(job.seed))  # raises Infeasible here rather than in a worker
    if not storage and not folder.job.exists():
        _check_latency(job)
    folder.create()
    shutdown = Shutdown()
    executor = executor or LocalPool.of(job.workers, device=job.device, storage=storage)
    with (
        shutdown.handling_signals(signal.SIGINT, signal.SIGTERM),
        executor.opened(folder.path) as run_workers,
    ):
        from archscape.analysis.reports.results.page import write_report

        from .progress import following

        known = tuple(references)  # read while the workers load, not at the end
        with _open_study(folder.path, job, storage) as study:
            job = _with_calibration_of(study, job)
            _check_same(study, job.facts())
            _check_latency(job)
            settings = job.settings()
            folder.write_job(settings["job"], settings["space"])
            study.change(settings)
            if sum(study.counts().values()) < job.trials or study.count_open():
                with following(study, job, console) as progress:
                    run_workers(progress, shutdown)
            run_results = folder.write_results(study, command=command, references=known)
            unfinished = study.count_open()
            ended = sum(study.counts().values()) - unfinished
        write_report(run_results, folder.report)
    if unfinished or (shutdown.requested and ended < job.trials):
        raise StudyError(
            f"{folder.path}: stopped after {ended} of {job.trials} trials; the same command resumes it"
        )
    return run_results


def _open_study(folder: Path, job: Job, storage: str) -> Study:
    """Return the study; one without a trial, left by a job that was mended since, begins anew."""
    from .study.study import Study

    facts, settings = job.facts(), job.settings()
    for attempt in ("first", "anew"):
        study = Study.open(folder, name=job.search, storage=storage, facts=facts, settings=settings)
        same = all(study.facts.get(key) == value for key, value in facts.items())
        if attempt == "anew" or same or study.counts():
            break
        study.delete()
        study.close()
    return study


def _check_latency(job: Job) -> None:
    """Check that the space has networks within the limit on latency, if there is one."""
    if job.latency is not None:
        job.latency.check(job.limited_space, Random(job.seed))


def _with_calibration_of(study: Study, job: Job) -> Job:
    """Return the job with the calibration that the study began with, if it is of the same setting.

    Calibrating anew changes nothing for a search under way.
    """
    if job.latency is None or not study.facts.get("latency"):
        return job
    calibration = read_latency(study.settings["job"]).calibration
    if calibration.setup != job.latency.calibration.setup:
        return job
    return replace(job, latency=replace(job.latency, calibration=calibration))


def _check_same(study: Study, facts: Mapping[str, Any]) -> None:
    """Check that a study was begun with the same job, in what its trials depend on."""
    folder = study.address.folder
    for key, value in facts.items():
        if study.facts.get(key) != value:
            old, new = _difference(study.facts.get(key), value)
            remedy = f"resume it with {folder / 'job.yaml'}, or choose another folder with --out"
            if study.address.storage:
                remedy = "give the search another name"
            raise JobError(f"{folder}: its study began with {key} {old}, but the job has {new}; {remedy}")


def _difference(old: Any, new: Any) -> tuple[str, str]:
    """Return how two facts differ: the entries of mappings, the first line of texts, or all."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        return str({key: old.get(key) for key in keys}), str({key: new.get(key) for key in keys})
    if isinstance(old, str) and isinstance(new, str) and "\n" in old:
        pairs = zip([*old.splitlines(), ""], [*new.splitlines(), ""], strict=False)
        a, b = next(((a, b) for a, b in pairs if a != b), ("", ""))
        return f"`{a.strip()}`", f"`{b.strip()}`"
    return str(old), str(new)
