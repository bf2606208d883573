"""Metrics: how wide text is, so that it fits its box whatever draws it.

The widths are those of DejaVu Sans, the widest of the fonts that figures are drawn with.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, east_asian_width

ASCENT = 0.76
"""Of capitals and digits above the base line, in sizes of the font, with a little air."""
DESCENT = 0.24
"""Of letters below the base line."""
BOLD = 1.12
"""How much wider bold digits and signs are."""
ELLIPSIS = "…"
MINUS = "\N{MINUS SIGN}"
_FIRST = 32
_ASCII = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775,
    752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390,
    337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
"""Widths of the letters from the space on, in thousandths of the size."""


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in points.

    >>> text_width("3×3 conv, 64", 10)
    65.9
    """
    width = sum([_letter(letter) for letter in text]) * size / 1000
    return round(width * BOLD if bold else width, 2)


@lru_cache(maxsize=4096)
def fitted(text: str, size: float, width: float) -> str:
    """Return a text that is at most so wide: itself, or its beginning with an ellipsis.

    >>> fitted("a very long name", 10, 50)
    'a very…'
    """
    if text_width(text, size) <= width:
        return text
    end = len(text)
    while end and text_width(text[:end].rstrip() + ELLIPSIS, size) > width:
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _letter(letter: str) -> int:
    code = ord(letter) - _FIRST
    if 0 <= code < len(_ASCII):
        return _ASCII[code]
    if combining(letter):
        return 0
    if letter == MINUS:
        return _letter("+")
    # Of other letters the widths are bounds.
    return 1050 if east_asian_width(letter) in "WF" else 1000 if ord(letter) > 0x24F else 838
