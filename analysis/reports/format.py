"""Formatting of numbers, bytes, ratios, durations and networks for readers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from html import escape

from ..metrics import METRICS, SECONDS, SHARES, SPREADS, Metric

NONE = "–"
SPACE = "\N{NO-BREAK SPACE}"
UNREADABLE = 60
"""Letters that are shown of a network that cannot be read."""
LABELS = {
    "chance": "chance to be on the frontier",
    "op": "operator",
    "shape": "output",
    "micro_batch": "samples in a micro-batch",
    "steps": "training steps",
    "test_correct": "test samples classified correctly",
    "repeats": "repeated trainings",
    "threads": "processor threads",
}
"""Of columns that are no metrics."""
MARKS = {"kernel": "k", "expand": "e", "groups": "g", "stride": "/"}
"""What stands before a setting in place of its name: `k5` is a kernel of 5, `/2` a stride of 2."""


def label(name: str) -> str:
    """Return the name of a column in words, with its unit.

    >>> label("seconds"), label("chance"), label("kept_repeat")
    ('training time (s)', 'chance to be on the frontier', 'kept repeat')
    """
    metric = _metric(name)
    return metric.heading if metric else LABELS.get(name, name.replace("_", " "))


def short_label(name: str) -> str:
    """Return the name of a column for a narrow head."""
    metric = _metric(name)
    return (metric and metric.short) or ("chance" if name == "chance" else label(name))


def _metric(name: str) -> Metric | None:
    return METRICS.get(name) or SPREADS.get(name)


def capital(words: str) -> str:
    """Return words with a capital first letter, the others as they are: "MACs" stays."""
    return words[:1].upper() + words[1:]


def value(name: str, number: float) -> str:
    """Return a value of a column: shares in percent, counts in full, the rest to four digits.

    >>> value("accuracy", 0.9312), value("macs", 4089184256), value("loss", 0.20519)
    ('93.12%', '4,089,184,256', '0.2052')
    """
    if math.isnan(number):
        return NONE
    if name in SHARES:
        return f"{number:.2%}"
    if name == "seed":
        return f"{number:.0f}"
    if name in SECONDS:
        return f"{number:,.2f}"
    return f"{number:,.0f}" if math.isfinite(number) and number == int(number) else f"{number:,.4g}"


def size(count: int) -> str:
    r"""Return a number of bytes to read, in decimal units.

    >>> size(4), size(61_100_840 * 4), size(999_999)
    ('4\xa0B', '244\xa0MB', '1\xa0MB')
    """
    amount, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while amount >= 999.5:
        amount, unit = amount / 1000, next(units)
    return f"{amount:.3g}{SPACE}{unit}"


def plain_size(count: int) -> str:
    """Return a number of bytes for plain text.

    >>> plain_size(61_100_840 * 4)
    '244 MB'
    """
    return size(count).replace(SPACE, " ")


def times(ratio: float) -> str:
    """Return a ratio to read: three digits, two of the smallest.

    >>> times(2.2644), times(21.661), times(0.0515), times(0.00058321), times(1234.5)
    ('2.26×', '21.7×', '0.0515×', '0.00058×', '1,234×')
    """
    if ratio < 999.5:
        return f"{ratio:.2g}×" if ratio < 0.01 else f"{ratio:.3g}×"
    return f"{ratio:,.0f}×"


def span(seconds: float) -> str:
    r"""Return a span of time to read; its spaces do not break.

    >>> span(4.25), span(192), span(7300)
    ('4.2\xa0s', '3\xa0min\xa012\xa0s', '2\xa0h\xa01\xa0min')
    """
    if math.isnan(seconds):
        return NONE
    if seconds < 60:
        return f"{seconds:.1f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    return text.replace(" ", SPACE)


def plain_span(seconds: float) -> str:
    """Return a span of time for a terminal, with plain spaces: not every one has another."""
    return span(seconds).replace(SPACE, " ")


def escaped(text: str) -> str:
    """Return a text for a label of plotly.js, which reads tags and a few entities but not those of quotes."""
    return escape(text, quote=False)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many letters, cut in the middle: names differ at their ends.

    >>> shortened("stage1.any.inverted.kernel", 26), shortened("stage1.any.inverted.kernel", 15)
    ('stage1.any.inverted.kernel', 'stage1.….kernel')
    """
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - half]}…{text[-half:]}"


def outline(network: str) -> str:
    """Return a network, given as JSON, in one line; "" where there is none, its start where it is no JSON.

    >>> outline('{"layers": [{"conv": {"width": 16}}, {"inverted": {"width": 24, "depth": 2, "expand": 6}}]}')
    'conv 16 · inverted 24×2 e6'
    """
    if not network:
        return ""
    try:
        tree = json.loads(network)
    except ValueError:
        return shortened(network, UNREADABLE)  # one damaged row of a study does not hide the others
    layers = tree.get("layers", ()) if isinstance(tree, Mapping) else ()
    return " · ".join(_row(row) for row in layers)


def _row(row: object) -> str:
    """Return one row: its word, width x depth, then its other settings."""
    if not isinstance(row, Mapping) or len(row) != 1:
        return _plain(row)
    (word, settings), *_ = row.items()
    if not isinstance(settings, Mapping):
        return str(word) if settings is None else f"{word} {_plain(settings)}"
    width, depth = settings.get("width", ""), settings.get("depth", 1)
    size = f"{_plain(width)}×{depth}" if depth not in (1, "1") else _plain(width)
    others = {str(k): v for k, v in settings.items() if k not in ("width", "depth", "name")}
    rest = [f"{MARKS.get(name, f'{name} ')}{_plain(setting)}" for name, setting in others.items()]
    return " ".join(part for part in (str(word), size, *rest) if part)


def _plain(tree: object) -> str:
    """Return any JSON value as short text."""
    if isinstance(tree, Mapping):
        return "{" + ", ".join(f"{k} {_plain(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list | tuple):
        return "[" + ", ".join(map(_plain, tree)) + "]"
    return str(tree)
