"""Sizes in bytes as texts: how they are read, and written back without loss.

kB, MB and GB are powers of 1,000, KiB, MiB and GiB of 1,024 (IEC 80000-13).

>>> parse_size("1.5 MiB"), size_text(1_572_864), size_text(20_000_000)
(Fraction(1572864, 1), '1.5MiB', '20MB')
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from .errors import InputError, suggest

UNITS = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6, "KiB": 2**10, "kB": 10**3, "B": 1}
"""Bytes of each unit, the largest first."""
UNIT_NAMES = "B, kB, MB, GB, KiB, MiB or GiB"
MOST = 2**60
_SIZE = re.compile(r"(\d{1,30}(?:\.\d{1,30})?) *([A-Za-z]+)")


def parse_size(text: str) -> Fraction | None:
    """Return the bytes of a number with a unit; None if a text is none."""
    match = _SIZE.fullmatch(text.strip())
    return Fraction(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else None


def read_size(text: str) -> int:
    """Return a size in whole bytes.

    Raises:
        InputError: If it is not a number and a unit, or beyond any memory.

    >>> read_size("16GiB"), read_size("1.5 MB")
    (17179869184, 1500000)
    """
    size = parse_size(text)
    if size is None:
        raise InputError(
            f"a size is a number and one of {UNIT_NAMES}, as in 16GiB, but got '{text}'{meant_size(text)}"
        )
    if size > MOST:
        raise InputError(f"a size is at most {MOST // UNITS['GiB']:,} GiB, but got '{text}'")
    return int(size)


def meant_size(text: str) -> str:
    """Return the unit that a text may mean which has another, for a message; or nothing.

    >>> meant_size("256kib"), meant_size("3G"), meant_size("20MB")
    ("; did you mean 'KiB'?", '', '')
    """
    match = _SIZE.fullmatch(text.strip())
    units = [unit for unit in UNITS if match and unit.lower() == match[2].lower() and unit != match[2]]
    return suggest(units[0], units) if units else ""


def size_text(size: float) -> str:
    """Return a size exactly, in the unit that takes the fewest digits; of alike ones in the largest.

    Sizes are 0, or from 1 to `MOST`.

    >>> [size_text(size) for size in (0, 1000, 1024, 1500, 1536, 307.2)]
    ['0B', '1kB', '1KiB', '1.5kB', '1.5KiB', '307.2B']
    """
    exact = Fraction(str(size))
    numbers = {unit: (Decimal(str(size)) / factor).normalize() for unit, factor in UNITS.items()}
    texts = [f"{number:f}{unit}" for unit, number in numbers.items() if number >= 1 or unit == "B"]
    return min((text for text in texts if parse_size(text) == exact), key=_digits)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)
