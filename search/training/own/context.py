"""TrainContext: what a training function of the user's gets beside its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, SupportsFloat

from archscape.spaces.language.plain import Plain

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ...datasets.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class TrainContext:
    """What a training function gets beside its network.

    ::

        def fit(network, context):
            model = network.build().to(context.device)
            for epoch in range(1, context.epochs + 1):
                ...
                if not context.report(epoch, {"accuracy": accuracy}):
                    break
            context.save(model)
            return {"accuracy": accuracy}

    Attributes:
        settings: Those of the job's `train:`.
        data: The job's data, on the CPU, or None if it names none. It is shared by all trials of the process.
        device: Where to train: `cpu`, `cuda`, `cuda:N` or `mps`.
        seed: Of this training. The global generators of Python, NumPy and torch have been seeded with it.
        epochs: The budget: `epochs` of the job's `train:`.
        checkpoints: A folder of this training's own. It survives the process: a training that was killed,
            interrupted, or stopped early and promoted later finds in it what it left there. It is removed
            when the trial has ended.
    """

    settings: Mapping[str, Plain]
    data: Dataset | None
    device: str
    seed: int
    epochs: int
    checkpoints: Path
    _report: Callable[[object, object], bool] = field(repr=False)
    _save: Callable[[nn.Module | Mapping[str, Tensor]], None] = field(repr=False)
    _should_stop: Callable[[], bool] = field(repr=False)
    _log: Callable[[str], None] = field(repr=False)

    def __reduce__(self) -> NoReturn:
        """Stay in this process: one process reports, for all that the function starts."""
        law = "a TrainContext stays in the process that was given it"
        raise TypeError(f"{law}; hand on its settings, data, seed and epochs, and let that process report")

    def report(self, epoch: int, metrics: Mapping[str, SupportsFloat] | None = None) -> bool:
        """Report an epoch; return whether to go on.

        After False the function returns as soon as it can, with its state in `checkpoints`: the trial is
        stopped early, interrupted, out of time, or was given to another worker. What it returns then does
        not count.

        Args:
            epoch: Epochs trained, from 1 to `epochs`; each is reported once, in ascending order.
            metrics: The latest metrics, those of the objectives among them. Without metrics, which early
                stopping needs, a report only asks whether to go on.

        Raises:
            JobError: If the epoch or a metric is none; the search ends.
        """
        return self._report(epoch, metrics)

    def should_stop(self) -> bool:
        """Return whether the function is to return now; cheap enough to ask at every step."""
        return self._should_stop()

    def save(self, weights: nn.Module | Mapping[str, Tensor]) -> None:
        """Hand over trained weights of the network, which are then kept, exported and measured.

        The latest ones count. They are on disk when this returns.

        Args:
            weights: The module, also one wrapped for data parallelism or compiled; or its state dict.

        Raises:
            JobError: If they are not the network's; the search ends.
        """
        self._save(weights)

    def log(self, text: object) -> None:
        """Append lines to the log of the trial, `logs/trial-NUMBER.log`."""
        self._log(str(text))
