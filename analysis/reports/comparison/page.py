"""The comparison of networks: what each costs, layer by layer, and how they differ, as one page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from archscape.spaces import Network
from archscape.spaces.errors import InputError

from ..format import capital, label, times
from ..page import Page, empty, place, write_page
from ..page.specs import Spec
from ..page.tables import Html
from . import sections
from .charts import field_chart, memory_chart
from .compared_network import ComparedNetwork
from .diff_section import diff_section
from .layer_charts import MEASURES, bottom_of, layer_chart, weighted
from .plane import costs_chart

COLORS = ("--front", "--reference", "--running", "--failed", "--pruned", "--rest")
"""One for each network in turn. No colour is needed to read a chart: it bears the name of its network."""

NAMED = 4  # networks that a title can name
OWN_SCALE = (
    '<p class="controls"><label><input type="checkbox" id="own-scale">'
    "Each network on a scale of its own, memory below as well</label></p>"
)
LEGEND = (
    "One bar for each convolution and linear layer (hatched), in order, above the rows of the network's "
    "table. All networks share one scale unless asked otherwise. The arrow keys lead from bar to bar."
)
CURVE = (
    "Maps that are alive while each operator runs, weights left out, on one scale. Filled: mode graph, where "
    "a map dies after its last use, as in a runtime that frees early; its peak is marked. Dotted: mode "
    "eager, what the PyTorch module holds."
)
GROWTH = (
    "The largest receptive field among the layers of one depth, up to the last map of more than one place; "
    "the longest axis, not cut at the border of the input."
)
PLANE = (
    "Grey: networks of the catalog on the same input. The accuracy of these networks is not known here, so "
    "this is cost against cost; archscape report draws frontiers, from a search or a table with accuracies."
)


def write_comparison(
    entrants: Sequence[ComparedNetwork],
    path: Path,
    *,
    references: Iterable[Network] = (),
    differences: bool | None = None,
) -> Path:
    """Write the comparison of networks as one self-contained HTML page.

    Args:
        entrants: The networks in the order to show them; ratios are to the first.
        path: The file to write; its folder must exist.
        references: Known networks to see them among; those on another input are left out.
        differences: Whether to show how each network differs from the first; None does if there are two.

    Returns:
        The path.

    Raises:
        InputError: There is no network to compare, or the folder is missing.
    """
    if not entrants:
        raise InputError("a comparison needs at least one network, but got none")
    colors = [COLORS[index % len(COLORS)] for index in range(len(entrants))]
    known = sections.reference_costs(entrants, references)
    figures = _figures(entrants, colors) | {"plane": costs_chart(entrants, colors, known)}
    others = [one.network for one in entrants[1:] if one.network is not None]
    first = entrants[0].network
    shown = (
        first is not None and bool(others) and (len(entrants) == 2 if differences is None else differences)
    )
    parts = {
        "totals": sections.totals(entrants, colors),
        "diffs": diff_section(first, others, entrants[0].terms) if shown and first is not None else "",
        "plane": place("plane", "Parameters against MACs of each network, catalog networks in grey")
        + sections.note(PLANE),
        "charts": (OWN_SCALE if len(entrants) > 1 else "")
        + "".join(_charts(entrants, colors, measure) for measure in MEASURES)
        + sections.note(LEGEND),
        "memory": _memory(entrants, colors) + sections.note(CURVE),
        "field": _field(figures) + sections.note(GROWTH),
        "conventions": sections.conventions(entrants),
        "kinds": sections.kinds(entrants),
        "lint": sections.findings(entrants),
        "networks": "".join(sections.network(one, index) for index, one in enumerate(entrants)),
    }
    page = Page(
        template="comparison/comparison.html",
        style="comparison.css",
        scripts=("comparison.js",),
        kicker="archscape compare",
        title=_title([one.name for one in entrants]),
        summary=_lede(entrants),
        parts=parts | {"contents": sections.contents(has_diffs=shown)},
        figures=figures,
    )
    return write_page(page, path)


def _title(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} networks"


def _lede(entrants: Sequence[ComparedNetwork]) -> str:
    """Return how far the networks lie apart."""
    if len({one.input for one in entrants}) > 1:
        return (
            "The networks read inputs of different shapes, so only their parameters compare like with like."
        )
    parts = []
    for measure in MEASURES:
        low, high = (bound(getattr(one.costs, measure) for one in entrants) for bound in (min, max))
        apart = f"{low:,} to {high:,} {label(measure)}" + (f" ({times(high / low)})" if low else "")
        parts.append(apart if low != high else f"{low:,} {label(measure)}")
    return f"{'; '.join(parts)}."


def _charts(entrants: Sequence[ComparedNetwork], colors: Sequence[str], measure: str) -> Html:
    """Return the places of one measure's charts, side by side by network."""
    first = getattr(entrants[0].costs, measure)
    panels = []
    for index, (one, color) in enumerate(zip(entrants, colors, strict=True)):
        total = getattr(one.costs, measure)
        ratio = times(total / first) if index and first else ""
        chart = place(f"{measure}-{index}", f"{label(measure)} of {one.name} by layer")
        panels.append(sections.panel(one.name, color, f"{total:,}", ratio, chart, len(weighted(one.layers))))
    return f'<h3>{escape(capital(label(measure)))}</h3><div class="panels">{"".join(panels)}</div>'


def _memory(entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> Html:
    panels = [
        sections.panel(
            one.name, color, "", "",
            place(f"memory-{index}", f"Memory of {one.name} while each operator runs"),
            len(weighted(one.layers)),
        )
        for index, (one, color) in enumerate(zip(entrants, colors, strict=True))
        if one.network is not None
    ]  # fmt: skip
    return f'<div class="panels">{"".join(panels)}</div>'


def _field(figures: dict[str, Spec]) -> Html:
    if "field" not in figures:
        return empty("No convolution is known that writes a map of more than one place.")
    return place("field", "Receptive field of each network by depth")


def _figures(entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> dict[str, Spec]:
    figures: dict[str, Spec] = {}
    bottom = max(bottom_of(one.layers) for one in entrants)
    for measure in MEASURES:
        top = max([getattr(row, measure) for one in entrants for row in weighted(one.layers)], default=0)
        for index, (one, color) in enumerate(zip(entrants, colors, strict=True)):
            figures[f"{measure}-{index}"] = layer_chart(
                one.layers, measure, color=color, top=top, bottom=bottom
            )
    tables = [(index, one) for index, one in enumerate(entrants) if one.network is not None]
    top = max([moment.bytes for _, one in tables for moment in one.curve("eager")], default=0)
    for index, one in tables:
        figures[f"memory-{index}"] = memory_chart(one, color=colors[index], top=top, bottom=bottom)
    field = field_chart(entrants, colors)
    if field["data"]:
        figures["field"] = field
    return figures
