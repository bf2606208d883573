"""Joining a run: a worker that finds all it needs in the folder."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from archscape.spaces.errors import JobError
from archscape.spaces.table.values import shape_text

from .evaluate import Training
from .events import Notify
from .folder import Folder
from .job import Job, read_job
from .proposers import proposer
from .stopping import Stopper
from .study import Study
from .worker import Plan, Worker

if TYPE_CHECKING:
    from .data import Data


def join_run(path: Path, *, name: str, notify: Notify, stopper: Stopper) -> None:
    """Be a worker of the run in a folder until it is done or a stop is requested; there may be others.

    Raises:
        InputError: If the data cannot be used, or is not the data the study began with.
        StudyError: If the study cannot go on.
    """
    from .accuracy import pick_device
    from .data import load_data

    folder = Folder(path)
    job = read_job(folder.job)
    data = load_data(job.data)
    _check_fit(job, data)
    with Study.open(path) as study:
        study.pin("device", str(pick_device(job.device)))
        held = study.pin("data_fingerprint", data.fingerprint)
        if held != data.fingerprint:
            raise JobError(
                f"data {job.data}: its fingerprint is {data.fingerprint}, but the study in {path} began with "
                f"{held}; bring the old data back, or choose another folder"
            )
        plan = Plan(space=job.limited_space, proposer=proposer(job.sampler), trials=job.trials, seed=job.seed)
        evaluate = Training(data=data, recipe=job.recipe, device=job.device, checkpoints=folder.checkpoints)
        Worker(
            name=name,
            plan=plan,
            study=study,
            evaluate=evaluate,
            logs=folder.logs,
            notify=notify,
            stopper=stopper,
        ).run()


def _check_fit(job: Job, data: Data) -> None:
    """Check that the networks of the space take the data's samples and tell all its classes apart."""
    space = job.limited_space
    if space.input != data.input:
        raise JobError(
            f"space {space.name} takes {shape_text(space.input)}, "
            f"but a sample of {job.data} is {shape_text(data.input)}"
        )
    outputs = space.sample(Random(job.seed)).network.body.shapes
    unfit = [output for output in outputs if output[0] < data.classes or len(output) > 1]
    if unfit:
        output = unfit[0]
        raise JobError(
            f"space {space.name} ends in {shape_text(output)}, but {job.data} has {data.classes} classes; "
            f"let its last row be `linear: {{width: {data.classes}}}`"
        )
