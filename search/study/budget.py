"""Budget: what a search may spend; what it has spent; whether another trial may begin.

A search ends when the first limit of its budget is reached. Before that no trial is begun that would most
likely be cut: none, once what is left is less than the median that the trials so far took, those that were
complete or that a rule stopped early. Of device seconds and epochs, what the running trials still need by
that median is set aside first. Of time a twentieth, at most half a minute, is left for checkpoints and the
report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from archscape.analysis.reports.format import plain_span
from archscape.spaces.errors import JobError
from archscape.spaces.kinds import number, optional, whole
from archscape.spaces.language.settings import Settings, kinds_of

BUDGET = "budget"
"""The cause of the trials that a budget cut."""

CUT = "the budget of the search was spent; it goes on if that is raised"
"""Their message."""

REPORT_SHARE = 0.05
REPORT_SECONDS = 30.0
"""What of the time is left for the end: this share of it, at most so long."""

_AMOUNT = optional(number("a number above 0 and up to 1e9", lambda value: 0 < value <= 1e9))


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a study has spent.

    Attributes:
        seconds: Time in which the search was alive, in whatever processes.
        device_seconds: Sum of what its trainings took, those under way included.
        epochs: Epochs trained in all.
        without_gain: Trials that ended since the hypervolume grew last.
        typical_seconds: Median of what a training took; 0 before the first.
        typical_epochs: Likewise.
        reserved_seconds: What the running trials still need until each has taken that long.
        reserved_epochs: Likewise.
    """

    seconds: float = 0.0
    device_seconds: float = 0.0
    epochs: int = 0
    without_gain: int = 0
    typical_seconds: float = 0.0
    typical_epochs: float = 0.0
    reserved_seconds: float = 0.0
    reserved_epochs: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """One limit of a budget, and how far a study is from it.

    Attributes:
        text: What it is, in words.
        most: What may be spent; 0 where the budget has no such limit.
        spent: What was.
        show_left: Returns what is left in words.
        typical: What a trial spends.
        reserved: What the running trials still spend.
    """

    text: str
    most: float
    spent: float
    show_left: Callable[[float], str]
    typical: float = 0.0
    reserved: float = 0.0

    @property
    def left(self) -> float:
        """What is left; below 0 once more was spent."""
        return self.most - self.spent

    @property
    def forbids_another(self) -> bool:
        """Whether what is left is too little for one more trial."""
        return self.left - self.reserved < (self.typical or 1e-9)


@dataclass(frozen=True, kw_only=True)
class Budget(Settings):
    """What a search may spend; the first limit that is reached ends it.

    Attributes:
        hours: Time in which the search is alive, summed over restarts; `minutes` are added.
        minutes: Likewise.
        device_hours: Sum of the seconds that the trials train.
        epochs: Epochs trained in all.
        patience: Trials without a gain in hypervolume, one after the other.
    """

    name: ClassVar[str] = BUDGET
    hours: Annotated[float | None, _AMOUNT] = None
    minutes: Annotated[float | None, _AMOUNT] = None
    device_hours: Annotated[float | None, _AMOUNT] = None
    epochs: Annotated[int | None, optional(whole(1))] = None
    patience: Annotated[int | None, optional(whole(1))] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.to_dict():
            raise JobError(f"budget: names at least one of {', '.join(kinds_of(Budget))}")

    @property
    def seconds(self) -> float | None:
        """For how long trials may be trained, in seconds since the search began; None for any time."""
        seconds = 3600.0 * (self.hours or 0) + 60.0 * (self.minutes or 0)
        return seconds - min(REPORT_SHARE * seconds, REPORT_SECONDS) or None

    def to_dict(self) -> dict[str, int | float]:
        """Return the limits in plain types, as a document has them."""
        values = {name: getattr(self, name) for name in kinds_of(Budget)}
        return {name: value for name, value in values.items() if value is not None}

    def ended(self, spent: Spent) -> str:
        """Return in words the limit that is reached; "" if none is."""
        return next((limit.text for limit in self._limits(spent) if limit.left <= 0), "")

    def forbids(self, spent: Spent) -> str:
        """Return in words the limit for which no trial may begin; "" if one may."""
        return next((limit.text for limit in self._limits(spent) if limit.forbids_another), "")

    def left(self, spent: Spent) -> str:
        """Return in words what is left.

        >>> Budget(minutes=3, epochs=100).left(Spent(seconds=120, epochs=40))
        '51.0 s and 60 epochs of the budget left'
        """
        amounts = [limit.show_left(max(limit.left, 0)) for limit in self._limits(spent)]
        return f"{' and '.join(amounts)} of the budget left"

    def _limits(self, spent: Spent) -> list[_Limit]:
        spans = ((self.hours, "h"), (self.minutes, "min"))
        device_hours = self.device_hours or 0.0
        limits = [
            _Limit(
                text=" ".join(f"{number:g} {unit}" for number, unit in spans if number),
                most=self.seconds or 0.0,
                spent=spent.seconds,
                show_left=plain_span,
                typical=spent.typical_seconds,
            ),
            _Limit(
                text=f"{device_hours:g} device hour{'s' if device_hours != 1 else ''}",
                most=3600.0 * device_hours,
                spent=spent.device_seconds,
                show_left=lambda left: f"{plain_span(left)} of training",
                typical=spent.typical_seconds,
                reserved=spent.reserved_seconds,
            ),
            _Limit(
                text=f"{self.epochs or 0:,} epochs",
                most=self.epochs or 0,
                spent=spent.epochs,
                show_left=lambda left: f"{left:,} epochs",
                typical=spent.typical_epochs,
                reserved=spent.reserved_epochs,
            ),
            _Limit(
                text=f"{self.patience or 0:,} trials without a gain in hypervolume",
                most=self.patience or 0,
                spent=spent.without_gain,
                show_left=lambda left: f"{left:,} trials without a gain",
            ),
        ]
        return [limit for limit in limits if limit.most]
