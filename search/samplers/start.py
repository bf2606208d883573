"""How a search starts: random samples, before there is anything to go by."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .base import Proposal

if TYPE_CHECKING:
    from archscape.spaces import Space

    from ..study.history import History


def random_start(space: Space, history: History, rng: random.Random, startup: int) -> Iterator[Proposal]:
    """Yield random samples without end, each as a start.

    Args:
        space: Where they come from.
        history: What was tried.
        rng: Draws them.
        startup: How many trials of a study are random; a further one is where no trial has ended yet.
    """
    number = history.submitted + 1
    reason = f"random start {number} of {startup}" if number <= startup else "random, as no trial is complete"
    while True:
        yield Proposal(sample=space.sample(rng), reason=reason)
