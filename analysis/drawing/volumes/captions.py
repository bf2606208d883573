"""Captions: the rows of text under volumes, which say widths, extents and what made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ..extents import extent_text
from ..geometry import Text
from ..layout.metrics import text_width
from .places import GAP, LETTERS, Placed

LINE = 8.0
"""From one row to the next."""


class Run(NamedTuple):
    """Volumes one after the other that are made alike, under which one label stands between two places."""

    label: str
    first: float
    last: float


def captions(groups: Sequence[Sequence[Placed]]) -> Iterator[Text]:
    """Yield the rows of text under groups of volumes."""
    row = max(cuboid.point(0, 0.5, -0.5).y for group in groups for _, cuboid, _ in group) + LINE + 3
    for group in groups:
        for each in group:
            yield _centred(str(each.volume.shape[0]), row, "width", *_span([each]))
        if extents := extent_text(group[0].volume.shape[1:]):
            yield _centred(extents, row + LINE, "extent", *_span(group))
    yield from _labels([run for group in groups for run in _runs(group)], row + 2 * LINE + 1)


def _runs(group: Sequence[Placed]) -> list[Run]:
    runs = [Run(label, *_span([*run])) for label, run in groupby(group, _label)]
    if len(runs) > 1:
        return runs
    ((label, first, last),) = runs
    return [Run(label, first - GAP / 2 + 1, last + GAP / 2 - 1)]


def _label(each: Placed) -> str:
    return each.volume.label


def _span(group: Sequence[Placed]) -> tuple[float, float]:
    """Return where some volumes are first and last seen."""
    last = group[-1]
    end = last.cuboid.point(1, 0, -0.5).x if last.covered else last.cuboid.last
    return group[0].cuboid.first, end


def _labels(runs: Sequence[Run], row: float) -> Iterator[Text]:
    """Yield the labels in lines of whole words where all fit, and turned where they do not."""
    lines = [_lines(run) for run in runs]
    if all(lines):
        for run, texts in zip(runs, lines, strict=True):
            for number, text in enumerate(texts):
                yield _centred(text, row + number * LINE, "label", run.first, run.last)
        return
    for run in runs:
        middle = (run.first + run.last) / 2 + 0.35 * LETTERS
        yield Text(x=middle, y=row - LETTERS, text=run.label, size=LETTERS, anchor="end", turned=True)


def _lines(run: Run) -> list[str]:
    """Return a label in lines that fit; none if a word does not."""
    lines: list[str] = []
    for word in run.label.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, LETTERS) <= run.last - run.first:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if max(text_width(line, LETTERS) for line in lines) <= run.last - run.first + 1 else []


def _centred(text: str, y: float, role: str, first: float, last: float) -> Text:
    return Text(x=(first + last) / 2, y=y, text=text, size=LETTERS, role=role)
