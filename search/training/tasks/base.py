"""What a task is: a loss, the metrics of a part of the data, and what a network has to give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import torch
from torch import nn

from archscape.analysis.metrics import METRICS
from archscape.spaces.errors import JobError, ShapeError
from archscape.spaces.values import shape_text

from .scores import TASK_METRICS

if TYPE_CHECKING:
    from archscape.spaces.graph import Shape

    from ...datasets.dataset import Dataset

AUXILIARY = 0.3  # weight of auxiliary classifiers (Szegedy et al. 2014, section 5)

Outputs: TypeAlias = "torch.Tensor | tuple[torch.Tensor, ...]"
"""What a network gives for a batch: (N, ...), or several of which the first counts."""


class Tally(ABC):
    """Sums over the batches of a part, kept on the device: nothing waits for it before they are read.

    Attributes:
        is_finite: Whether every output so far was a finite number; a tensor of one bool.
    """

    def __init__(self, device: torch.device) -> None:
        self.is_finite = torch.ones((), dtype=torch.bool, device=device)

    @abstractmethod
    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch: float32 outputs and targets, both (n, ...)."""

    @abstractmethod
    def metrics(self) -> dict[str, float]:
        """Return the metrics of all batches, and counts behind them."""

    def confusion(self) -> list[list[int]] | None:
        """Return counts by class and by predicted class, as `Confusion.counts`; None if there are none."""
        return None


class Task(ABC):
    """What a network learns from a data set.

    Attributes:
        name: As data sets have it.
        fill: Of a target that is an image, what stands where a shift uncovers it; None if it is no image.
        output: Shape of what the network has to give for one sample.
        wanted: The same in words.
        targets: What the targets are, in words.
        row: The last row of a network that gives it.
        smooths: Whether there are labels to smooth.
        weighs: Whether the loss of a sample may count by its class.
        draws: Whether measuring a network draws random numbers, in the order of the samples.
        metrics: Those of the validation part that an epoch reports; the first is the score.
        mixes: Which of `mixup` and `cutmix` can mix its targets.
    """

    name: ClassVar[str]
    fill: ClassVar[float | None] = None
    smooths: ClassVar[bool] = False
    weighs: ClassVar[bool] = False
    draws: ClassVar[bool] = False
    mixes: tuple[str, ...] = ()
    output: tuple[int, ...]
    wanted: str
    targets: str
    row: str

    def __init__(
        self,
        data: Dataset,
        *,
        label_smoothing: float = 0.0,
        class_weights: str = "none",
        measures: tuple[str, ...] = (),
    ) -> None:
        if label_smoothing and not self.smooths:
            law = f"the targets of {data.name} are no labels ({self.name}); leave `label_smoothing:` out"
            raise JobError(f"recipe: {law}")
        if class_weights != "none" and not self.weighs:
            law = f"samples of {data.name} are not of one class each ({self.name})"
            raise JobError(f"recipe: {law}; leave `class_weights:` out")
        self.data = data
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.metrics = measures or TASK_METRICS[self.name]
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Set what follows from the data.

        Raises:
            JobError: If the data have not what the task needs.
        """

    def fits(self, output: tuple[int, ...]) -> bool:
        """Return whether a network that gives this for a sample can learn it."""
        return output == self.output

    def misfit(self, outputs: Sequence[Shape]) -> str:
        """Return what is wrong with all that a network gives, and what mends it; "" if it can learn."""
        wrong = next((output for output in outputs if not self.fits(output)), None)
        if wrong is None:
            return ""
        law = f"ends in {shape_text(wrong)}, but {self.data.name} has {self.targets}"
        return f"{law}; let its last row be `{self.row}`{_other_size(wrong, self.output)}"

    def check(self, model: nn.Module) -> None:  # noqa: B027 - most tasks need none
        """Check more than shapes of a network that fits.

        Raises:
            JobError: If it cannot learn the task.
        """

    def targets_of(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the targets of samples that are ready for the network: those of the data."""
        return y

    def gain(self, metrics: Mapping[str, float]) -> float:
        """Return the score so that more is better; by it schedules fall and repeats are kept."""
        score = self.metrics[0]
        return metrics[score] if METRICS[score].direction == "maximize" else -metrics[score]

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return targets in a form of which weighted means can be taken, and learned."""
        return targets

    def loss(self, outputs: Outputs, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of a batch: of the first output, and a share of that of auxiliary ones.

        Raises:
            ShapeError: If they are not what the network has to give.
        """
        if isinstance(outputs, torch.Tensor):
            return self._checked_loss(outputs, targets)
        first, *others = (self._checked_loss(each, targets) for each in outputs)
        return first + AUXILIARY * torch.stack(others).sum() if others else first

    def _checked_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        if len(outputs) != len(targets) or not self.fits(tuple(outputs.shape[1:])):
            raise ShapeError(f"the network gives {tuple(outputs.shape[1:])} for a sample, not {self.wanted}")
        return self.mean_loss(outputs, targets)

    def share(self, targets: torch.Tensor, whole: torch.Tensor) -> float | torch.Tensor:
        """Return how much the mean loss of some samples counts in that of the whole batch."""
        return len(targets) / len(whole)

    @abstractmethod
    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of a batch of one output."""

    def judged(self, outputs: Outputs) -> torch.Tensor:
        """Return what metrics are taken of, (n, ...): the first output."""
        return outputs if isinstance(outputs, torch.Tensor) else outputs[0]

    def evaluating(self, model: nn.Module, device: torch.device) -> AbstractContextManager[None]:
        """Return what holds while a module in evaluation mode is measured: nothing more."""
        return nullcontext()

    @abstractmethod
    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""


def is_list(output: tuple[int, ...]) -> bool:
    """Return whether the output for a sample (C, *spatial) is a list of numbers.

    Maps of one pixel are such lists, as of networks that end in their pooling (Lin et al. 2013).
    """
    return all(side == 1 for side in output[1:])


def _other_size(output: Shape, wanted: Shape) -> str:
    """Return that a map has another size, if the last row alone does not mend that."""
    size = shape_text(wanted[1:])
    return f" on a map of {size}, to which `upconv` leads back" if size and output[1:] != wanted[1:] else ""
