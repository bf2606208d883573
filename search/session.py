"""A whole search, from a job to its report; the same call again goes on where it ended."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import JobError, StudyError

from .executors import InProcess, LocalPool
from .folder import Folder, results
from .job import Job
from .owner import Owner
from .progress import Progress, Tally
from .stopping import Stopper
from .study import Study

if TYPE_CHECKING:
    from rich.console import Console

    from archscape.analysis.report import RunResults
    from archscape.spaces import Network


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
    with (
        stopper.listening(signal.SIGINT, signal.SIGTERM),
        Study.open(folder.path, name=job.search, facts=facts) as study,
    ):
        _check_same(folder.path, study.facts, facts)
        folder.write_job(job)
        _search(job, folder, study, stopper, console)
        folder.write_tables(study, command=command)
        ended = len(study.trials()) - study.count_open()
        found = results(folder.path, references=references)
        write_report(found, folder.report)
    if stopper.requested and ended < job.trials:
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


def _check_same(folder: Path, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Check that a study was begun with the same job, in what its trials depend on."""
    for key, value in wanted.items():
        if stored.get(key) != value:
            old, new = _difference(stored.get(key), value)
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
        a, b = next(((a, b) for a, b in pairs if a != b), ("", ""))
        return f"`{a.strip()}`", f"`{b.strip()}`"
    return str(old), str(new)
