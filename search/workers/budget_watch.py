"""BudgetWatch: what the budget of a search still allows, as one process sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from archscape.spaces.errors import StudyError

from ..study.budget import Budget, Spent
from ..study.study import Allowed, Study

REFRESH_SECONDS = 1.0


@dataclass(kw_only=True)
class BudgetWatch:
    """Follows the budget of a search.

    While this process lives the search does, so the time of the budget ends for it at a moment that it knows;
    the rest it reads from the study every second.

    Attributes:
        budget: The budget; None where there is none.
        clock: Seconds that only rise.
        deadline: When the time of the budget is over, by the clock.
        allowed: What the budget allowed when the study was read last.
    """

    budget: Budget | None
    study: Study
    clock: Callable[[], float] = time.monotonic
    deadline: float = inf
    allowed: Allowed = "begin"
    _spent: Spent = field(default_factory=Spent)
    _read: float = -inf
    _unsent: int = 0

    @property
    def is_over(self) -> bool:
        """Whether trials under way are to be cut; costs nothing to ask."""
        if self.budget is None:
            return False
        epochs = self.budget.epochs or inf
        spent = self._spent.epochs + self._unsent >= epochs
        return self.allowed == "nothing" or spent or self.clock() >= self.deadline

    def refresh(self) -> Allowed:
        """Read the study and return what is allowed now."""
        if self.budget is not None:
            now = self.clock()
            self._spent, self._read, self._unsent = self.study.spent(), now, 0
            if self.budget.seconds is not None:
                self.deadline = now + self.budget.seconds - self._spent.seconds
            if self.budget.ended(self._spent):
                self.allowed = "nothing"
            else:
                self.allowed = "resume" if self.budget.forbids(self._spent) else "begin"
        return self.allowed

    def note_epoch(self) -> None:
        """Take note that an epoch was trained that the study does not know yet."""
        self._unsent += 1

    def note_sent(self) -> None:
        """Read the study if that was a while ago: epochs were sent to it."""
        if self.budget is not None and self.clock() - self._read > REFRESH_SECONDS:
            with suppress(StudyError):
                self.refresh()
