"""Limits on metrics, `low..high` with both ends, and the violation: how far a trial is beyond all of them.

A trial without violation is feasible. The violation orders the others, as in the constrained domination of
Deb et al. (2002): a trial that is less beyond the limits is better than one that is more, whatever their
objectives.

>>> limits = {"accuracy": MetricLimit.parse("0.9.."), "memory": MetricLimit.parse("..1M")}
>>> violation(limits, {"accuracy": 0.95, "memory": 1e6}), violation(limits, {"accuracy": 0.45, "memory": 2e6})
(0.0, 1.5)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, isnan, nan
from typing import Any, Self, TypeAlias

from archscape.spaces.errors import JobError

from .limit_units import NUMBERS, LimitUnit, limit_unit
from .metrics import read_metrics


@dataclass(frozen=True, kw_only=True)
class MetricLimit:
    """What a metric may be; either end may be left out.

    Attributes:
        unit: The unit of the metric, which says how its limits are written.

    Raises:
        JobError: If both are left out, one is not finite, or low exceeds high.

    >>> str(MetricLimit.parse("90%..")), str(MetricLimit(low=1.5, high=2_000_000))
    ('0.9..', '1.5..2000000')
    >>> str(MetricLimit.parse("..262144", "bytes")), MetricLimit.parse("..1.5KiB", "bytes").high
    ('..256KiB', 1536.0)
    """

    low: float | None = None
    high: float | None = None
    unit: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if not ends or not all(map(isfinite, ends)):
            raise JobError(f"a limit is low..high in numbers, as in 0.9.., but got '{self}'")
        if ends[0] > ends[-1]:
            raise JobError(f"`low <= high` must hold, but got '{self}'")

    def __str__(self) -> str:
        return self._text(limit_unit(self.unit).write)

    @property
    def plain(self) -> str:
        """The limit in plain numbers, as studies keep it: two that are the same are the same text.

        >>> MetricLimit.parse("..256KiB", "bytes").plain
        '..262144'
        """
        return self._text(NUMBERS.write)

    def measured(self, value: float) -> str:
        """Return what something has of the metric, to be read beside the limit."""
        return limit_unit(self.unit).measured(value)

    def _text(self, write: Callable[[float], str]) -> str:
        return "..".join("" if end is None else write(end) for end in (self.low, self.high))

    @property
    def words(self) -> str:
        """The limit as a sentence has it.

        >>> MetricLimit.parse("90%..").words, MetricLimit.parse("1..2").words
        ('at least 0.9', 'from 1 to 2')
        """
        low, _, high = str(self).partition("..")
        if low and high:
            return f"from {low} to {high}"
        return f"at least {low}" if low else f"at most {high}"

    @classmethod
    def parse(cls, text: str, unit: str = "") -> Self:
        """Return the limit that a text holds, on a metric of this unit.

        Raises:
            JobError: If it is not one.
        """
        low, dots, high = text.partition("..")
        ways = limit_unit(unit)
        if not dots:
            near = "" if ways.parse(text) is None else f"; did you mean '{text}..' or '..{text}'?"
            raise JobError(f"a limit is low..high, as in {ways.example}, but got '{text}'{near}")
        return cls(low=_end(low, text, ways), high=_end(high, text, ways), unit=unit)

    def beyond(self, value: float) -> float:
        """Return how far a value is outside, in units of the end that it is beyond; 0 if it is within."""
        if isnan(value):
            return inf
        for end, excess in ((self.low, (self.low or 0.0) - value), (self.high, value - (self.high or 0.0))):
            if end is not None and excess > 0:
                return excess / (abs(end) or 1.0)
        return 0.0

    def holds(self, value: float) -> bool:
        """Tell whether a value is within."""
        return self.beyond(value) == 0

    def excess(self, value: float) -> list[float]:
        """Return by how much a value is beyond each end; none is above 0 if it is within."""
        above = [] if self.high is None else [value - self.high]
        return above if self.low is None else [*above, self.low - value]


Limits: TypeAlias = Mapping[str, MetricLimit]


def violation(limits: Limits, values: Mapping[str, Any]) -> float:
    """Return by how much all limits are missed; 0 if they are met, infinite where a value is not known."""
    return sum((limit.beyond(float(values.get(name, nan))) for name, limit in limits.items()), start=0.0)


def read_limits(facts: Mapping[str, Any]) -> dict[str, MetricLimit]:
    """Return the limits of a study with these facts on what only training can tell, by metric."""
    texts, metrics = facts.get("limits", {}), read_metrics(facts)
    return {
        name: MetricLimit.parse(text, metrics[name].unit)
        for name, text in texts.items()
        if not metrics[name].is_known_before_training
    }


def _end(part: str, text: str, ways: LimitUnit) -> float | None:
    if not part.strip():
        return None
    value = ways.parse(part)
    if value is None:
        raise JobError(f"{ways.law}, as in {ways.example}, but got '{text}'{ways.hint(part)}")
    return value
