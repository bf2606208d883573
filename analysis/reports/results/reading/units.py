"""Units behind a number in a cell: `25.6M`, `12 ms`, `4.1 GMACs`, `95.2%`, `350 img/s`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from ..directions import read_name
from ..name_words import quantity_of, words

PREFIXES: Mapping[str, Decimal] = {
    "k": Decimal(10**3), "K": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
}  # fmt: skip
BILLION = Decimal(10**9)
COUNTS = ("params", "macs", "activations")
"""Kinds of columns in which `25.6m` is in millions, and `7b` in billions."""
OTHER_COUNTS = {
    **dict.fromkeys(("flop", "flops", "op", "ops", "operations"), "flops"),
    **dict.fromkeys(("bop", "bops"), "bops"),
}
"""What is counted in a column of MACs and is none: two operations are one MAC."""
MADDS = ("madd", "madds")
"""Multiplications with their additions, no million of additions."""
COUNTED = frozenset((*COUNTS, *OTHER_COUNTS.values()))
"""Bases of the words for what is counted."""
SMALL_LETTERS = {"m": PREFIXES["M"], "g": PREFIXES["G"], "b": BILLION}


def _scaled(base: str, parts: str) -> dict[str, tuple[str, Decimal]]:
    """Return units of one base, given as `name factor` in a row."""
    pairs = parts.split()
    return {name: (base, Decimal(factor)) for name, factor in zip(pairs[::2], pairs[1::2], strict=True)}


PHYSICAL: Mapping[str, tuple[str, Decimal]] = {
    "%": ("%", Decimal(1)),
    **_scaled("s", "ns 1e-9 us 1e-6 µs 1e-6 μs 1e-6 usec 1e-6 ms 1e-3 msec 1e-3 s 1 sec 1 secs 1 seconds 1"),
    **_scaled("s", "min 60 mins 60 minutes 60 h 3600 hr 3600 hrs 3600 hours 3600 d 86400 days 86400"),
    **_scaled("B", "bytes 1 B 1 kB 1e3 KB 1e3 MB 1e6 GB 1e9 TB 1e12"),
    **_scaled("B", f"KiB {2**10} MiB {2**20} GiB {2**30} TiB {2**40}"),
    **_scaled("J", "nJ 1e-9 uJ 1e-6 µJ 1e-6 μJ 1e-6 mJ 1e-3 J 1 kJ 1e3 Wh 3600 kWh 3.6e6"),
    **_scaled("W", "uW 1e-6 µW 1e-6 μW 1e-6 mW 1e-3 W 1 kW 1e3"),
    **_scaled("Hz", "Hz 1 kHz 1e3 MHz 1e6 GHz 1e9"),
    **_scaled("$", "$ 1 USD 1"),
    **_scaled("€", "€ 1 EUR 1"),
}
"""Units with their base and how much of it they are."""


class Unit(NamedTuple):
    """A unit of a cell.

    Attributes:
        name: As it is written.
        base: What its cells can be told together with, as `macs` or `flops`; "" for a prefix alone.
        factor: How much of its base it is.
        is_physical: Whether the column keeps it as its unit; numbers with a prefix are written out.
    """

    name: str
    base: str
    factor: Decimal
    is_physical: bool


def unit_of(text: str, column: str) -> Unit | None:
    """Return a unit of the cells of a column; None for what is none, as in `3x224`.

    >>> unit_of("M", "params").factor, unit_of("B", "params").factor, unit_of("B", "memory").base
    (Decimal('1000000'), Decimal('1000000000'), 'B')
    >>> unit_of("GMACs", "cost"), unit_of("x224", "input")
    (Unit(name='GMACs', base='macs', factor=Decimal('1000000000'), is_physical=False), None)
    """
    kind = read_name(column).kind
    if text in PREFIXES:
        return Unit(text, "", PREFIXES[text], False)
    if text == "B" and kind != "memory":
        return Unit(text, "", BILLION, False)
    if text in SMALL_LETTERS and kind in COUNTS:
        return Unit(text, "", SMALL_LETTERS[text], False)
    if text in PHYSICAL:
        base, factor = PHYSICAL[text]
        return Unit(text, base, factor, True)
    if "/" in text:
        reading = read_name(text)
        return Unit(text, text, Decimal(1), True) if reading.role in ("cost", "speed") else None
    return _word(text)


def _word(text: str) -> Unit | None:
    """Return what a word of the field with or without a prefix is: `GMACs`, `Mparams`, `fps`."""
    rest = text[1:]
    if text[:1] in PREFIXES and _counts(rest) and text.lower() not in MADDS:
        return Unit(text, counted(rest), PREFIXES[text[:1]], False)
    if _counts(text):
        return Unit(text, counted(text), Decimal(1), False)
    quantity = quantity_of(text)
    return Unit(text, text.lower(), Decimal(1), True) if quantity and quantity.role == "speed" else None


def counted(column: str) -> str:
    """Return what a column or a unit counts, so that numbers of it can be told together; "" for none.

    >>> counted("GMACs"), counted("MAdds"), counted("FLOPs (G)"), counted("params_M"), counted("cost")
    ('macs', 'macs', 'flops', 'params', '')
    """
    kind = read_name(column).kind
    if kind != "macs":
        return kind if kind in COUNTS else ""
    small = [word.lower() for word in words(column)]
    bare = (form for word in small for form in (word, word[1:] if word[0] in "kmgtpb" else word))
    return next((OTHER_COUNTS[form] for form in bare if form in OTHER_COUNTS), kind)


def _counts(word: str) -> bool:
    """Tell whether a word is what is counted: MACs, FLOPs, params."""
    quantity = quantity_of(word)
    is_prefixed = word[:1].lower() in "kmgtp" and quantity_of(word[1:]) == quantity
    is_count = quantity is not None and quantity.kind in COUNTS
    return is_count and (not is_prefixed or word.lower() in MADDS)
