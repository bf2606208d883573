"""A calibration of a device: the seconds of each class of operators, and their file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from archscape.spaces.errors import InputError
from archscape.spaces.printing import Printed, Printout

from .contention import Contention
from .cost_model import OTHER
from .device_setup import DeviceSetup
from .fit import Rates

FORMAT = 1
LEVEL = 0.9
"""The share of networks that an interval is to hold."""
SANE = (0.5, 2.0)
"""Ends of an interval beyond which a prediction says little."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well a calibration predicts the time of graphs that it had not seen, in a cross-validation.

    Attributes:
        error: Median of the relative errors.
        low: What a prediction is multiplied with for the lower end of its interval.
        high: And for the upper end.
    """

    error: float
    low: float
    high: float

    @property
    def is_wide(self) -> bool:
        """Whether the interval is wider than an idle machine gives it."""
        return self.low < SANE[0] or self.high > SANE[1]

    @property
    def interval(self) -> str:
        """The interval to read.

        >>> Quality(error=0.04, low=0.77, high=4.57).interval
        '-23% to +357%'
        """
        return f"{self.low - 1:+.0%} to {self.high - 1:+.0%}"


@dataclass(frozen=True, kw_only=True, repr=False)
class Calibration(Printed):
    """The rates of a device.

    Attributes:
        setup: The device, and how networks run on it.
        rates: Seconds of the terms of each class of operators.
        cache: Bytes of its last cache: weights that exceed it come from memory.
        quality: How well it predicts.
        operators: How many operators were timed.
        left_out: How many graphs of operators PyTorch cannot run in the setup.
        made: When, ISO 8601, UTC.
        contention: What else ran meanwhile; None where that was not watched.
    """

    setup: DeviceSetup
    rates: Mapping[str, Rates] = field(hash=False)
    cache: int
    quality: Quality
    operators: int
    left_out: int
    made: str
    contention: Contention | None = None

    @property
    def is_disturbed(self) -> bool:
        """Whether the machine was busy while operators were timed."""
        return self.contention is not None and self.contention.is_busy

    def printout(self) -> Printout:
        """Return how many operators were timed, and how well they predict."""
        rows = [
            ("operators timed", self.operators),
            ("classes of operators", len(self.rates)),
            ("median error, %", 100 * self.quality.error),
            ("interval begins, %", 100 * (self.quality.low - 1)),
            ("interval ends, %", 100 * (self.quality.high - 1)),
        ]
        title = f"calibration of {self.setup.description}"
        return Printout(title=title, columns=("found", "value"), rows=rows)

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return it as text; every number keeps all its digits."""
        kinds = {kind: {"seconds": list(r.seconds), "cold": r.cold} for kind, r in self.rates.items()}
        tree = {
            "archscape calibration": FORMAT,
            "setting": asdict(self.setup),
            "cache": self.cache,
            "quality": asdict(self.quality),
            "operators": self.operators,
            "left_out": self.left_out,
            "made": self.made,
            "rates": kinds,
        }
        if self.contention is not None:
            tree["contention"] = asdict(self.contention)
        return json.dumps(tree, indent=indent)

    @classmethod
    def from_json(cls, text: str, *, name: str) -> Calibration:
        """Read a calibration.

        Args:
            text: What `to_json` gave.
            name: What it was read from, for the message.

        Raises:
            InputError: If it is none, or is damaged.
        """
        try:
            tree = json.loads(text, parse_constant=_no_number)
            if tree["archscape calibration"] != FORMAT:
                raise ValueError(f"its format is {tree['archscape calibration']}, and this is {FORMAT}")
            return _calibration(tree)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            law = f"{name}: not a calibration that can be used ({what})"
            raise InputError(f"{law}; delete it and run `archscape calibrate`") from None


def _calibration(tree: Mapping[str, Any]) -> Calibration:
    rates = {
        str(kind): Rates(tuple(map(_amount, entry["seconds"])), _amount(entry["cold"]))
        for kind, entry in tree["rates"].items()
    }
    quality = Quality(**{key: _amount(tree["quality"][key]) for key in ("error", "low", "high")})
    if OTHER not in rates:
        raise ValueError(f"it has no rates of the class '{OTHER}'")
    if free := [kind for kind, kind_rates in rates.items() if not any(kind_rates.seconds)]:
        raise ValueError(f"the class '{free[0]}' takes no time")
    if not 0 < quality.low <= 1 <= quality.high:
        raise ValueError("it has an interval without its middle")
    return Calibration(
        setup=DeviceSetup(**tree["setting"]),
        rates=rates,
        cache=_count(tree["cache"]),
        quality=quality,
        operators=_count(tree["operators"]),
        left_out=_count(tree["left_out"]),
        made=str(tree["made"]),
        contention=_contention(tree.get("contention")),
    )


def _contention(tree: Mapping[str, Any] | None) -> Contention | None:
    if tree is None:
        return None
    others = tree["others"]
    return Contention(waited=_amount(tree["waited"]), others=None if others is None else _amount(others))


def _amount(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"a rate is a number, 0 or more, but got {value!r}")
    return float(value)


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"a count is a whole number, 0 or more, but got {value!r}")
    return value


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no rate")
