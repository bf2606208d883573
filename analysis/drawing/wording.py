"""Wording: what a figure says of values that are left open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from archscape.spaces.values import Value, text

from .extents import extent_text

BETWEEN = "|"
LISTED = 8
"""So many values are said one by one."""
LONGEST = 18
"""Letters of a line of values, unless one is longer."""
FIRST, LAST = "width", "stride"


def said(values: Iterable[Value]) -> str:
    """Return values as a figure says them; three whole numbers in a row and more are a range.

    >>> said([16, 24, 32]), said([1, 2, 3, 4]), said(["none", "1/4"]), said([8]), said([(3, 1)])
    ('16|24|32', '1..4', 'none|1/4', '8', '3×1')
    """
    known = [*dict.fromkeys(values)]
    numbers = sorted(value for value in known if isinstance(value, int))
    in_a_row = len(numbers) > 2 and all(after == before + 1 for before, after in pairwise(numbers))
    if len(numbers) == len(known) and (in_a_row or len(known) > LISTED):
        return f"{numbers[0]}..{numbers[-1]}"
    texts = [extent_text(value) if isinstance(value, tuple) else text(value) for value in known]  # type: ignore[arg-type]
    return BETWEEN.join(texts) if len(texts) <= LISTED else f"{texts[0]}..{texts[-1]}"


def wrapped(words: Sequence[str]) -> list[str]:
    """Return words of which one is chosen, in short lines.

    >>> wrapped(["zero", "identity", "conv1x1", "conv3x3", "pool"])
    ['zero|identity|', 'conv1x1|conv3x3|', 'pool']
    """
    lines = [words[0]]
    for word in words[1:]:
        lines[-1] += BETWEEN
        if len(lines[-1] + word) < LONGEST:
            lines[-1] += word
        else:
            lines.append(word)
    return lines


def setting_lines(settings: Mapping[str, str]) -> list[str]:
    """Return settings as lines: the width first, the stride last, those of the same values together.

    >>> setting_lines({"kernel": "3|5", "width": "16", "stride": "2"})
    ['16', 'kernel 3|5', '/2']
    """
    together: dict[str, list[str]] = {}
    for name, values in settings.items():
        if name not in (FIRST, LAST):
            together.setdefault(values, []).append(name)
    return [
        *([settings[FIRST]] if FIRST in settings else []),
        *(f"{', '.join(names)} {values}" for values, names in together.items()),
        *([f"/{settings[LAST]}"] if LAST in settings else []),
    ]
