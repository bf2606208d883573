"""The actor that Ray starts on the nodes of a cluster: it trains one network after the other."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray import tune

from archscape._version import __version__
from archscape.search.file_faults import MISSING_SECONDS, check_usable, own_files, persist
from archscape.search.folder import RunFolder
from archscape.search.job import Job, read_job
from archscape.search.study.kept_weights import remove_weights
from archscape.search.study.lease import Lease, lease_of
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result, Spool
from archscape.search.workers.evaluator import Context, Evaluator
from archscape.search.workers.setup import evaluation, load_data
from archscape.search.workers.user_code import unpack_code
from archscape.spaces import Network
from archscape.spaces.errors import ArchscapeError, InputError, StudyError
from archscape.spaces.language.uses import vouch

from .messages import RunSpec, TrialSpec, TrialUpdate
from .training_thread import TrainingThread

UPDATE_SECONDS = 1.0
"""At least this often an actor sends an update."""


@dataclass(frozen=True, kw_only=True)
class ActorContext:
    """What an actor trains all its networks with; an evaluator itself.

    Attributes:
        threads: How many it computes with; one gives the bits of the local pool.
        spool: Where results go first, so that no end is trained twice; None without a shared folder.
        folders: Made again if they stay missing; that of a shared run is for others.
        checkpoints: Where weights are written.
        data: What a study keeps of its data; empty if there is none.
    """

    job: Job
    evaluate: Evaluator
    threads: int
    spool: Spool | None
    folders: tuple[Path, ...]
    checkpoints: Path
    rungs: tuple[int, ...]
    device: str
    data: Mapping[str, str]

    @classmethod
    def of(cls, run_spec: RunSpec) -> ActorContext:
        """Load the job and its data.

        Raises:
            InputError: If they cannot be used here.
        """
        from archscape.search.training.allocator import keep_freed_memory
        from archscape.search.training.device import limit_memory, resolve_device

        keep_freed_memory()
        folder = RunFolder(Path(run_spec.folder))
        if not run_spec.is_shared():  # it may be new on this node
            folder.create()
            folder.write_job(run_spec.job, run_spec.space)
        for file, digest in run_spec.uses.items():
            vouch(file, digests=[digest])
        unpack_code(run_spec.code)
        job = read_job(folder.job, runs="nothing")
        device = "cpu" if job.device == "auto" and not run_spec.gpus else job.device  # Ray hides no GPU
        if 0 < run_spec.gpus < 1:
            limit_memory(run_spec.gpus, device=device)
        data = load_data(job)
        pruner = job.pruner()
        spool = Spool(folder=folder.spool, metrics=(*job.objectives, *job.trained_metrics))
        return cls(
            job=job,
            evaluate=evaluation(job, data, folder, device=device, identity=run_spec.identity),
            threads=max(1, int(run_spec.cpus)),
            spool=spool if run_spec.is_shared() else None,
            folders=folder.inner_folders if run_spec.is_shared() else (folder.path, *folder.inner_folders),
            checkpoints=folder.checkpoints,
            rungs=pruner.rungs if pruner else (),
            device=str(resolve_device(device)),
            data=data.facts() if data else {},
        )

    def lease(self, spec: TrialSpec) -> Lease:
        """Return the trial of a spec; the driver owns it.

        Raises:
            StudyError: If the network has another hash here than where the driver is.
        """
        network = Network.from_json(spec.network)
        owner, job = Owner.current(), self.job
        lease = lease_of(spec.number, network, owner, seed=job.seed, costs=job.costs, choices=spec.choices)
        if lease.hash != spec.hash:
            raise StudyError(
                f"{socket.gethostname()}: archscape {__version__} here gives the network of trial "
                f"{spec.number} the hash {lease.hash}, and where the search was started {spec.hash}; "
                "install the same version everywhere"
            )
        return lease

    def __call__(self, network: Network, context: Context) -> Result:
        """Return the result of a trial, from the spool if it is there."""
        import torch

        torch.set_num_threads(self.threads)
        persist(
            lambda: check_usable(self.folders),
            say=context.log,
            folders=self.folders,
            patience=2 * MISSING_SECONDS,  # nothing is lost yet, and another node may have room
            should_stop=context.should_stop,
        )
        with own_files():
            result = self.spool.get(context.lease.number, context.lease.hash) if self.spool else None
        if result is not None:
            context.log("its result is in the spool")
            return result
        result = self.evaluate(network, context)
        if self.spool and result.status != "pruned":
            try:
                self.spool.put(result)
            except OSError as error:
                context.log(f"the result could not be spooled: {error}")
        return result


class Trainer(tune.Trainable):
    """An actor of Tune: a step trains until a rung, the end, or for a second, and returns the update."""

    _context: ActorContext | None = None
    _training: TrainingThread | None = None
    _error: ArchscapeError | None = None

    def setup(self, config: dict[str, Any], run_spec: str = "") -> None:
        """Load what all trials need; the first begins with its first step, for Tune may take it back."""
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._gpus = ", ".join(map(str, ray.get_gpu_ids()))
        try:
            self._context = ActorContext.of(RunSpec.from_json(run_spec))
        except ArchscapeError as error:
            self._error = error

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Make ready for another trial."""
        self.cleanup()
        return True

    def step(self) -> dict[str, Any]:
        """Return the next update of the trial, and whether it is the last one."""
        update = self._next_update()
        return {"update": update.to_json(), "done": update.last}

    def leave(self) -> None:
        """Ask the training to write its checkpoint and end."""
        if self._training is not None:
            self._training.leave()

    def cleanup(self) -> None:
        """Leave the trial in hand, if there is one."""
        if self._training is not None:
            self._training.end()
        self._training = None

    def _next_update(self) -> TrialUpdate:
        try:
            if self._context is not None:
                return self._train(self._context)
        except ArchscapeError as error:
            self._error = error
        wrong_input = isinstance(self._error, InputError)
        setting = self._error.setting if isinstance(self._error, InputError) else ""
        return TrialUpdate(
            worker=self._name, error=str(self._error), input_error=wrong_input, setting=setting
        )

    def _train(self, context: ActorContext) -> TrialUpdate:
        if self._training is None:
            spec = TrialSpec.from_json(self.config["spec"])
            lease = context.lease(spec)
            self._training = TrainingThread(context, lease, rungs=context.rungs, worker=self._name)
            if context.spool is None:  # else the driver has removed them
                remove_weights(context.checkpoints, spec.removed, self._training.log)
            self._training.log(f"{self._name} begins" + (f" on GPU {self._gpus}" if self._gpus else ""))
        return replace(
            self._training.next_update(UPDATE_SECONDS),
            shared=context.spool is not None,
            device=context.device,
            data=context.data,
        )
