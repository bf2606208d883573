"""The loss around trained networks and what training did, as a section of a report."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from io import BytesIO

from markupsafe import Markup

from archscape.analysis.landscape.file import Landscape
from archscape.analysis.landscape.first_layer import RULE, contact_sheet
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


def landscape_figures(landscapes: Sequence[Landscape]) -> dict[str, Spec]:
    """Return the surfaces as figures by the name of their places; those of one trial share their colours."""
    return {
        _name(landscape, kind): surface_spec(explored, scale(landscape.surfaces))
        for landscape in landscapes
        for kind, explored in landscape.explored.items()
    }


def landscape_section(landscapes: Sequence[Landscape]) -> Markup:
    """Return the section, with its heading; nothing where nothing was explored."""
    if not landscapes:
        return Markup()
    trials = [_trial_values(landscape) for landscape in landscapes]
    return render("landscape/section.html", trials=trials, name_of=_name, brightness=RULE)


def _name(landscape: Landscape, kind: str) -> str:
    return f"landscape-{landscape.trial}{KINDS[kind]}"


def _trial_values(landscape: Landscape) -> dict[str, object]:
    """Return what the section shows of one trial.

    `highest` is the loss above which all share the last colour, `numbers` a name, a text for each surface and
    the definition, `sheets` the filters with the address of an image, `changes` those of the layers with a
    text and a share of the farthest.
    """
    _, highest = scale(landscape.surfaces)
    numbers = [surface_numbers(surface) for surface in landscape.surfaces]
    filters = landscape.filters
    relatives = [change.relative for change in landscape.changes if math.isfinite(change.relative)]
    farthest = max(relatives, default=1.0)
    sheets = {"as they started": filters.before, "trained": filters.after} if filters else {}
    return {
        "landscape": landscape,
        "highest": highest
        if any((surface.losses > highest).any() for surface in landscape.surfaces)
        else None,
        "numbers": [
            (
                name.replace("_", " "),
                [_number_text(name, getattr(each, name)) for each in numbers],
                definition,
            )
            for name, definition in DEFINITIONS.items()
        ],
        "sheets": [(when, _png(sheet)) for when, sheet in sheets.items()],
        "changes": [(change, *_relative(change.relative, farthest)) for change in landscape.changes],
    }


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
