"""Figures of numbers inside a network, described once for page and paper: features by class, predictions."""

from __future__ import annotations

import numpy as np

from archscape.analysis.inspection.embedding import Embedding
from archscape.analysis.inspection.look import Floats, Look, Predictions

from ..figures.description import FAMILY_COLORS, SYMBOLS, Axis, Figure, Series
from ..format import escaped

MOST_NUMBERS = 4
"""Numbers of a target that have a figure of their own."""


def feature_figures(embedding: Embedding, names: tuple[str, ...]) -> dict[str, Figure]:
    """Return the samples by their principal components, and by t-SNE, in the colours of their classes."""
    first, second = (f"{share:.0%} of the variance" for share in embedding.explained)
    return {
        "pca": _plane(embedding, names, embedding.pca, f"first component, {first}", f"second, {second}"),
        "tsne": _plane(embedding, names, embedding.tsne, "t-SNE: who is near whom", ""),
    }


def _plane(embedding: Embedding, names: tuple[str, ...], plane: Floats, x: str, y: str) -> Figure:
    series = []
    for at, label in enumerate(np.unique(embedding.labels).tolist()):
        rows = np.flatnonzero(embedding.labels == label)
        name = names[label] if label < len(names) else str(label)
        series.append(
            Series(
                kind="points",
                x=plane[rows, 0],
                y=plane[rows, 1],
                name=name,
                color=FAMILY_COLORS[at % len(FAMILY_COLORS)],
                symbol=SYMBOLS[at // len(FAMILY_COLORS) % len(SYMBOLS)],
                size=6,
                opacity=0.8,
                hover=[f"<b>{escaped(name)}</b><br>sample {row}" for row in rows.tolist()],
            )
        )
    return Figure(x=Axis(label=x), y=Axis(label=y), series=series)


def prediction_figures(predictions: Predictions) -> dict[str, Figure]:
    """Return the numbers that were given against those that are there, for each of the first numbers."""
    count = min(predictions.there.shape[1], MOST_NUMBERS)
    return {f"number-{at}": _against(predictions, at) for at in range(count)}


def _against(predictions: Predictions, at: int) -> Figure:
    there, given = predictions.there[:, at], predictions.given[:, at]
    ends = [float(min(there.min(), given.min())), float(max(there.max(), given.max()))]
    name = predictions.names[at] if predictions.names else f"number {at + 1}"
    points = Series(
        kind="points",
        x=there,
        y=given,
        name="samples",
        size=5,
        opacity=0.6,
        hover=[
            f"sample {row}<br>is {a:.4g}, given {b:.4g}"
            for row, (a, b) in enumerate(zip(there, given, strict=True))
        ],
    )
    right = Series(kind="line", x=ends, y=ends, name="right", color="muted", dash="dash")
    return Figure(x=Axis(label=f"{name}, as it is"), y=Axis(label="as given"), series=[right, points])


def look_figures(look: Look) -> dict[str, Figure]:
    """Return all figures of numbers by their names."""
    names = look.confusion.names if look.confusion else ()
    features = feature_figures(look.embedding, names) if look.embedding else {}
    return features | (prediction_figures(look.predictions) if look.predictions else {})
