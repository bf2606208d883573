"""Which weights of a search stay on disk: `keep: best 5`, `frontier` or `all`.

A trial that others have beaten is never better than they are again, so weights that are not kept now are not
needed later, unless one of those is dropped; and every process may remove them from its folder.
"""

from __future__ import annotations

import bisect
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import Objectives
from archscape.analysis.results import ADDED
from archscape.spaces.kinds import matching

if TYPE_CHECKING:
    from sqlalchemy import Row

    from .frontier import FrontierState

ALL = "all"
KEEP = matching(r"all|frontier|best [1-9]\d{0,5}", "all, frontier, or best N as in `best 5`")

SUFFIX = ".safetensors"


@dataclass(kw_only=True)
class KeptWeights:
    """The complete trials of a study whose weights stay; taken in from the changes of the study.

    A result that is known from elsewhere has no weights, and takes no place of those that have.

    The best trial by the first objective always stays, of equals the earliest, as `export` takes it.

    Attributes:
        keep: The setting of the job.
        limits: What a metric of training may be: a trial beyond them is worse than any within.
        held: Canonical hashes of the networks whose weights stay, by the number of the trial.
        seen: Place of the latest change of the study that is in here.
    """

    keep: str
    objectives: Objectives
    limits: Limits = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    seen: int = -1
    _values: dict[int, Mapping[str, float]] = field(default_factory=dict)
    _frontier: FrontierState = field(init=False)
    _best: list[tuple[float, float, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._rank()

    def take(self, changes: Iterable[Row[*tuple[Any, ...]]]) -> dict[int, str]:
        """Take in the changes of trials; return those whose weights may go, with the hash of each network."""
        gone: dict[int, str] = {}
        for change in changes:
            self.seen = change.changed
            if change.state == "complete" and change.cause != ADDED and change.number not in self.held:
                self._values[change.number] = {**json.loads(change.costs), **json.loads(change.metrics)}
                self.held[change.number] = change.hash
                self._add(change.number)
            elif change.state != "complete" and change.number in self.held:  # it was dropped
                gone[change.number] = self._release(change.number)
                self._rank()
        if self.keep == ALL:
            return {}
        numbers = {number for *_, number in self._best}
        if self.keep == "frontier":
            numbers |= {*self._frontier.front}
        return gone | {number: self._release(number) for number in self.held.keys() - numbers}

    def _release(self, number: int) -> str:
        del self._values[number]
        return self.held.pop(number)

    def _rank(self) -> None:
        """Rank all trials that are held anew."""
        from .frontier import FrontierState  # loads what whoever reads a job needs not

        self._frontier, self._best = FrontierState(objectives=self.objectives), []
        for number in self.held:
            self._add(number)

    def _add(self, number: int) -> None:
        values = self._values[number]
        beyond = violation(self.limits, values)
        self._frontier.add(number, values, ended=0, violation=beyond)
        name, way = next(iter(self.objectives.items()))
        value = values.get(name, math.inf)
        bisect.insort(self._best, (beyond, -value if way == "maximize" else value, number))
        count = int(self.keep.removeprefix("best ")) if self.keep.startswith("best ") else 1
        del self._best[count:]


def remove_weights(checkpoints: Path, hashes: Iterable[str], log: Callable[[str], object]) -> None:
    """Remove the weights of networks from a folder; those that cannot be removed are in nobody's way."""
    for digest in hashes:
        try:
            (checkpoints / f"{digest}{SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            log(f"weights that need not be kept are left behind: {error}")


def weights_bytes(checkpoints: Path) -> int:
    """Return how many bytes the weights in a folder take, as far as that can be read."""
    total = 0
    try:
        with os.scandir(checkpoints) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    total += entry.stat().st_size
    except OSError:
        return total
    return total
