"""How long a search still takes: from the spells of work that ended and the clock, and nothing else.

What a trial will take is the mean of the spells that had ended when the latest trial began. So while no
trial begins, as at the end when the last ones run side by side, the estimate falls with the clock and never
rises. A trial that takes longer is expected to end at once; where that is all there is, nothing is told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Spell(NamedTuple):
    """The work of one worker on one trial, until it ended or was paused; in seconds of one clock."""

    began: float
    ended: float


def seconds_left(
    spells: Sequence[Spell], running: Collection[float], *, waiting: int, idle: int = 0, now: float
) -> float | None:
    """Return how long a search still takes; None where nothing can be told.

    Args:
        spells: In the order of their ends.
        running: When each trial began that a worker is at.
        waiting: How many trials nobody has begun.
        idle: How many workers are about to begin one.
        now: The time.

    >>> each_minute = [Spell(0, 60), Spell(0, 60), Spell(60, 120)]
    >>> seconds_left(each_minute, [60, 120], waiting=3, now=130)
    120.0
    >>> seconds_left(each_minute, [60, 120], waiting=0, now=175)
    5.0
    """
    workers = len(running) + (idle if waiting else 0)
    if not spells or not workers:
        return None
    latest = now if waiting and idle else max([*running, *(spell.began for spell in spells)])
    known = [spell for spell in spells if spell.ended <= latest] or [spells[0]]
    each = sum(ended - began for began, ended in known) / len(known)
    free = sorted([0.0] * (workers - len(running)) + [max(0.0, each - (now - began)) for began in running])
    rounds, rest = divmod(waiting, workers)
    left = (rounds + 1) * each + free[rest - 1] if rest else rounds * each + free[-1]
    return left or None
