"""The rules by which a learning rate falls: each a share of the peak for a step, and its settings.

A new one is a class here and a line in `SCHEDULES`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from archscape.spaces.errors import JobError
from archscape.spaces.kinds import Kind, number, optional, whole
from archscape.spaces.language.settings import RuleSettings
from archscape.spaces.registry import LazyTable


class Progress(NamedTuple):
    """Where a training is, or one of its cycles.

    Attributes:
        step: Steps before this one.
        steps: Of the whole.
        rise: Steps of the warm-up.
        per_epoch: Steps of an epoch.
    """

    step: int
    steps: int
    rise: float
    per_epoch: int

    @property
    def left(self) -> float:
        """The share of the steps after the warm-up that is left; never zero."""
        return min(1.0, (self.steps - self.step) / max(self.steps - self.rise, 1))


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings(RuleSettings, ABC):
    """Settings of a schedule; its warm-up is the recipe's."""

    rises: ClassVar[bool] = False
    """Whether it has a rise of its own in place of the line from zero."""
    has_cycles: ClassVar[bool] = False
    """Whether it begins anew after every rung of early stopping."""

    @abstractmethod
    def share(self, progress: Progress) -> float:
        """Return the share of the peak rate for a step."""

    def divisor_at(self, stale: int) -> float:
        """Return what the rate is divided by, from then on, after so many epochs without a better score."""
        return 1.0

    def misfit(self, *, epochs: int, warmup: float) -> str:
        """Return why it does not fit a recipe; "" if it does."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Constant(ScheduleSettings):
    """The peak to the end."""

    name: ClassVar[str] = "constant"

    def share(self, progress: Progress) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Linear(ScheduleSettings):
    """To zero along a line."""

    name: ClassVar[str] = "linear"

    def share(self, progress: Progress) -> float:
        """Return what is left."""
        return progress.left


@dataclass(frozen=True, kw_only=True)
class Cosine(ScheduleSettings):
    """To zero along half a cosine (Loshchilov and Hutter 2016)."""

    name: ClassVar[str] = "cosine"

    def share(self, progress: Progress) -> float:
        """Return half of 1 + cos."""
        return math.sin(math.pi / 2 * progress.left) ** 2


@dataclass(frozen=True, kw_only=True)
class Rungs(Cosine):
    """Half a cosine to every rung of early stopping, each with a warm-up of its own."""

    name: ClassVar[str] = "rungs"
    has_cycles: ClassVar[bool] = True


def _divisor() -> Kind[float]:
    return number("a number above 1", lambda value: value > 1)


@dataclass(frozen=True, kw_only=True)
class Plateau(ScheduleSettings):
    """A fraction of what it was whenever the validation score stops rising.

    Attributes:
        patience: Epochs without a better score before it falls.
        divisor: What the rate is divided by.
    """

    name: ClassVar[str] = "plateau"
    patience: Annotated[int, whole(1)] = 5
    divisor: Annotated[float, _divisor()] = 10.0

    def share(self, progress: Progress) -> float:
        """Return 1: it falls by scores alone."""
        return 1.0

    def divisor_at(self, stale: int) -> float:
        """Return the divisor when patience is over."""
        return self.divisor if stale == self.patience else 1.0


@dataclass(frozen=True, kw_only=True)
class Step(ScheduleSettings):
    """A fraction of what it was after every so many epochs.

    Attributes:
        every: Epochs between two falls; none for a third of all.
        divisor: What the rate is divided by.
    """

    name: ClassVar[str] = "step"
    every: Annotated[int | None, optional(whole(1))] = None
    divisor: Annotated[float, _divisor()] = 10.0

    def share(self, progress: Progress) -> float:
        """Return a power of the fraction."""
        falls = (
            3 * progress.step // progress.steps
            if self.every is None
            else progress.step // (self.every * progress.per_epoch)
        )
        return float(self.divisor**-falls)

    def misfit(self, *, epochs: int, warmup: float) -> str:
        """Return that no fall would come, if so."""
        if self.every is None or self.every < epochs:
            return ""
        law = f"a fall after every {self.every} epochs never comes in {epochs}"
        return f"{law}; leave `every:` out for a third of them, or take fewer"


@dataclass(frozen=True, kw_only=True)
class Wsd(ScheduleSettings):
    """Warm-up, the peak, and in the end to zero as 1 - sqrt (Haegele et al. 2024, section 3).

    Attributes:
        decay: Share of all steps in which it falls.
    """

    name: ClassVar[str] = "wsd"
    decay: Annotated[float, number("a share above 0 up to 1", lambda share: 0 < share <= 1)] = 0.2

    def share(self, progress: Progress) -> float:
        """Return 1 - sqrt of how much of the fall is done."""
        done = 1 - (progress.steps - progress.step) / (self.decay * progress.steps)
        return 1.0 if done <= 0 else 1 - math.sqrt(done)

    def misfit(self, *, epochs: int, warmup: float) -> str:
        """Return that the fall would begin in the warm-up, if so."""
        if warmup + self.decay <= 1 + 1e-9:
            return ""
        law = f"a warm-up of {warmup:g} and a fall of {self.decay:g} are more than all steps"
        return f"{law}; let `warmup:` and `decay:` add up to at most 1"


@dataclass(frozen=True, kw_only=True)
class OneCycle(ScheduleSettings):
    """Along half a cosine up to the peak in the warm-up, and along another down (Smith and Topin 2017).

    Momentum stays what it is.

    Attributes:
        start: What the peak is divided by at the first step.
        end: What the first rate is divided by at the last step.
    """

    name: ClassVar[str] = "one-cycle"
    rises: ClassVar[bool] = True
    start: Annotated[float, _divisor()] = 25.0
    end: Annotated[float, _divisor()] = 1e4

    def share(self, progress: Progress) -> float:
        """Return what `torch.optim.lr_scheduler.OneCycleLR` gives."""
        top, last = max(progress.rise - 1, 0.0), progress.steps - 1
        first = 1 / self.start
        if progress.step <= top and top > 0:
            return _along_cosine(first, 1.0, progress.step / top)
        return _along_cosine(1.0, first / self.end, (progress.step - top) / max(last - top, 1))


def _along_cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


SCHEDULES: LazyTable[type[ScheduleSettings]] = LazyTable(
    "schedule",
    __name__,
    {
        kind.name: f"{__name__}:{kind.__name__}"
        for kind in (Constant, Cosine, Linear, OneCycle, Plateau, Rungs, Step, Wsd)
    },
    error=JobError,
)
"""The settings of each schedule, by its name in the `schedule:` of a recipe."""
