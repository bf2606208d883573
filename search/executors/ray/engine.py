"""The executor that runs a search through Ray Tune."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.search.file_faults import check_usable
from archscape.search.folder import RunFolder
from archscape.search.job import Job, read_job
from archscape.search.shutdown import Shutdown, ShutdownRequested
from archscape.search.study.study import Study
from archscape.search.workers.events import Event, Notify
from archscape.search.workers.setup import wait_for_files
from archscape.search.workers.trial_source import TrialSource, search_plan
from archscape.search.workers.user_code import ship_code
from archscape.spaces.errors import InputError
from archscape.spaces.language.uses import used_digests

from ..local import RunWorkers
from .cluster import connected
from .messages import RunSpec, leave_mark

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

    from .driver import Driver


@dataclass(frozen=True, kw_only=True)
class RayEngine:
    """Runs a study through Ray Tune, as many trials at a time as the job has workers.

    Attributes:
        address: Of a cluster: `auto` or `HOST:PORT`; "" for a Ray of our own on this machine.
        storage: Where the study lies; "" in the folder of the run.
        cpus: CPUs of a trial, and so its threads.
        gpus: GPUs of a trial; below 1, trials share one.
    """

    address: str = field(default="", repr=False)  # it may hold a password, and so may:
    storage: str = field(default="", repr=False)
    cpus: float = 1.0
    gpus: float = 0.0

    @contextmanager
    def opened(self, folder: Path) -> Iterator[RunWorkers]:
        """Yield the work, which connects to Ray for as long as it takes."""

        def work(notify: Notify, shutdown: Shutdown) -> None:
            run = RunFolder(folder)
            wait = partial(wait_for_files, name="ray", notify=notify, shutdown=shutdown)
            wait(run.check_readable)
            job = read_job(run.job, runs="nothing")  # what it uses, the user's job has named
            self._check(job)
            os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(job.workers)  # so clusters grow to all of them
            with wait(
                lambda: Study.open(folder, storage=self.storage, name=job.search, existing=True)
            ) as study:
                folders = run.folders(study)
                wait(lambda: check_usable(folders), folders=folders)
                mark = wait(lambda: leave_mark(folder), folders=folders)
                with connected(self.address, run.logs / "ray.log") as temporary:
                    self._run(study, job, folder, notify, shutdown, records=temporary, mark=mark)

        yield work

    def _check(self, job: Job) -> None:
        """Check what a trial asks of a node.

        Raises:
            InputError: If no node can give it.
        """
        if self.gpus > 1:
            raise InputError(f"--trial-gpus: a trial trains on at most one GPU, but got {self.gpus:g}")
        if job.device.startswith("cuda") and not self.gpus:
            raise InputError(f"device {job.device}: give --trial-gpus, or Ray lends no GPU to a trial")

    def _run(
        self,
        study: Study,
        job: Job,
        folder: Path,
        notify: Notify,
        shutdown: Shutdown,
        *,
        records: Path,
        mark: str,
    ) -> None:
        from .driver import Driver

        source = TrialSource(
            name="ray",
            plan=search_plan(job),
            study=study,
            logs=RunFolder(folder).logs,
            notify=notify,
            shutdown=shutdown,
            count_attempt=False,  # a driver trains nothing, so no trial kills it; it counts lost actors
        )
        driver = Driver(source=source, job=job)
        run_spec = RunSpec(
            folder=str(folder.resolve()),
            job=study.settings["job"],
            space=study.settings["space"],
            cpus=self.cpus,
            gpus=self.gpus,
            mark=mark,
            identity=study.identity,
            uses=used_digests(job.space.uses),
            code=ship_code(job.functions),
        )
        try:
            _check_resources(self, notify)
            with suppress(ShutdownRequested):
                _tune(driver, run_spec, records)
        finally:
            driver.release_all()
        if driver.failure is not None:
            raise driver.failure


def _tune(driver: Driver, run_spec: RunSpec, records: Path) -> None:
    """Let Tune run the trials of a driver, until none is left or a stop is requested; it keeps records."""
    from ray import tune

    from .actor import Trainer
    from .tune import StopCriterion, StudyScheduler, StudySearcher, TrialTimeout

    trainer = tune.with_parameters(Trainer, run_spec=run_spec.to_json())
    tune.run(
        tune.with_resources(trainer, {"cpu": run_spec.cpus, "gpu": run_spec.gpus}),
        name=driver.source.study.name,
        search_alg=StudySearcher(driver),
        scheduler=StudyScheduler(driver),
        callbacks=[TrialTimeout(driver)],
        stop=StopCriterion(driver),
        num_samples=-1,
        max_failures=0,  # the driver tries again; Tune counts some losses twice, and some as final
        reuse_actors=True,
        raise_on_failed_trial=False,
        storage_path=str(records / "tune"),
        trial_name_creator=_name,
        trial_dirname_creator=_name,
        verbose=0,
    )


def _name(trial: Trial) -> str:
    return f"trial-{trial.trial_id}"


def _check_resources(engine: RayEngine, notify: Notify) -> None:
    """Notify of what no node of the cluster can give a trial now, and of GPUs that none asks for.

    Raises:
        InputError: If no node can ever give it.
    """
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    resources = {name: n for name, n in (("CPU", engine.cpus), ("GPU", engine.gpus)) if n}
    message = ""
    if not any(all(node.get(name, 0) >= n for name, n in resources.items()) for node in nodes):
        missing = " and ".join(f"{n:g} {name}" for name, n in resources.items())
        if not engine.address:
            raise InputError(f"this machine does not have the {missing} that a trial is to take")
        message = f"no node of the cluster has {missing} for a trial now; the search waits for one"
    elif not engine.gpus and any(node.get("GPU") for node in nodes):
        message = "the cluster has GPUs, but a trial asks for none: give --trial-gpus"
    if message:
        notify(Event(kind="note", worker="ray", message=message))
