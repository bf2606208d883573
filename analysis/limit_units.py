"""How an end of a limit is written, by the unit of its metric: in numbers, in bytes, in milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from archscape.spaces.byte_sizes import MOST, UNIT_NAMES, meant_size, parse_size, size_text

from .metrics import BYTES, MILLISECONDS

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) ?([kMG%]?)")
_FACTORS = {"": "1", "k": "1e3", "M": "1e6", "G": "1e9", "%": "0.01"}
_TIME = re.compile(r"(\d{1,12}(?:\.\d{1,12})?) ?(us|ms|s)")
_OF_A_MILLISECOND = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class LimitUnit(NamedTuple):
    """How an end of a limit is read and written.

    Attributes:
        example: A limit, or two.
        law: What an end is, in words.
        parse: Returns the value of a text; None if it has none.
        write: Returns the text of an end, exactly.
        measured: Returns the text of what something has, to be read beside the limit.
        hint: Returns what a text may mean that has no value; or nothing.
    """

    example: str
    law: str
    parse: Callable[[str], float | None]
    write: Callable[[float], str]
    measured: Callable[[float], str]
    hint: Callable[[str], str]


def _parse_number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.strip())
    return float(Decimal(match[1]) * Decimal(_FACTORS[match[2]])) if match else None  # 70% is 0.7


def _parse_bytes(text: str) -> float | None:
    size = parse_size(text)
    return float(size) if size is not None else None if "%" in text else _parse_number(text)


def _parse_milliseconds(text: str) -> float | None:
    match = _TIME.fullmatch(text.strip())
    return float(match[1]) * _OF_A_MILLISECOND[match[2]] if match else None


def _of_bytes(text: str) -> str:
    """Say where units of bytes belong, to whoever writes them elsewhere."""
    return "" if parse_size(text) is None else f"; {UNIT_NAMES} stand in limits on a metric in bytes alone"


def _write_number(value: float) -> str:
    return f"{value:.12g}"


def _write_bytes(size: float) -> str:
    return size_text(size) if size == 0 or 1 <= size <= MOST else _write_number(size)


def _write_milliseconds(time: float) -> str:
    return f"{time:.12f}".rstrip("0").rstrip(".") + "ms"


NUMBERS = LimitUnit(
    "0.9.. or ..1M",
    "a limit is in numbers, with k, M, G or %",
    _parse_number,
    _write_number,
    "{:.6g}".format,
    _of_bytes,
)
_OF_UNITS: Mapping[str, LimitUnit] = {
    BYTES: LimitUnit(
        "..256KiB",
        f"a limit in bytes is in numbers with {UNIT_NAMES}",
        _parse_bytes,
        _write_bytes,
        "{:,.0f}B".format,
        meant_size,
    ),
    MILLISECONDS: LimitUnit(
        "..5ms",
        "a limit on a time is in numbers with us, ms or s",
        _parse_milliseconds,
        _write_milliseconds,
        "{:.6g}ms".format,
        lambda text: "",
    ),
}


def limit_unit(unit: str) -> LimitUnit:
    """Return how limits on metrics of a unit are written: in plain numbers, unless it has a way of its own.

    >>> limit_unit("ms").parse("800us"), limit_unit("dB").parse("30")
    (0.8, 30.0)
    """
    return _OF_UNITS.get(unit, NUMBERS)
