"""Evaluator: from a leased network to its result, by training or by the user's function."""

from __future__ import annotations

import math
import socket
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from archscape.spaces.atomic import sweep, write_whole
from archscape.spaces.errors import JobError

from ..file_faults import is_passing, persist
from ..shutdown import ShutdownRequested, never
from ..study.lease import Lease
from ..study.spool import Result

if TYPE_CHECKING:
    from archscape.spaces import Network

    from ..datasets.dataset import Dataset
    from ..training.choices import AnyRecipe
    from ..training.outcome import Outcome
    from ..training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Context:
    """What an evaluation knows of its trial.

    Attributes:
        log: Appends lines to the log of the trial.
        report: Takes the number of epochs trained and their latest metrics; False asks to stop here.
        should_stop: Says whether the process was asked to stop; cheap enough to ask at every step.
    """

    lease: Lease
    worker: str
    log: Callable[[str], None]
    report: Callable[[int, Mapping[str, float]], bool]
    should_stop: Callable[[], bool] = never

    def result(
        self,
        *,
        status: str,
        cause: str = "",
        message: str = "",
        metrics: Mapping[str, float] | None = None,
        history: list[dict[str, float]] | None = None,
        weights: str = "",
        place: dict[str, str] | None = None,
    ) -> Result:
        """Return the result of the trial, with the costs of its network among the metrics."""
        return Result(
            number=self.lease.number,
            hash=self.lease.hash,
            status=status,
            cause=cause,
            message=message,
            metrics=_finite({**(metrics or {}), **self.lease.costs}),
            history=[_finite(epoch) for epoch in history or []],
            worker=self.worker,
            weights=weights,
            place=place or {},
        )


class Evaluator(Protocol):
    """Gives a network its result; the same in every process."""

    def __call__(self, network: Network, context: Context) -> Result:
        """Return the result of a trial; what it raises becomes a failure with the cause `error`."""


@dataclass(frozen=True, kw_only=True)
class TrainingEvaluator:
    """Evaluation by training on data.

    Attributes:
        recipe: How networks are trained; an open one is drawn with each.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        checkpoints: Folder for the weights of complete trials, `HASH.safetensors`, and for the state of those
            under way, `HASH.partial`, from which they are resumed.
        repeats: How many times to train each network, with other seeds.
        rungs: Epochs at which early stopping may compare networks.
        measures: What an epoch reports if it is more than its task always does, the score first.
    """

    data: Dataset
    recipe: AnyRecipe
    device: str
    checkpoints: Path
    repeats: int = 1
    rungs: tuple[int, ...] = ()
    measures: tuple[str, ...] = ()

    def __call__(self, network: Network, context: Context) -> Result:
        """Train the network; its weights are on disk before its result is returned.

        Raises:
            ShutdownRequested: If the process was asked to stop; the training can be resumed later.
        """
        from archscape.spaces.codegen.build import build

        from ..training.allocator import return_freed_memory
        from ..training.memory_limit import pieces_by_memory
        from ..training.train import train

        partial = self.checkpoints / f"{context.lease.hash}.partial"
        recipe = recipe_of(self.recipe, context.lease)
        outcome = train(
            lambda: build(network),
            self.data,
            recipe,
            seed=context.lease.seed,
            repeats=self.repeats,
            device=self.device,
            report=context.report,
            checkpoint=partial,
            should_stop=context.should_stop,
            rungs=self.rungs,
            measures=self.measures,
            pieces=pieces_by_memory(
                network,
                recipe,
                batch=min(recipe.batch, len(self.data.train)),
                device=self.device,
                log=context.log,
            ),
            log=context.log,
        )
        return_freed_memory()
        result = concluded(outcome, context, self.checkpoints, data=self.data)
        if result.status != "pruned":
            _remove(partial, context)
        return result


def recipe_of(recipe: AnyRecipe, lease: Lease) -> Recipe:
    """Return the recipe of a trial.

    Raises:
        ValueError: If what was drawn does not fit together: that is the trial's fault, not that of the job.
    """
    from ..training.choices import drawn_recipe

    try:
        return drawn_recipe(recipe, lease.choices)
    except JobError as error:
        raise ValueError(str(error)) from None


def concluded(outcome: Outcome, context: Context, checkpoints: Path, *, data: Dataset | None) -> Result:
    """Return the result of a training that has come to an outcome; its weights, if any, are on disk before.

    Raises:
        ShutdownRequested: If the training was interrupted.
        FileFault: If the file system refuses the weights for long, or the process is asked to stop.
    """
    if outcome.status == "interrupted":
        raise ShutdownRequested
    failed, weights = outcome.status not in ("complete", "pruned"), ""
    if failed:
        context.log(outcome.trace or outcome.cause)
    elif outcome.status == "complete" and outcome.state is not None:
        weights = _keep(outcome, context, checkpoints, data)
    return context.result(
        status="failed" if failed else outcome.status,
        cause=outcome.status if failed else "",
        message=outcome.cause if failed else "",
        metrics=outcome.metrics,
        history=outcome.history,
        weights=weights,
        place=place_of(checkpoints) if weights else {},
    )


def _keep(outcome: Outcome, context: Context, checkpoints: Path, data: Dataset | None) -> str:
    """Write the weights with what they confuse, and return their SHA-256; while the disk refuses, they wait.

    Raises:
        FileFault: If it refuses them for long, or the process is asked to stop.
    """
    from ..training.weights import Weights

    path = checkpoints / f"{context.lease.hash}.safetensors"
    assert outcome.state is not None
    weights = Weights(outcome.state, {"format": "pt", **(data.card() if data else {}), **_confused(outcome)})
    content = weights.to_bytes()

    def write() -> None:
        sweep(path)
        write_whole(path, content)

    persist(write, say=context.log, folders=(checkpoints,), should_stop=context.should_stop)
    return weights.digest


def _confused(outcome: Outcome) -> dict[str, str]:
    """Return the confusion matrix of a training on the validation part, as metadata of its weights."""
    from archscape.analysis.inspection.confusion import METADATA, Confusion

    confusion = outcome.confusion and Confusion.of(outcome.confusion)
    return {METADATA: confusion.to_json()} if confusion else {}


def place_of(checkpoints: Path) -> dict[str, str]:
    """Return where the weights of a trial lie, for whoever looks for them from another folder or machine."""
    return {"host": socket.gethostname(), "folder": str(checkpoints.resolve())}


def evaluate_safely(evaluate: Evaluator, network: Network, context: Context) -> Result:
    """Return the result of a trial, also when the evaluation raises.

    Raises:
        JobError: If it is the job that is wrong: so it would be for every network.
        OSError: If the file system has a fault that is not the network's.
    """
    try:
        return evaluate(network, context)
    except Exception as error:
        if is_passing(error) or isinstance(error, JobError):
            raise
        context.log(traceback.format_exc())
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        return context.result(status="failed", cause="error", message=message)


def _remove(checkpoint: Path, context: Context) -> None:
    """Remove the checkpoint of a trial that has ended; one that cannot be removed is in nobody's way."""
    try:
        checkpoint.unlink(missing_ok=True)
    except OSError as error:
        context.log(f"a checkpoint is left behind: {error}")


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Leave out what is not a number: JSON has no word for it, and a missing metric says the same."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
