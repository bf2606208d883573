"""The comparison of networks: what each costs, layer by layer, and how they differ, as one page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from archscape.analysis.drawing.strip import LEGEND
from archscape.spaces import Network
from archscape.spaces.errors import InputError

from ..assets import Assets
from ..figures.plotly_spec import spec
from ..format import label, times
from ..page import write_page
from ..page.networks import COUNTS, Cell, SharesTable
from ..page.specs import Spec
from .compared_network import ComparedNetwork
from .diff import Diff, diff
from .layer_figure import NAME, layer_figure
from .measures import highest_bytes, highest_count, known_totals, totals
from .memory_figure import memory_figure
from .shared_figures import color_of, field_figure, plane_figure
from .table import latency_note

NAMED = 4  # networks that a title can name


def write_comparison(
    networks: Sequence[ComparedNetwork],
    path: Path,
    *,
    references: Iterable[Network] = (),
    differences: bool | None = None,
    assets: Assets = Assets.inline,
) -> Path:
    """Write the comparison of networks as one HTML page.

    Args:
        networks: The networks in the order to show them; ratios are to the first.
        path: The file to write.
        references: Known networks to see them among; those on another input are left out.
        differences: Whether to show how each network differs from the first; None does if there are two.
        assets: Where the page has its plotly.js.

    Raises:
        InputError: There is no network to compare, or the folder is missing.
    """
    if not networks:
        raise InputError("a comparison needs at least one network, but got none")
    names = [network.name for network in networks]
    inputs = {network.input_text for network in networks}
    near = [network for network in references if network.input_text in inputs]
    return write_page(
        path,
        "comparison/comparison.html",
        assets=assets,
        style="comparison/comparison.css",
        scripts=("comparison/comparison.js",),
        kicker="archscape compare",
        title=", ".join(names) if len(names) <= NAMED else f"{len(names)} networks",
        summary=_summary(networks),
        networks=networks,
        legend=LEGEND,
        colors=[color_of(index) for index in range(len(networks))],
        costs=COUNTS,
        totals=[(measure.title, totals(networks, measure)) for measure in known_totals(networks)],
        latency=latency_note(networks),
        diffs=_diffs(networks) if differences or (differences is None and len(networks) == 2) else [],
        flops=_flops_by_operator(networks),
        figures=_figures(networks, near),
    )


def _summary(networks: Sequence[ComparedNetwork]) -> str:
    """Return how far the networks lie apart."""
    if len({network.input_text for network in networks}) > 1:
        return (
            "The networks read inputs of different shapes, so only their parameters compare like with like."
        )
    parts = []
    for cost in COUNTS:
        low, high = (bound(getattr(network.costs, cost) for network in networks) for bound in (min, max))
        apart = f"{low:,} to {high:,} {label(cost)}" + (f" ({times(high / low)})" if low else "")
        parts.append(apart if low != high else f"{low:,} {label(cost)}")
    return f"{'; '.join(parts)}."


def _diffs(networks: Sequence[ComparedNetwork]) -> list[Diff]:
    """Return how each network differs from the first; a module has no rows to tell apart."""
    first, *others = networks
    if first.network is None:
        return []
    terms = first.terms
    return [
        diff(first.network, other.network, batch=terms.batch, dtype=terms.dtype)
        for other in others
        if other.network is not None
    ]


def _flops_by_operator(networks: Sequence[ComparedNetwork]) -> SharesTable:
    """Return the floating-point operations by operator, one column a network."""
    kinds = dict.fromkeys(kind for network in networks for kind in network.costs.flops_by_kind)
    rows: list[tuple[Cell, ...]] = [
        (kind, *(network.costs.flops_by_kind.get(kind, 0) for network in networks)) for kind in kinds
    ]
    heads = ["operator", *(network.name for network in networks)]
    return SharesTable(heads=heads, rows=rows, counts=range(1, len(heads)))


def _figures(networks: Sequence[ComparedNetwork], references: Sequence[Network]) -> dict[str, Spec]:
    names = [layer.name.partition(".")[0] for network in networks for layer in network.weighted]
    # The margin for the names of rows is given, so that all panels are of a height.
    margin = {"l": 56, "r": 16, "t": 16, "b": 16 + 7 * min(max(map(len, names), default=0), NAME)}
    figures: dict[str, Spec] = {}
    for cost in COUNTS:
        top = highest_count(networks, cost)
        for index, network in enumerate(networks):
            bars = layer_figure(network, cost, color=color_of(index), top=top)
            figures[f"{cost}-{index}"] = spec(bars, margin=margin)
    most = highest_bytes(networks)
    for index, network in enumerate(networks):
        if network.network is not None:
            memory = memory_figure(network, color=color_of(index), top=most)
            figures[f"memory-{index}"] = spec(memory, margin=margin)
    field = field_figure(networks)
    if field.series:
        figures["field"] = spec(field, margin={"r": 110})
    known = [(network.name, network.totals.params, network.totals.macs) for network in references]
    figures["plane"] = spec(plane_figure(networks, known), margin={"r": 40, "t": 24})
    return figures
