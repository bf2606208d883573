"""Liveness: whether an owner has lost its trial, dead or silent for a lease by the observer's own clock.

No two clocks are compared: the observer remembers the last heartbeat that it saw and when, so a clock that
jumps, or a database that was away for longer than a lease, makes nobody look dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field

from .owner import Owner
from .trial import TrialRecord


@dataclass(kw_only=True)
class LivenessMonitor:
    """What one process has seen of the others.

    Attributes:
        clock: Seconds that only rise.
    """

    clock: Callable[[], float] = time.monotonic
    _seen: dict[int, tuple[Hashable, float]] = field(default_factory=dict)

    def silent_seconds(self, number: int, heartbeat: Hashable, *, since: float = float("-inf")) -> float:
        """Return for how long the owner of a trial has sent no other heartbeat than this one.

        Args:
            number: Number of the trial.
            heartbeat: The latest one; a new one ends the silence.
            since: Silence before this moment does not count: nobody could send one then.
        """
        now = self.clock()
        known, first = self._seen.get(number, (None, now))
        if known != heartbeat:
            first = now
        self._seen[number] = (heartbeat, first)
        return now - max(first, since)

    def is_free(
        self, record: TrialRecord, observer: Owner, *, lease_seconds: float, since: float = float("-inf")
    ) -> bool:
        """Return whether nobody works on a trial: it waits, or its owner is dead or silent for a lease.

        Args:
            record: The trial.
            observer: This process; a trial of its own that comes here is one that it gave up.
            lease_seconds: After how long a silent owner has lost its trial.
            since: See `silent_seconds`.
        """
        if record.owner is None or record.owner == observer:
            return True
        heartbeat = (record.owner, record.beat, record.attempts)
        silent = self.silent_seconds(record.number, heartbeat, since=since)
        return bool(record.owner.is_dead(observer)) or silent > lease_seconds

    def keep(self, numbers: Collection[int]) -> None:
        """Forget all other trials."""
        self._seen = {number: seen for number, seen in self._seen.items() if number in numbers}
