"""A whole search, from a job to its report; the same call again goes on where it ended."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import JobError, StudyError
from archscape.spaces.values import shape_text

from .events import Notify
from .executors import InProcess, LocalPool
from .folder import Folder, results
from .job import Job, read_job
from .owner import Owner
from .progress import Progress, Tally
from .proposers import proposer
from .stopping import Stopper
from .study import Study
from .worker import Plan, Worker

if TYPE_CHECKING:
    from rich.console import Console

    from archscape.analysis.report import RunResults
    from archscape.spaces import Network

    from .data import Data


def run(
    job: Job,
    *,
    out: Path | None = None,
    references: Sequence[Network] = (),
    console: Console | None = None,
    command: str = "",
) -> RunResults:
    """Search, and write everything to the folder of the run.

    Args:
        job: What to search.
        out: The folder, `runs/NAME` by default; a run that it holds is gone on with.
        references: Known networks to show beside the trials in the report.
        console: Where progress is shown, standard error by default.
        command: What the user typed, for the record.

    Raises:
        InputError: If the job, its space or its data is wrong, or the folder holds the run of another job.
        StudyError: If the search cannot go on, or was stopped.
    """
    from archscape.analysis.report import write_report

    folder = Folder(out or Path("runs", job.search))
    job.limited_space.sample(Random(job.seed))  # raises Infeasible here rather than in a worker
    folder.create()
    facts = job.facts()
    stopper = Stopper()
    with Study.open(folder.path, name=job.search, facts=facts) as study:
        _check_same(folder.path, study.facts, facts)
        folder.write_job(job)
        with stopper.listening(signal.SIGINT, signal.SIGTERM):
            _search(job, folder, study, stopper, console)
        folder.write_tables(study, command=command)
        ended = len(study.trials()) - study.count_open()
    found = results(folder.path, references=references)
    write_report(found, folder.report)
    if stopper.requested:
        raise StudyError(
            f"{folder.path}: stopped after {ended} of {job.trials} trials; the same command goes on there"
        )
    return found


def _search(job: Job, folder: Folder, study: Study, stopper: Stopper, console: Console | None) -> None:
    """Show and run what is left of a search."""
    if console is None:
        from rich.console import Console

        console = Console(stderr=True)
    study.settle(Owner.current())
    left = job.trials - len(study.trials()) + study.count_open()
    if left <= 0:
        return
    executor = InProcess() if job.workers == 1 else LocalPool(workers=min(job.workers, left))
    tally = Tally.of(study.trials(), trials_asked=job.trials, objectives=study.objectives)
    with Progress(tally, title=job.search, console=console) as progress:
        executor.run(folder.path, progress, stopper)


def work_in_folder(path: Path, *, name: str, notify: Notify, stopper: Stopper) -> None:
    """Be a worker of the run in a folder until it is done or a stop is requested.

    Raises:
        InputError: If the data cannot be used, or is not the data the study began with.
        StudyError: If the study cannot go on.
    """
    from .accuracy import pick_device
    from .data import load_data
    from .evaluate import Training

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
    output = space.sample(Random(job.seed)).network.body.shape
    if output[0] < data.classes or len(output) > 1:
        raise JobError(
            f"space {space.name} ends in {shape_text(output)}, but {job.data} has {data.classes} classes; "
            f"let its last row be `linear: {{width: {data.classes}}}`"
        )


def _check_same(folder: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Check that a study was begun with the same job, in what its trials depend on."""
    for key, value in wanted.items():
        if stored[key] != value:
            old, new = _difference(stored[key], value)
            raise JobError(
                f"{folder}: its study began with {key} {old}, but the job has {new}; "
                f"go on with {folder / 'job.yaml'}, or choose another folder with --out"
            )


def _difference(old: Any, new: Any) -> tuple[str, str]:
    """Return how two facts differ: the entries of mappings, the first line of texts, or all."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        return str({key: old.get(key) for key in keys}), str({key: new.get(key) for key in keys})
    if isinstance(old, str) and isinstance(new, str) and "\n" in old:
        pairs = zip([*old.splitlines(), ""], [*new.splitlines(), ""], strict=False)
        a, b = next((a, b) for a, b in pairs if a != b)
        return f"`{a.strip()}`", f"`{b.strip()}`"
    return str(old), str(new)
