"""A whole search, from a job to its report; the same call again resumes it.

The workers start first, to load their libraries while this process loads its own: those are imported in
functions for that (the study, the progress, the report).
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar, Unpack

from rich.console import Console

from archscape.spaces.display import wrap
from archscape.spaces.errors import InputError, JobError, StudyError, about
from archscape.spaces.language.user_function import check_not_importing
from archscape.spaces.run_folder import STUDY, is_run_folder

from .closing import closing, stopped
from .costs.target import missing_notes
from .executors.local import Executor, LocalPool, RunWorkers
from .file_faults import FileFault, describe, persist
from .folder import RunFolder
from .job import Job, Keywords, make_job
from .resuming.differences import notes_on
from .resuming.opening import check_costs, open_study, settings_of
from .samplers import make_sampler
from .samplers.own import OwnSampler
from .shutdown import Shutdown, ShutdownRequested
from .study.artifacts import check_folder
from .study.remains import remains, removed_if_refused
from .workers.data import Waiting, prepare_data, unseen

if TYPE_CHECKING:
    from archscape.analysis.reports.results.run import RunResults
    from archscape.spaces import Network

    from .study.study import Study
    from .study.tracking.settings import Open

T = TypeVar("T")


def run(
    job: Job | None = None,
    *,
    out: str | Path | None = None,
    storage: str = "",
    references: Iterable[Network] = (),
    executor: Executor | None = None,
    ray: bool | str = False,
    cpus: float = 1.0,
    gpus: float = 0.0,
    console: Console | None = None,
    waiting: Waiting = unseen,
    command: str = "",
    began: float | None = None,
    **settings: Unpack[Keywords],
) -> RunResults:
    """Search, and write everything to the folder of the run.

    Args:
        job: What to search; or its settings, by name.
        out: The folder, by default as `default_folder` has it; a run that it holds is resumed.
        storage: URL of the database for the study; by default `study.db` in the folder.
        references: Known networks to show beside the trials in the report.
        executor: Where the workers run: by default in a pool of processes, as many as the job says.
        ray: Whether they run through Ray Tune: the address of a cluster, `auto` or `HOST:PORT`; true for one
            of the search's own on this machine.
        cpus: With Ray: CPUs, and so threads, of a trial.
        gpus: With Ray: share of a GPU of a trial.
        console: Where progress is shown, standard error by default.
        waiting: Shows how far the decoding of the data is.
        command: What the user typed, for the record.
        began: When it began, by `time.monotonic`, for a budget of time; now unless given.
        **settings: The settings of a job file, as objects or in the words of the file: `space="digits"`,
            `within={"params": "..200k"}`, `recipe=Recipe(epochs=20)`.

    Raises:
        InputError: If the job, its space or its data is wrong, the folder holds the run of another job, or
            what only Ray knows is given without it.
        StudyError: If the search cannot continue, or was stopped.
    """
    check_not_importing("starts a search")
    began = time.monotonic() if began is None else began
    job = _job(job, settings)
    if executor is not None and (ray or cpus != 1 or gpus):
        raise InputError("run: give an executor, or ray with cpus and gpus, not both")
    folder, shutdown = RunFolder(Path(out or default_folder(job))), Shutdown()
    _check_before(job, folder, storage)
    trackers = _trackers(job)
    _check_engine(ray=ray, cpus=cpus, gpus=gpus)
    with (
        shutdown.handling_signals(signal.SIGINT, signal.SIGTERM),
        removed_if_refused(folder.path),
        ExitStack() as opened,
    ):
        open_this = partial(open_study, opened, folder.path, job, storage, shutdown)
        is_begun = is_run_folder(folder.path) or remains(folder.path)
        opened_study = open_this() if is_begun else None  # before anything is written or started
        folder.create()
        if storage and not job.sampler:  # the study may keep one whose code the workers have to know
            opened_study = opened_study or open_this()
        work_of = opened_study.job if opened_study else job
        executor = executor or _executor(work_of, storage, ray=ray, cpus=cpus, gpus=gpus)
        run_workers = opened.enter_context(executor.opened(folder.path))
        _load()
        known = tuple(references)  # read while the workers load, not at the end
        study, job, chosen = opened_study or open_this()
        if trackers:
            opened.enter_context(_tracking(study, job, folder, trackers, console or Console(stderr=True)))
        from .study.alive import noting_alive  # loaded by now, while the workers load

        before = study.counts()
        try:
            with noting_alive(study.note_alive, budget=job.budget, since=began):
                _work(
                    *(study, job, folder, shutdown, run_workers, console or Console(stderr=True), waiting),
                    chosen=chosen,
                )
        except InputError:
            if study.is_new:
                study.delete_unused(begun=True)
            raise
        run_results = _finish(study, job, folder, shutdown, command=command, references=known)
        return replace(
            run_results, closing=closing(study, before, trials=job.asked_trials, budget=job.budget)
        )


def default_folder(job: Job) -> Path:
    """Return the folder of a run: that of the job file, if it holds a study, or `runs/NAME`."""
    file = Path(job.origin.name) if job.origin else None
    if file and file.name == "job.yaml" and any((file.parent / name).exists() for name in STUDY):
        return file.parent
    return Path("runs", job.search)


def _check_before(job: Job, folder: RunFolder, storage: str) -> None:
    """Check what can be told before anything is written or started.

    Raises:
        InputError: If the storage is no address, or nothing meets the job's limits.
    """
    if storage:
        from .study.storage import parse_storage

        parse_storage(storage)
    if isinstance(job.sampler, OwnSampler):
        replace(job.sampler).check()
    with about("within"):
        job.limited_space.sample(Random(job.seed))  # raises Infeasible here rather than in a worker
    if not storage and not folder.job.exists():
        check_costs(job)


def _trackers(job: Job) -> dict[str, Open]:
    """Return what makes the trackers of a job, by the names that they are shown by.

    Raises:
        InputError: If one cannot be imported, or its package is missing.
    """
    from .study.tracking.settings import opened_by

    with about("track"):
        trackers: dict[str, Open] = {}
        names = [track.name for track in job.track]
        for i, track in enumerate(job.track):
            twins = names[:i].count(track.name)
            trackers[f"{track.name} ({twins + 1})" if twins else track.name] = opened_by(track)
        return trackers


def _tracking(
    study: Study, job: Job, folder: RunFolder, trackers: dict[str, Open], console: Console
) -> AbstractContextManager[object]:
    """Tell trackers what happens in the study while the block runs."""
    from .study.tracking.follower import Follower
    from .study.tracking.settings import TrackedSearch

    search = TrackedSearch(
        name=job.search,
        identity=study.identity,
        folder=folder.path,
        objectives=job.objectives,
        trials=job.asked_trials,
    )

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Follower(study, trackers, search, say=say, log=folder.logs / "track.log")


def _job(job: Job | None, settings: Keywords) -> Job:
    """Return the job that was given, or the one of its settings.

    Raises:
        InputError: If both are given, or a setting is wrong.
    """
    if job is None:
        return make_job(**settings)
    if settings:
        names = ", ".join(settings)
        raise JobError(
            f"run: give a job or its settings, but got a job and {names}; dataclasses.replace has both"
        )
    return job


def _check_engine(*, ray: bool | str, cpus: float, gpus: float) -> None:
    """Check that what only Ray knows is given with it.

    Raises:
        InputError: If it is not.
    """
    if ray:
        return
    for name, is_set in {"cpus": cpus != 1, "gpus": gpus}.items():
        if is_set:
            raise InputError(
                f"run: {name} is of a trial with Ray; give ray=True, or the address of a cluster"
            )


def _executor(job: Job, storage: str, *, ray: bool | str, cpus: float, gpus: float) -> Executor:
    """Return where the workers run: through Ray, or in a pool on this machine."""
    if ray:
        from .executors.ray.engine import RayEngine

        return RayEngine(address="" if ray is True else ray, storage=storage, cpus=cpus, gpus=gpus)
    return LocalPool.of(job.workers, device=job.device, storage=storage, uses=job.code())


def _load() -> None:
    """Load what takes long, while the workers load their libraries."""
    for module in ("analysis.reports.results.page", "search.progress"):
        import_module(f"archscape.{module}")


def _work(
    study: Study,
    job: Job,
    folder: RunFolder,
    shutdown: Shutdown,
    run_workers: RunWorkers,
    console: Console,
    waiting: Waiting,
    *,
    chosen: str,
) -> None:
    """Write the job to its folder and its study, and let the workers work until no trial is left.

    `chosen` says why the search has its sampler, where it chose it itself.
    """
    from .progress import following, is_terminal

    notes, settings = notes_on(study, job), settings_of(study, job)
    notes[:0] = [f"{job.search} samples with {chosen}"] if chosen else []
    notes += missing_notes(job.target, job.limited_space, Random(job.seed)) if job.target else []

    def keep() -> None:
        study.claim()
        folder.write_job(settings["job"], settings["space"])

    _persist(keep, study, shutdown)
    study.change(settings)

    def say(note: str) -> None:
        text = wrap(note, console.width) if is_terminal(console) else note
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    for note in notes:
        say(note)
    if job.budget is None or not job.budget.ended(study.spent()):
        study.resume_cut()
    missing = _may_begin(study, job)
    if missing or study.count_open():
        check_folder(job.artifacts)
        with suppress(ShutdownRequested):  # the work below ends at once then
            prepare_data(job, say=say, waiting=waiting, shutdown=shutdown)
        with following(study, job, console, note=_seed_note(job) if missing else "") as progress:
            run_workers(progress, shutdown)
    _persist(keep, study, shutdown)  # without them nobody reads the folder; they may have been removed


def _may_begin(study: Study, job: Job) -> bool:
    """Return whether the search may begin another trial."""
    missing = sum(study.counts().values()) < job.trials
    return missing and not (job.budget and job.budget.forbids(study.spent()))


def _finish(
    study: Study,
    job: Job,
    folder: RunFolder,
    shutdown: Shutdown,
    *,
    command: str,
    references: tuple[Network, ...],
) -> RunResults:
    """Write the tables and the report.

    Raises:
        StudyError: If trials are left.
    """
    from archscape.analysis.reports.results.page import write_report

    from .workers.recommendation import note_recommended
    from .workers.trial_source import search_plan

    note_recommended(study, search_plan(job), say=lambda line: print(line, file=sys.stderr))
    run_results = _persist(
        lambda: folder.write_results(study, command=command, references=references), study, shutdown
    )
    _persist(lambda: write_report(run_results, folder.report), study, shutdown)
    if study.count_open() or (shutdown.requested and _may_begin(study, job)):
        state = stopped(study, trials=job.asked_trials)
        raise StudyError(f"{folder.path}: {state}; the same command resumes it")
    return run_results


def _persist(step: Callable[[], T], study: Study, shutdown: Shutdown) -> T:
    """Take a step that writes files of the run, as soon as the file system lets it.

    Raises:
        StudyError: If it does not, or the process is asked to stop meanwhile.
    """
    folder = RunFolder(study.address.folder)
    try:
        return persist(
            step,
            say=lambda line: print(f"{folder.path}: {line}", file=sys.stderr),
            folders=folder.folders(study),
            should_stop=lambda: shutdown.requested,
            sleep=shutdown.sleep,
        )
    except FileFault as error:
        raise StudyError(f"{describe(error)}; mend that, and the same command resumes the search") from None
    except ShutdownRequested:
        raise StudyError(f"{folder.path}: not all files are written; the same command writes them") from None


def _seed_note(job: Job) -> str:
    """Return why the trials that a job proposes do not follow from its seed alone; "" if they do."""
    sampler = make_sampler(job.sampler)
    if job.workers == 1 or not sampler.looks_back or job.deterministic:
        return ""
    return (
        f"With {job.workers} workers {sampler.name} is repeatable only with `deterministic: true` in the job"
    )
