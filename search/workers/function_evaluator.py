"""FunctionEvaluator: a network's result by the user's own training function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import about

from ..study.spool import Result
from ..training.own.settings import TrainFunction
from ..training.own.trial_files import TrialFiles
from .evaluator import Context, concluded

if TYPE_CHECKING:
    from archscape.analysis.metrics import Objectives
    from archscape.spaces import Network

    from ..datasets.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class FunctionEvaluator:
    """Evaluation by a function of the user's.

    Attributes:
        function: The function, loaded.
        train: Its settings.
        objectives: Those that it has to give.
        data: What it trains on; None if the job names no data.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        checkpoints: Folder for the weights that it hands over, `HASH.safetensors`, and for the files of
            trials under way, `HASH.training/`.
        repeats: How many times to train each network, with other seeds.
        rungs: Epochs at which early stopping may compare networks.
    """

    function: Callable[..., object]
    train: TrainFunction
    objectives: Objectives
    data: Dataset | None
    device: str
    checkpoints: Path
    repeats: int = 1
    rungs: tuple[int, ...] = ()

    @classmethod
    @about("train")
    def of(cls, train: TrainFunction, **others: Any) -> FunctionEvaluator:
        """Return the evaluation by a function, which is imported here.

        Raises:
            InputError: If it cannot be, or nobody vouched for its file.
        """
        return cls(function=train.call.load(), train=train, **others)

    @cached_property
    def identity(self) -> dict[str, object]:
        """What a training follows from, apart from its network and seed."""
        return {
            **self.train.facts(),
            "files": self.train.call.facts()["files"],
            "data": self.data.fingerprint if self.data else None,
        }

    def __call__(self, network: Network, context: Context) -> Result:
        """Train the network; its weights are on disk before its result is returned.

        Raises:
            JobError: If the function does not keep to its contract.
            ShutdownRequested: If the process was asked to stop; the training can be resumed later.
        """
        from ..training.own.call import call_function

        files = TrialFiles.of(self.checkpoints, context.lease.hash)
        outcome = call_function(
            self.function,
            network,
            self.train,
            objectives=self.objectives,
            files=files,
            identity={**self.identity, "seed": context.lease.seed},
            seed=context.lease.seed,
            data=self.data,
            repeats=self.repeats,
            device=self.device,
            report=context.report,
            should_stop=context.should_stop,
            rungs=self.rungs,
            log=context.log,
        )
        result = concluded(outcome, context, self.checkpoints, data=self.data)
        if result.status != "pruned":
            try:
                files.remove()
            except OSError as error:
                context.log(f"a folder of the training is left behind: {error}")
        return result
