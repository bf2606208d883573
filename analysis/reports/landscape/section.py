"""The loss around trained networks and what training did, as a section of a report."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from markupsafe import Markup

from archscape.analysis.landscape.file import Landscape
from archscape.analysis.landscape.first_layer import RULE, Change, contact_sheet
from archscape.analysis.landscape.surface import DEFINITIONS, Floats
from archscape.analysis.landscape.surface import numbers as surface_numbers

from ..format import NONE
from ..page.specs import Spec
from ..templating import render
from .scale import scale
from .surface_spec import surface_spec

KINDS = {"trained": "", "without skips": "-plain"}
"""What was explored, and how the names of their figures end."""
SHARES = ("accuracy", "half_right", "within_twice", "bends")


class TrialValues(NamedTuple):
    """What the section shows of one trial.

    Attributes:
        landscape: What was explored.
        highest: The loss above which all share the last colour; None where there is none.
        numbers: Of the surfaces: a name, a text for each surface, the definition.
        sheets: The filters before and after, each with the address of an image.
        changes: How far each layer moved, in words and as a share of the farthest.
    """

    landscape: Landscape
    highest: float | None
    numbers: list[tuple[str, list[str], str]]
    sheets: list[tuple[str, str]]
    changes: list[tuple[Change, str, float]]


def landscape_figures(landscapes: Sequence[Landscape]) -> dict[str, Spec]:
    """Return the surfaces as figures by the name of their places; those of one trial share their colours."""
    return {
        _name(landscape, kind): surface_spec(explored, _ends(landscape))
        for landscape in landscapes
        for kind, explored in landscape.explored.items()
    }


def landscape_section(landscapes: Sequence[Landscape]) -> Markup:
    """Return the section, with its heading; nothing where nothing was explored."""
    if not landscapes:
        return Markup()
    names = {(landscape.trial, kind): _name(landscape, kind) for landscape in landscapes for kind in KINDS}
    trials = [_trial_values(landscape) for landscape in landscapes]
    return render("landscape/section.html", trials=trials, names=names, brightness=RULE)


def _name(landscape: Landscape, kind: str) -> str:
    return f"landscape-{landscape.trial}{KINDS[kind]}"


def _ends(landscape: Landscape) -> tuple[float, float]:
    return scale([explored.surface for explored in landscape.explored.values()])


def _trial_values(landscape: Landscape) -> TrialValues:
    surfaces = [explored.surface for explored in landscape.explored.values()]
    _, highest = scale(surfaces)
    numbers = [surface_numbers(surface) for surface in surfaces]
    filters = landscape.filters
    relatives = [change.relative for change in landscape.changes if math.isfinite(change.relative)]
    farthest = max(relatives, default=1.0)
    return TrialValues(
        landscape=landscape,
        highest=highest if any((surface.losses > highest).any() for surface in surfaces) else None,
        numbers=[
            (
                name.replace("_", " "),
                [_number_text(name, getattr(each, name)) for each in numbers],
                definition,
            )
            for name, definition in DEFINITIONS.items()
        ],
        sheets=[("as they started", _png(filters.before)), ("trained", _png(filters.after))]
        if filters
        else [],
        changes=[(change, *_relative(change.relative, farthest)) for change in landscape.changes],
    )


def _number_text(name: str, value: float | tuple[float, ...]) -> str:
    """Return one number of a surface to read."""
    if isinstance(value, tuple):
        return ", ".join(f"{each:.3g}" for each in value)
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return NONE
    return f"{value:.1%}" if name in SHARES else f"{value:.4g}"


def _relative(relative: float, farthest: float) -> tuple[str, float]:
    """Return a relative change to read, and its share of the farthest."""
    if not math.isfinite(relative):
        return NONE, 0.0
    return f"{relative:.4g}", relative / farthest if farthest else 0.0


def _png(filters: Floats) -> str:
    """Return filters as the address of a PNG that the page holds."""
    from matplotlib.image import imsave

    buffer = BytesIO()
    imsave(buffer, contact_sheet(filters), format="png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
