"""Limits: what a network may cost, checked before anything is trained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from ..errors import SpaceError, suggest
from ..graph import Totals
from .arithmetic import MAX_NUMBER, ExpressionError
from .document import Document, Place, Tree
from .parser import parse

COSTS = ("params", "macs", "flops", "activations")
OF_JOBS = {
    "latency": "..5ms",
    "sram": "..256KiB",
    "flash": "..1MiB",
    "memory": "..20MB",
    "weights": "..1MB",
    "training_memory": "..2GiB",
    "receptive_field": "31..",
}
"""Limits that a job has, not a space, with an example of each: they take a device, a target, a recipe."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """`low..high`, both included; either may be left out.

    Raises:
        SpaceError: If both are left out, low exceeds high, or one is not a whole number from 0 to 10^12.

    >>> str(Limit(high=200_000)), str(Limit(low=1_000, high=2_000_000))
    ('..200k', '1k..2M')
    """

    low: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if not ends or not all(type(end) is int and 0 <= end <= MAX_NUMBER for end in ends):
            raise SpaceError(
                f"a limit is low..high in whole numbers up to {MAX_NUMBER:,}, but got {self.low}..{self.high}"
            )
        if ends[0] > ends[-1]:
            raise SpaceError(f"`low <= high` must hold, but got '{self}'")

    def __str__(self) -> str:
        return f"{_amount(self.low)}..{_amount(self.high)}"

    def miss(self, cost: int) -> float:
        """Return the logarithm of the factor by which a cost misses the limit; 0 if it is met."""
        if self.high is not None and cost > self.high:
            return log((cost + 1) / (self.high + 1))
        if self.low is not None and cost < self.low:
            return log((self.low + 1) / (cost + 1))
        return 0.0

    def excess(self, cost: int) -> list[int]:
        """Return by how much a cost is beyond each end of the limit; none is above 0 if it is met."""
        above = [] if self.high is None else [cost - self.high]
        return above if self.low is None else [*above, self.low - cost]

    def tightened(self, other: Limit) -> Limit:
        """Return the limit that meets both."""
        lows = [x for x in (self.low, other.low) if x is not None]
        highs = [x for x in (self.high, other.high) if x is not None]
        return Limit(low=max(lows, default=None), high=min(highs, default=None))


def cost_of(totals: Totals, name: str) -> int:
    """Return one cost by its name."""
    return int(getattr(totals, name))


def miss(limits: Mapping[str, Limit], totals: Totals) -> float:
    """Return by how much the worst limit is missed, as `Limit.miss` says; 0 if all are met."""
    return max((limit.miss(cost_of(totals, name)) for name, limit in limits.items()), default=0.0)


def read_limits(document: Document, tree: Mapping[str, Tree], place: Place) -> dict[str, Limit]:
    """Return the limits of a `within:` section.

    Raises:
        SpaceError: For an unknown cost, or a text that is not a limit.
    """
    limits = {}
    for name, value in tree.items():
        if name in OF_JOBS:
            raise document.error((*place, name), _of_job(name), at_key=True)
        if name not in COSTS:
            raise document.unknown((*place, name), "within", COSTS)
        with document.at((*place, name)):
            limits[name] = parse_limit(value if isinstance(value, str) else "")
    return limits


def check_cost(name: str) -> None:
    """Check that a space may limit a cost.

    Raises:
        SpaceError: If it does not count that.
    """
    if name not in COSTS:
        law = _of_job(name) if name in OF_JOBS else f"within has no '{name}'{suggest(name, COSTS)}"
        raise SpaceError(law)


def _of_job(name: str) -> str:
    law = f"a space counts {', '.join(COSTS)}; {name} is a limit of a job"
    return f"{law}: `within: {{{name}: {OF_JOBS[name]}}}` there"


def check_limits(limits: Mapping[str, Limit]) -> None:
    """Raise unless every limit is one on a known cost."""
    for name, limit in limits.items():
        check_cost(name)
        if not isinstance(limit, Limit):
            raise SpaceError(f"a limit is a Limit, as in Limit(high=200_000), but {name} got {limit!r}")


def parse_limit(source: str) -> Limit:
    """Return the limit that a text holds.

    Raises:
        SpaceError: If it is not a limit.

    >>> parse_limit("..1M")
    Limit(low=None, high=1000000)
    """
    low, dots, high = source.partition("..")
    if not dots or not (low.strip() or high.strip()):
        amount = re.fullmatch(r"\s*(?:<=?|≤)?\s*([0-9][0-9._eE+]*[kKMG]?)\s*", source)
        near = f"; did you mean '..{amount[1]}'?" if amount else ""
        raise SpaceError(f"a limit is low..high, as in ..1M or 10k..1M, but got '{source}'{near}")
    return Limit(low=_number(low, source), high=_number(high, source))


def _number(part: str, source: str) -> int | None:
    if not part.strip():
        return None
    try:
        value = parse(part)
    except ExpressionError:
        value = None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SpaceError(f"a limit is in whole numbers, with k, M or G, but got '{source}'")
    return value


def _amount(value: int | None) -> str:
    if value is None:
        return ""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value and value % size == 0:
            return f"{value // size}{unit}"
    return str(value)
