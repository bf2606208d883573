"""Setting up a worker from the folder of a run: its job, data, study, evaluator; what must fit together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError
from archscape.spaces.values import shape_text

from ..folder import RunFolder
from ..job import Job, read_job
from ..samplers import make_sampler
from ..shutdown import Shutdown
from ..study.study import Study
from .cache import cached
from .evaluator import Evaluator, TrainingEvaluator
from .events import Notify
from .slot import WorkerSlot
from .trial_source import SearchPlan, TrialSource
from .watchdog import Watchdog
from .worker import Worker

if TYPE_CHECKING:
    from ..datasets.dataset import Dataset


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
    from ..datasets.dataset import load_dataset
    from ..training.device import resolve_device

    folder, slot = RunFolder(path), slot or WorkerSlot()
    job = read_job(folder.job, data=slot.data)
    device = slot.device or job.device
    data = load_dataset(job.data)
    check_fit(job, data)
    with Study.open(path, storage=storage, name=job.search) as study:
        study.pin("device", str(resolve_device(device)))
        check_same_data(study, job, data.fingerprint)
        source = TrialSource(
            name=name,
            plan=search_plan(job),
            study=study,
            logs=folder.logs,
            notify=notify,
            shutdown=shutdown,
        )
        watchdog = Watchdog()
        if kill is not None and job.recipe.seconds is not None:
            watchdog = Watchdog(seconds=job.recipe.seconds * job.repeats, kill=kill)
        evaluate = evaluation(job, data, folder, device=device)
        Worker(source=source, evaluate=evaluate, watchdog=watchdog).run()


def search_plan(job: Job) -> SearchPlan:
    """Return what a job asks of its workers."""
    return SearchPlan(
        space=job.limited_space,
        sampler=make_sampler(job.sampler),
        trials=job.trials,
        seed=job.seed,
        pruner=job.pruner(),
        latency=job.latency,
    )


def evaluation(job: Job, data: Dataset, folder: RunFolder, *, device: str) -> Evaluator:
    """Return how a job's networks get their results: by training, or from its cache."""
    pruner = job.pruner()
    training = TrainingEvaluator(
        data=data,
        recipe=job.recipe,
        device=device,
        checkpoints=folder.checkpoints,
        repeats=job.repeats,
        rungs=pruner.rungs if pruner else (),
    )
    return cached(training, Path(job.cache)) if job.cache else training


def check_same_data(study: Study, job: Job, fingerprint: str) -> None:
    """Check that all workers of a study train on the same data; the first one pins which.

    Raises:
        JobError: If they do not.
    """
    pinned = study.pin("data_fingerprint", fingerprint)
    if pinned != fingerprint:
        raise JobError(
            f"data {job.data}: its fingerprint is {fingerprint}, but the study in {study.address.folder} "
            f"began with {pinned}; bring the old data back, or choose another folder"
        )


def check_fit(job: Job, data: Dataset) -> None:
    """Check that the networks of the space take the data's samples and tell all its classes apart.

    Raises:
        JobError: If they do not.
    """
    space = job.limited_space
    if space.input != data.input:
        raise JobError(
            f"space {space.name} takes {shape_text(space.input)}, "
            f"but a sample of {job.data} is {shape_text(data.input)}"
        )
    for output in space.sample(Random(job.seed)).network.body.shapes:
        if output[0] < data.classes or len(output) > 1:
            raise JobError(
                f"space {space.name} ends in {shape_text(output)}, but {job.data} has {data.classes} "
                f"classes; let its last row be `linear: {{width: {data.classes}}}`"
            )
