"""Conducting a search: the study, the progress of its workers, the tables and the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from archscape.analysis.reports.run.page import RunResults, write_report
from archscape.spaces import Network
from archscape.spaces.errors import JobError, StudyError

from .executors.local import RunWorkers
from .folder import RunFolder, results
from .job import Job
from .latency import read_latency
from .progress import following
from .shutdown import Shutdown
from .study.study import Study


def conduct(
    job: Job,
    folder: RunFolder,
    work: RunWorkers,
    shutdown: Shutdown,
    *,
    storage: str,
    references: Iterable[Network],
    console: Console | None,
    command: str,
) -> RunResults:
    """Search in an existing folder; see `session.run`."""
    facts, known = job.facts(), tuple(references)
    with _opened(folder.path, job, storage, facts) as study:
        job = _with_calibration_of(study, job)
        _check_same(study, job.facts())
        if job.latency is not None:
            job.latency.check(job.limited_space, Random(job.seed))
        folder.write_job(job)
        study.change(job.settings())
        _search(job, study, work, shutdown, console or Console(stderr=True))
        folder.write_tables(study, command=command)
        left = study.count_open()
        ended = sum(study.counts().values()) - left
        found = results(study, references=known)
    write_report(found, folder.report)
    if left or (shutdown.requested and ended < job.trials):
        raise StudyError(
            f"{folder.path}: stopped after {ended} of {job.trials} trials; the same command goes on there"
        )
    return found


def _search(job: Job, study: Study, work: RunWorkers, shutdown: Shutdown, console: Console) -> None:
    """Show and do what is left of a search."""
    if sum(study.counts().values()) >= job.trials and not study.count_open():
        return
    with following(study, job, console) as progress:
        work(progress, shutdown)


def _opened(folder: Path, job: Job, storage: str, facts: Mapping[str, Any]) -> Study:
    """Return the study; one without a trial, left by a job that was mended since, begins anew."""

    def opened() -> Study:
        settings = job.settings()
        return Study.open(folder, name=job.search, storage=storage, facts=facts, settings=settings)

    study = opened()
    if study.counts() or all(study.facts.get(key) == value for key, value in facts.items()):
        return study
    study.delete()
    study.close()
    return opened()


def _with_calibration_of(study: Study, job: Job) -> Job:
    """Return the job with the calibration that the study began with, if it is of the same setting.

    Calibrating anew changes nothing for a search under way.
    """
    if job.latency is None or not study.facts.get("latency"):
        return job
    began = read_latency(study.settings["job"])
    if began.calibration.setting != job.latency.calibration.setting:
        return job
    return replace(job, latency=replace(job.latency, calibration=began.calibration))


def _check_same(study: Study, wanted: Mapping[str, Any]) -> None:
    """Check that a study was begun with the same job, in what its trials depend on."""
    folder = study.address.folder
    for key, value in wanted.items():
        if study.facts.get(key) != value:
            old, new = _difference(study.facts.get(key), value)
            way = f"go on with {folder / 'job.yaml'}, or choose another folder with --out"
            if study.address.storage:
                way = "give the search another name"
            raise JobError(f"{folder}: its study began with {key} {old}, but the job has {new}; {way}")


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
