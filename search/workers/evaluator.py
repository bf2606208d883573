"""Evaluator: from a leased network to its result, by training or by the user's function."""

from __future__ import annotations

import json
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..atomic import is_full, sweep, write_whole
from ..shutdown import ShutdownRequested, never
from ..study.lease import Lease
from ..study.spool import Result

if TYPE_CHECKING:
    from torch import Tensor

    from archscape.spaces import Network

    from ..datasets.dataset import Dataset
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
        )


class Evaluator(Protocol):
    """Gives a network its result; the same in every process."""

    def __call__(self, network: Network, context: Context) -> Result:
        """Return the result of a trial; what it raises becomes a failure with the cause `error`."""


@dataclass(frozen=True, kw_only=True)
class TrainingEvaluator:
    """Evaluation by training on data.

    Attributes:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        checkpoints: Folder for the weights of complete trials, `HASH.safetensors`, and for the state of those
            under way, `HASH.partial`, from which they are resumed.
        repeats: How many times to train each network, with other seeds.
        rungs: Epochs at which early stopping may compare networks.
    """

    data: Dataset
    recipe: Recipe
    device: str
    checkpoints: Path
    repeats: int = 1
    rungs: tuple[int, ...] = ()

    def __call__(self, network: Network, context: Context) -> Result:
        """Train the network; its weights are on disk before its result is returned.

        Raises:
            ShutdownRequested: If the process was asked to stop; the training can be resumed later.
        """
        from archscape.spaces.codegen.build import build

        from ..training.train import train

        partial = self.checkpoints / f"{context.lease.hash}.partial"
        outcome = train(
            lambda: build(network),
            self.data,
            self.recipe,
            seed=context.lease.seed,
            repeats=self.repeats,
            device=self.device,
            report=context.report,
            checkpoint=partial,
            should_stop=context.should_stop,
            rungs=self.rungs,
            log=context.log,
        )
        if outcome.status == "interrupted":
            raise ShutdownRequested
        failed = outcome.status not in ("complete", "pruned")
        if failed:
            context.log(outcome.trace or outcome.cause)
        elif outcome.status == "complete":
            assert outcome.state is not None
            self._keep(context.lease.hash, outcome.state)
        if outcome.status != "pruned":
            partial.unlink(missing_ok=True)
        return context.result(
            status="failed" if failed else outcome.status,
            cause=outcome.status if failed else "",
            message=outcome.cause if failed else "",
            metrics=outcome.metrics,
            history=outcome.history,
        )

    def _keep(self, digest: str, state: Mapping[str, Tensor]) -> None:
        from safetensors.torch import save

        path = self.checkpoints / f"{digest}.safetensors"
        sweep(path)
        tensors = {name: tensor.contiguous().cpu() for name, tensor in state.items()}
        # Whoever uses the weights must bring samples to the units that they were trained on.
        units = {"mean": json.dumps(self.data.mean), "std": json.dumps(self.data.std)}
        write_whole(path, save(tensors, metadata={"format": "pt", "data": self.data.name, **units}))


def evaluate_safely(evaluate: Evaluator, network: Network, context: Context) -> Result:
    """Return the result of a trial, also when the evaluation raises.

    Raises:
        OSError: If the disk is full, which is not the network's fault.
    """
    try:
        return evaluate(network, context)
    except Exception as error:
        if is_full(error):
            raise
        context.log(traceback.format_exc())
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        return context.result(status="failed", cause="error", message=message)


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Leave out what is not a number: JSON has no word for it, and a missing metric says the same."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
