"""The comparison of networks: what each costs, layer by layer, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.table.values import shape_text

from .cost import Profile
from .layer_charts import MEASURES, layer_chart, weighted
from .networks import Dossier, LayerRow, dossier
from .page import NOTE, Page, network_details, place, write_page
from .specs import Spec
from .tables import Cell, Html, html_table, shares_table
from .words import capital, label, size, times

COLORS = ("--front", "--reference", "--running", "--failed", "--pruned", "--rest")
"""One for each network in turn. No colour is needed to read a chart: it bears the name of its network."""

NAMED = 4  # networks that a title can name


class Entry(NamedTuple):
    """One network of the comparison: its costs, what to read of it, and its colour."""

    profile: Profile
    dossier: Dossier
    color: str

    @property
    def name(self) -> str:
        """The network's name."""
        return self.profile.network.name


def write_comparison(profiles: Sequence[Profile], path: Path) -> Path:
    """Write the comparison of networks as one self-contained HTML page.

    Args:
        profiles: The networks in the order to show them; ratios are to the first.
        path: The file to write; its folder must exist.

    Returns:
        The path.

    Raises:
        InputError: There is no network to compare, or the folder is missing.
    """
    if not profiles:
        raise InputError("a comparison needs at least one network, but got none")
    entries = [
        Entry(profile, dossier(profile), COLORS[index % len(COLORS)])
        for index, profile in enumerate(profiles)
    ]
    names = [entry.name for entry in entries]
    page = Page(
        template="comparison.html",
        style="comparison.css",
        kicker="archscape compare",
        title=", ".join(names) if len(names) <= NAMED else f"{len(names)} networks",
        lede=escape(_lede(profiles)),
        parts={
            "totals": _totals(entries),
            "charts": "".join(_charts(entries, measure) for measure in MEASURES) + _note(LEGEND),
            "kinds": _kinds(entries),
            "networks": "".join(_network(entry, index) for index, entry in enumerate(entries)),
        },
        figures=_figures(entries),
    )
    return write_page(page, path)


LEGEND = (
    "One bar for each convolution and linear layer (hatched), in order, above the rows of the network's "
    "table. All networks share one scale. The arrow keys lead from bar to bar."
)
FIELD = (
    "Receptive field: the largest of the layers that still write a map, not cut at the border of the input."
)


def _lede(profiles: Sequence[Profile]) -> str:
    """Return how far the networks lie apart."""
    if len({profile.network.input for profile in profiles}) > 1:
        return (
            "The networks read inputs of different shapes, so only their parameters compare like with like."
        )
    parts = []
    for measure in MEASURES:
        low, high = (bound(getattr(profile, measure) for profile in profiles) for bound in (min, max))
        apart = f"{low:,} to {high:,} {label(measure)}" + (f" ({times(high / low)})" if low else "")
        parts.append(apart if low != high else f"{low:,} {label(measure)}")
    return f"{'; '.join(parts)}."


def _totals(entries: Sequence[Entry]) -> Html:
    """Return one row a network: its totals, and how many times those of the first they are."""
    heads = ("network", "input", "params", "macs", "flops", "activations", "layers", "receptive field")
    top = "".join(
        f'<th scope="col"{"" if index < 2 else " class=number"}>{escape(label(head))}</th>'
        for index, head in enumerate(heads)
    )
    rows = "".join(_total(entry, entries) for entry in entries)
    return html_table(top, rows) + _note(f"{NOTE} {FIELD}")


def _total(entry: Entry, entries: Sequence[Entry]) -> Html:
    profile = entry.profile
    cells = [
        f'<th scope="row">{_mark(entry)}{escape(entry.name)}</th>',
        f"<td>{shape_text(profile.network.input)}</td>",
        *(_total_cell(entry, entries, cost) for cost in ("params", "macs", "flops", "activations")),
        f'<td class="number">{len(profile.layers)}'
        f"<small>{len(weighted(entry.dossier.layers))} with weights</small></td>",
        f'<td class="number">{shape_text(_field(entry.dossier.layers))}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _total_cell(entry: Entry, entries: Sequence[Entry], cost: str) -> Html:
    """Return a total, its bar as a share of the largest one."""
    total, first = getattr(entry.profile, cost), getattr(entries[0].profile, cost)
    largest = max(getattr(other.profile, cost) for other in entries)
    small = [times(total / first)] if first and entry is not entries[0] else []
    small += [f"{size(4 * total)} in float32"] if cost in ("params", "activations") else []
    part = total / largest if largest else 0.0
    lines = "".join(f"<small>{escape(line)}</small>" for line in small)
    return f'<td class="number share" style="--part: {part:.1%}">{total:,}{lines}</td>'


def _field(layers: Sequence[LayerRow]) -> Shape:
    """Return the largest receptive field of a layer that writes a map of more than one place."""
    maps = [layer for layer in layers if max(layer.shape[1:], default=1) > 1]
    fields = [layer.receptive_field for layer in maps or layers]
    return tuple(max(axis) for axis in zip(*fields, strict=True))


def _charts(entries: Sequence[Entry], measure: str) -> Html:
    """Return the places of one measure's charts, side by side by network."""
    first = getattr(entries[0].profile, measure)
    panels = []
    for index, entry in enumerate(entries):
        total = getattr(entry.profile, measure)
        ratio = f'<span class="ratio">{times(total / first)}</span>' if index and first else ""
        chart = place(_chart_name(measure, index), f"{label(measure)} of {entry.name} by layer")
        panels.append(
            f'<figure class="panel" style="--layers: {len(weighted(entry.dossier.layers))}"><figcaption>'
            f"<b>{_mark(entry)}{escape(entry.name)}</b><span>{total:,}</span>{ratio}</figcaption>{chart}</figure>"
        )
    return f'<h3>{escape(capital(label(measure)))}</h3><div class="panels">{"".join(panels)}</div>'


def _figures(entries: Sequence[Entry]) -> dict[str, Spec]:
    figures: dict[str, Spec] = {}
    for measure in MEASURES:
        bars = [layer for entry in entries for layer in weighted(entry.dossier.layers)]
        top = max((getattr(layer, measure) for layer in bars), default=0)
        for index, entry in enumerate(entries):
            chart = layer_chart(entry.dossier.layers, measure, color=entry.color, top=top)
            figures[_chart_name(measure, index)] = chart
    return figures


def _chart_name(measure: str, index: int) -> str:
    return f"{measure}-{index}"


def _kinds(entries: Sequence[Entry]) -> Html:
    """Return the floating-point operations by operator, one column a network."""
    kinds = dict.fromkeys(kind for entry in entries for kind in entry.profile.flops_by_kind)
    rows: list[tuple[Cell, ...]] = [
        (kind, *(entry.profile.flops_by_kind.get(kind, 0) for entry in entries)) for kind in kinds
    ]
    heads = ["operator", *(entry.name for entry in entries)]
    return shares_table(heads, rows, counts=range(1, len(heads)))


def _network(entry: Entry, index: int) -> Html:
    profile = entry.profile
    return network_details(
        entry.dossier,
        anchor=f"network-{index}",
        title=entry.name,
        facts=(f"{getattr(profile, cost):,} {label(cost)}" for cost in ("params", "macs")),
        code=profile.network.hash(),
        is_open=True,
    )


def _mark(entry: Entry) -> Html:
    return f'<i class="mark" style="--mark: var({entry.color})"></i>'


def _note(text: str) -> Html:
    return f'<p class="note">{escape(text)}</p>'
