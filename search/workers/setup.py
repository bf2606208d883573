"""Setting up a worker from the folder of a run: its job, data, study, evaluator; what must fit together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from archscape.spaces.errors import JobError, StudyError, about
from archscape.spaces.language.uses import vouch

from ..file_faults import FileFault, describe, persist
from ..folder import RunFolder
from ..job import Job, read_job
from ..shutdown import Shutdown
from ..study.artifacts import Artifacts
from ..study.study import Study
from ..training.tasks import measures_of
from .cache import cached
from .evaluator import Evaluator, TrainingEvaluator
from .events import Event, Notify
from .fit import check_fit
from .function_evaluator import FunctionEvaluator
from .slot import WorkerSlot
from .trial_source import TrialSource, search_plan
from .uploading_evaluator import UploadingEvaluator
from .watchdog import Watchdog
from .worker import Worker

if TYPE_CHECKING:
    from ..datasets.dataset import Dataset

T = TypeVar("T")


def run_worker(
    path: Path,
    *,
    name: str,
    notify: Notify,
    shutdown: Shutdown,
    storage: str = "",
    slot: WorkerSlot | None = None,
    kill: Callable[[], None] | None = None,
) -> None:
    """Work on the run in a folder until it is done or a stop is requested; there may be other workers.

    Args:
        path: The folder, with the job and its space.
        name: Name of the worker.
        notify: Takes what happens.
        shutdown: Says when to stop.
        storage: Where the study lies, with its password; by default the folder knows.
        slot: What this process is started with.
        kill: Ends the process if a trial hangs; None if it is not this worker's alone.

    Raises:
        InputError: If the data cannot be used, or is not the data the study began with.
        StudyError: If the study cannot continue.
    """
    from ..training.allocator import keep_freed_memory
    from ..training.device import resolve_device

    keep_freed_memory()
    folder, slot = RunFolder(path), slot or WorkerSlot()
    for file, digest in slot.uses.items():
        vouch(file, digests=[digest])
    wait = partial(wait_for_files, name=name, notify=notify, shutdown=shutdown)
    wait(folder.check_readable)
    job = read_job(folder.job, data=slot.data, runs="nothing")
    if job.train is not None:  # the user's function may change the working folder
        path = path.absolute()
        folder = RunFolder(path)
    device = slot.device or job.device
    data = load_data(job)
    with wait(lambda: Study.open(path, storage=storage, name=job.search, existing=True)) as study:
        study.pin("device", str(resolve_device(device)))
        if data is not None:
            check_same_data(study, job, data.facts())
        source = TrialSource(
            name=name,
            plan=search_plan(job),
            study=study,
            logs=folder.logs,
            notify=notify,
            shutdown=shutdown,
        )
        watchdog = Watchdog()
        if kill is not None:
            watchdog = Watchdog(seconds=job.seconds, kill=kill)
        evaluate = evaluation(job, data, folder, device=device, identity=study.identity)
        try:
            Worker(source=source, evaluate=evaluate, watchdog=watchdog).run()
        finally:
            if isinstance(evaluate, UploadingEvaluator):
                evaluate.finish(
                    lambda line: notify(Event(kind="note", worker=name, message=f"{name}: {line}"))
                )


def wait_for_files(
    step: Callable[[], T],
    *,
    name: str,
    notify: Notify,
    shutdown: Shutdown,
    folders: Sequence[Path] = (),
) -> T:
    """Take a step that a process begins with, as soon as the files of the run can be used.

    Others may be at work meanwhile, so they are waited for as long as by those.

    Raises:
        StudyError: If they stay as they are.
    """
    try:
        return persist(
            step,
            say=lambda line: notify(Event(kind="note", worker=name, message=f"{name} {line}")),
            folders=folders,
            sleep=shutdown.sleep,
        )
    except FileFault as error:
        raise StudyError(f"{describe(error)}; mend that, and the same command resumes the search") from None


def load_data(job: Job) -> Dataset | None:
    """Return the data of a job, which fits its space; None if its training function has its own.

    Raises:
        InputError: If it cannot be used.
    """
    from ..datasets.dataset import load_dataset

    if not job.data:
        return None
    data = load_dataset(job.data)
    check_fit(job, data)
    return data


def evaluation(
    job: Job, data: Dataset | None, folder: RunFolder, *, device: str, identity: str = ""
) -> Evaluator:
    """Return how a job's networks get their results: by training, by the user's function, or from its cache.

    Args:
        job: What is searched.
        data: Its data, if it has any.
        folder: The folder of the run.
        device: Where networks are trained.
        identity: The id of the study, by which its artifacts are known.

    Raises:
        InputError: If the function cannot be imported here.
    """
    evaluate = _evaluation(job, data, folder, device=device)
    if not job.artifacts:
        return evaluate
    artifacts = Artifacts(address=job.artifacts, search=job.search, identity=identity)
    return UploadingEvaluator(evaluate=evaluate, artifacts=artifacts, checkpoints=folder.checkpoints)


def _evaluation(job: Job, data: Dataset | None, folder: RunFolder, *, device: str) -> Evaluator:
    pruner = job.pruner()
    if job.train is not None:
        return FunctionEvaluator.of(
            job.train,
            objectives=job.trained_metrics,
            data=data,
            device=device,
            checkpoints=folder.checkpoints,
            repeats=job.repeats,
            rungs=pruner.rungs if pruner else (),
        )
    assert data is not None
    training = TrainingEvaluator(
        data=data,
        recipe=job.recipe,
        device=device,
        checkpoints=folder.checkpoints,
        repeats=job.repeats,
        rungs=pruner.rungs if pruner else (),
        measures=measures_of(data.task, job.trained_metrics),
    )
    return cached(training, Path(job.cache), tuple(job.objectives)) if job.cache else training


@about("data")
def check_same_data(study: Study, job: Job, facts: Mapping[str, str]) -> None:
    """Check that all workers of a study train on the same data; the first one pins which.

    Raises:
        JobError: If they do not.
    """
    kept = {name: study.pin(name, fact) for name, fact in facts.items()}
    pinned, fingerprint = kept["data_fingerprint"], facts["data_fingerprint"]
    if pinned != fingerprint:
        raise JobError(
            f"data {job.data}: its fingerprint is {fingerprint}, but the study in {study.address.folder} "
            f"began with {pinned}; bring the old data back, or choose another folder"
        )
