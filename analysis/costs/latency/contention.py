"""Who else used the processors while times were measured: a busy machine's times are longer than its own.

Two shares tell. A process that computes without a pause has as much processor time as wall time; what is
missing it waited for a processor. With several threads that does not show, since the time of all is added up;
there the system tells how long each was ready and did not run. And the system counts what all processors did:
what this process did not do, other programs did, which share caches, memory and clock even where a processor
is free.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

WAITED = 0.05
"""Share of the time from which on a process that waits for a processor says that the machine is busy."""
OTHERS = 0.2
"""And the share of the machine that other programs use."""
SHORTEST = 0.2
"""Seconds from which on the system's counters, of a hundredth of a second, tell something."""
_STAT = Path("/proc/stat")
_THREADS = Path("/proc/self/task")


@dataclass(frozen=True, kw_only=True)
class Contention:
    """What else ran while times were measured.

    Attributes:
        waited: Share of the time in which this process had no processor; 0 where it waits for a GPU.
        others: Share of all processors that other programs used; None where the system does not tell.
    """

    waited: float
    others: float | None

    @property
    def is_busy(self) -> bool:
        """Whether times are too long for that."""
        return self.waited > WAITED or (self.others or 0.0) > OTHERS

    @property
    def sentence(self) -> str:
        """What was found, for whoever reads the times.

        >>> Contention(waited=0.31, others=0.48).sentence
        'the machine was busy: this process waited 31% of the time, others used 48% of the processors'
        """
        others = "" if self.others is None else f", others used {self.others:.0%} of the processors"
        state = "busy" if self.is_busy else "idle"
        return f"the machine was {state}: this process waited {self.waited:.0%} of the time{others}"


def watch_contention(device: str = "cpu") -> Callable[[], Contention]:
    """Begin to watch the processors; what it returns gives what they did since.

    >>> 0 <= watch_contention()().waited <= 1
    True
    """
    wall, own, counted = time.perf_counter(), time.process_time(), _processor_seconds()
    threads = _thread_seconds()

    def since() -> Contention:
        passed, used = time.perf_counter() - wall, time.process_time() - own
        waited = 0.0
        if device == "cpu" and passed >= SHORTEST:
            waited = max(0.0, 1 - used / passed, _held_off(threads, _thread_seconds(), passed))
        return Contention(
            waited=round(waited, 3), others=_others(counted, _processor_seconds(), passed, used)
        )

    return since


def _thread_seconds() -> dict[str, tuple[float, float]]:
    """Return how long each thread of this process ran, and was ready and did not; none if nobody tells."""
    seconds = {}
    for schedstat in _THREADS.glob("*/schedstat"):
        with suppress(OSError, ValueError):  # it ended just now
            ran, ready, _ = map(int, schedstat.read_text(encoding="ascii").split())
            seconds[schedstat.parent.name] = (ran / 1e9, ready / 1e9)
    return seconds


def _held_off(
    before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]], passed: float
) -> float:
    """Return the share of the processors that the threads could have had and did not.

    More threads than processors are in each other's way: what they cannot have at once is not held off.

    >>> _held_off({"1": (4.0, 0.0)}, {"1": (4.5, 0.5), "2": (0.5, 0.5)}, passed=2.0)
    0.5
    """
    ran, ready = (
        sum(seconds[which] - before.get(thread, (0.0, 0.0))[which] for thread, seconds in after.items())
        for which in (0, 1)
    )
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = min(ran + ready, passed * own)
    return max(0.0, 1 - ran / wanted) if wanted > 0 else 0.0


def _others(
    before: tuple[float, float] | None, after: tuple[float, float] | None, passed: float, used: float
) -> float | None:
    """Return the share of all processors that other programs used, from counters before and after."""
    if before is None or after is None:
        return _from_load_average()
    busy, total = after[0] - before[0], after[1] - before[1]
    if passed < SHORTEST or total <= 0:
        return None
    return round(min(1.0, max(0.0, (busy - used) / total)), 3)


def _processor_seconds() -> tuple[float, float] | None:
    """Return what all processors together did since the system began, and that with their pauses."""
    try:
        line = _STAT.read_text(encoding="ascii").partition("\n")[0]
        user, nice, system, idle, wait, *interrupts = map(int, line.split()[1:9])
        second = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
    busy = user + nice + system + sum(interrupts)  # the last of them is what other virtual machines took
    return busy / second, (busy + idle + wait) / second


def _from_load_average() -> float | None:
    """Return the share of the processors that the load of the last minute, less this process, would take."""
    if not hasattr(os, "getloadavg"):
        return None
    return round(min(1.0, max(0.0, os.getloadavg()[0] - 1) / (os.cpu_count() or 1)), 3)
