"""The learning curves of one network with several seeds, as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..metrics import SHARES
from .figures.description import FAMILY_COLORS, Axis, Figure, Series
from .figures.paper import write_figure
from .format import label


def draw_training_curves(
    histories: Mapping[int, Sequence[Mapping[str, float]]], path: Path, *, score: str
) -> Path:
    """Draw the loss and the score of each seed after each epoch.

    Args:
        histories: By seed a row an epoch, with `epoch`, `loss` and the score.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        score: The metric of the validation part.
    """
    panels = [_panel(histories, "loss"), _panel(histories, score)]
    return write_figure([panels], path, size=(9, 3.6))


def _panel(histories: Mapping[int, Sequence[Mapping[str, float]]], name: str) -> Figure:
    series = []
    for place, (seed, rows) in enumerate(histories.items()):
        known = [row for row in rows if name in row]
        epochs, values = [row["epoch"] for row in known], [row[name] for row in known]
        color = FAMILY_COLORS[place % len(FAMILY_COLORS)]
        series.append(Series(kind="line", x=epochs, y=values, name=f"seed {seed}", color=color))
    return Figure(
        x=Axis(label="epoch", ticks="whole"),
        y=Axis(label=label(name), ticks="share" if name in SHARES else "plain"),
        series=series,
    )
