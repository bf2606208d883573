"""What a network takes for what, as tables of a page: the matrix where it can be read, and a row a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from archscape.analysis.inspection.confusion import Confusion

from ..format import NONE, shortened
from ..templating import percent, render

MOST_CLASSES = 20
"""Classes up to which the matrix is shown; of more there are the classes that are told worst."""
NAME = 18
"""Letters of a class's name at the head of a column."""
OTHER = "not finite"
"""What outputs are called that are no class."""


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """What is known of one class, as texts.

    Attributes:
        share: How much of it is right, or its IoU; 0 where there is none of it.
        mistakes: What it is taken for the most often.
    """

    label: str
    support: int
    shares: tuple[str, ...]
    share: float
    mistakes: str


def confusion_section(confusion: Confusion, *, heading: str, text: str, anchor: str = "classes") -> Markup:
    """Return a section with the matrix and its classes.

    Args:
        confusion: The matrix.
        heading: What stands above.
        text: Whose it is, in a sentence.
        anchor: Its name in the page.
    """
    few = len(confusion.labels) <= MOST_CLASSES
    return render(
        "inspection/confusion.html",
        anchor=anchor,
        heading=heading,
        text=text,
        confusion=confusion,
        measures=measures(confusion),
        classes=class_rows(confusion),
        more=0 if few else len(confusion.labels) - MOST_CLASSES,
        matrix=matrix_rows(confusion) if few else [],
        columns=[shortened(label, NAME) for label in matrix_labels(confusion)],
    )


def measures(confusion: Confusion) -> tuple[str, ...]:
    """Return what is measured of each class: of pixels IoU, of samples the share that is right."""
    return ("IoU", "right") if confusion.unit == "pixels" else ("right", "precision")


def matrix_labels(confusion: Confusion) -> list[str]:
    """Return the names of the columns; that of what is not finite where there is any."""
    return [*confusion.labels, *([OTHER] if confusion.counts[:, -1].any() else [])]


class Cell(NamedTuple):
    """A cell of the matrix: how many, its share of the class, and whether it is right."""

    samples: int
    share: float
    is_right: bool


def matrix_rows(confusion: Confusion) -> list[tuple[str, list[Cell]]]:
    """Return the name of each class and its row of the matrix."""
    width = len(matrix_labels(confusion))
    return [
        (label, [Cell(int(row[at]), float(row[at] / max(row.sum(), 1)), at == own) for at in range(width)])
        for own, (label, row) in enumerate(zip(confusion.labels, confusion.counts, strict=True))
    ]


def class_rows(confusion: Confusion) -> list[ClassRow]:
    """Return the classes in their order; of many, those that are told worst, the worst first."""
    first, second = _shares(confusion)
    order = np.arange(len(first))
    if len(first) > MOST_CLASSES:
        order = np.argsort(np.nan_to_num(first, nan=np.inf), kind="stable")[:MOST_CLASSES]
    return [
        ClassRow(
            label=confusion.labels[at],
            support=int(confusion.support[at]),
            shares=(_text(first[at]), _text(second[at])),
            share=float(np.nan_to_num(first[at])),
            mistakes=_mistakes(confusion, int(at)),
        )
        for at in order
    ]


def _shares(confusion: Confusion) -> tuple[np.ndarray, np.ndarray]:
    if confusion.unit == "pixels":
        return confusion.iou, confusion.recall
    return confusion.recall, confusion.precision


def _text(share: float) -> str:
    return NONE if np.isnan(share) else percent(share)


def _mistakes(confusion: Confusion, of: int) -> str:
    names = [*confusion.labels, OTHER]
    worst = confusion.mistakes(of)[:3]
    return ", ".join(f"{shortened(names[at], NAME)} ({count:,})" for at, count in worst) or NONE
