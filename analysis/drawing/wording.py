"""Wording: what a figure says of a row as it is written, and of values that are left open."""

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
KINDS = {
    **dict.fromkeys(("conv", "masked", "deform", "p4conv", "factorised", "mlpconv"), "conv"),
    **dict.fromkeys(("avgpool", "maxpool", "blurpool"), "pool"),
    **dict.fromkeys(("attention", "se", "context", "non_local"), "attention"),
    **dict.fromkeys(("upconv", "upsample", "resize", "pixelshuffle", "unpool"), "resize"),
    **dict.fromkeys(("add", "concat", "multiply", "subtract"), "join"),
    **dict.fromkeys(("norm", "lrn", "gdn", "igdn"), "norm"),
    **dict.fromkeys(
        ("identity", "zero", "dropout", "droppath", "flatten", "reshape", "crop", "pad"), "other"
    ),
    "separable": "depthwise",
    "act": "act",
    "linear": "linear",
}
"""What words are drawn as; any other is a block of several layers."""
WINDOWED = ("conv", "pool", "resize", "depthwise")
"""Kinds whose boxes begin with their kernel."""


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


def kind_of(word: str) -> str:
    """Return what a word is drawn as."""
    return KINDS.get(word, "block")


def box_label(word: str, settings: Mapping[str, str], *, axes: int, kernel: str = "0") -> str:
    r"""Return the label of the box of a row, in lines.

    Args:
        word: The row's.
        settings: What it is given, as `said` says it.
        axes: Of the maps.
        kernel: That of the word where it is given none; 0 for none.

    >>> box_label("conv", {"width": "16|24", "kernel": "3|5", "se": "none|1/4"}, axes=2)
    '3×3|5×5 conv, 16|24\nse none|1/4'
    >>> box_label("basic", {"width": "16"}, axes=2)
    'basic\n16'
    """
    if kind_of(word) in WINDOWED:
        sizes = settings.get("kernel", kernel)
        windows = [size if "×" in size else "×".join([size] * axes) for size in sizes.split(BETWEEN)]
        head = f"{BETWEEN.join(windows)} {word}" if sizes != "0" else word
        first = {name: text for name, text in settings.items() if name in (FIRST, LAST)}
        rest = {name: text for name, text in settings.items() if name not in (FIRST, LAST, "kernel")}
        return "\n".join([", ".join([head, *setting_lines(first)]), *setting_lines(rest)])
    lines = [word]
    for line in setting_lines(settings):
        name, _, values = line.rpartition(" ")
        wide = wrapped(values.split(BETWEEN)) if len(line) > LONGEST else [line]
        lines += [name, *wide] if wide != [line] and name else wide
    return ("\n" if kind_of(word) == "block" else ", ").join(lines)
