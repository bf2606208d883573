"""Opening the study of a job: created, or resumed if its trials are those that the job asks for."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from archscape.spaces.errors import StudyError

from ..costs.latency import read_latency
from ..job import Job
from ..shutdown import Shutdown, ShutdownRequested
from .differences import USES, check_same, differences_of
from .sampler import with_sampler_of

if TYPE_CHECKING:
    from ..study.study import Study


class OpenedStudy(NamedTuple):
    """A study that a search works on.

    Attributes:
        job: The job with what the study holds, its sampler and its calibration.
        chosen: Why the search has its sampler, where it chose it itself; or "".
    """

    study: Study
    job: Job
    chosen: str


def open_study(opened: ExitStack, folder: Path, job: Job, storage: str, shutdown: Shutdown) -> OpenedStudy:
    """Return the study, and the job with what the study holds; one of another job is refused.

    Raises:
        InputError: If the folder or the study is that of another job, or nothing meets the job's limits.
    """
    from ..study.claim import check_trials

    try:
        with shutdown.interruptible():  # a server that is busy is waited for
            study = opened.enter_context(_find_study(folder, job.with_sampler()[0], storage))
    except ShutdownRequested:
        raise StudyError(f"{folder}: stopped before it began; the same command begins it") from None
    check_trials(folder, sum(study.counts().values()))
    job = _with_calibration_of(study, job)
    check_same(study, job)
    check_costs(job)
    job, chosen = with_sampler_of(study, job)
    return OpenedStudy(study, job, chosen)


def _find_study(folder: Path, job: Job, storage: str) -> Study:
    """Return the study; one of this folder without a trial, left by a job that was mended, begins anew."""
    from ..study.claim import Claim
    from ..study.study import Study

    facts, settings = job.facts(), job.settings()
    claim = Claim.of(folder, storage)
    study = Study.open(folder, name=job.search, storage=storage, facts=facts, settings=settings, patient=True)
    same = not differences_of(study, job)
    own = not storage if claim is None else claim.id in ("", study.identity)
    if same or not own or not study.delete_unused():
        return study
    study.close()
    return Study.open(folder, name=job.search, storage=storage, facts=facts, settings=settings, patient=True)


def settings_of(study: Study, job: Job) -> dict[str, Any]:
    """Return the settings of a job for its study, with what an earlier version kept there of its files."""
    kept = {USES: study.settings[USES]} if USES in study.settings else {}
    return {**job.settings(), **kept}


def check_costs(job: Job) -> None:
    """Check that the space has networks within the limits on what it does not count, if there are such.

    Raises:
        InputError: If none of those that are drawn is.
    """
    if job.costs is not None:
        job.costs.check(job.limited_space, Random(job.seed))


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
