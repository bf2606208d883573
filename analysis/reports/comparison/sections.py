"""What the page of a comparison says in HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

from archscape.analysis.lint import Finding
from archscape.spaces import Network
from archscape.spaces.values import shape_text

from ..format import NONE, label, size, times
from ..page import NOTE, empty, network_details
from ..page.networks import NetworkDetails
from ..page.tables import Cell, Html, html_table, shares_table
from .compared_network import ComparedNetwork
from .layer_charts import weighted
from .table import latency_note

FIELD = (
    "Receptive field: the largest of the layers that still write a map, not cut at the border of the input."
)
RUN = "A module of PyTorch, counted by running a copy of it: it has no table, and no memory is known."


class Measure(NamedTuple):
    """One of the totals: what it is, its number, and how a reader sees it."""

    title: str
    number: Callable[[ComparedNetwork], float | None]
    shown: Callable[[float], str]


def _size(count: float) -> str:
    return size(int(count))


TOTALS = (
    Measure("Parameters", lambda one: one.costs.params, "{:,}".format),
    Measure("MACs", lambda one: one.costs.macs, "{:,}".format),
    Measure("FLOPs", lambda one: one.costs.flops, "{:,}".format),
    Measure("Activations", lambda one: one.costs.activations, "{:,}".format),
    Measure("Inference memory", lambda one: one.inference.peak if one.inference else None, _size),
    Measure("Training memory", lambda one: one.training.peak if one.training else None, _size),
    Measure("Receptive field", lambda one: max(one.field, default=None), "{:,}".format),
    Measure("Convolutions, linear layers", lambda one: len(weighted(one.layers)), "{:,}".format),
)


LATENCY = Measure(
    "Latency",
    lambda one: one.latency.seconds if one.latency else None,
    lambda seconds: f"{1e3 * seconds:.3g} ms",
)


def measures(entrants: Sequence[ComparedNetwork]) -> list[Measure]:
    """Return the totals that are known: latency if it was asked for."""
    return [*TOTALS, *([LATENCY] if any(one.predictor for one in entrants) else [])]


def contents(*, has_diffs: bool) -> Html:
    """Return links to the sections."""
    places = {
        "totals": "totals",
        "differences": "differences",
        "layers": "layer by layer",
        "memory": "memory",
        "field": "receptive field",
        "plane": "cost against cost",
        "conventions": "conventions",
        "kinds": "FLOPs",
        "lint": "guidelines",
        "networks": "networks",
    }
    shown = {name: words for name, words in places.items() if name != "differences" or has_diffs}
    return "".join(f'<a href="#{name}">{words}</a>' for name, words in shown.items())


def totals(entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> Html:
    """Return a small chart for each total: all networks in one order, on one scale from zero."""
    charts = "".join(_total(entrants, colors, measure) for measure in measures(entrants))
    terms = f"Memory: {entrants[0].terms.text}. {latency_note(entrants)}".strip()
    return f'<div class="totals">{charts}</div>' + note(f"{NOTE} {terms} {FIELD}")


def _total(entrants: Sequence[ComparedNetwork], colors: Sequence[str], measure: Measure) -> Html:
    numbers = [measure.number(one) for one in entrants]
    largest, first = max([number or 0 for number in numbers]), numbers[0]
    rows = []
    for index, (one, color, number) in enumerate(zip(entrants, colors, numbers, strict=True)):
        shown = NONE if number is None else measure.shown(number)
        exact = "" if number is None else _exact(one, number, measure)
        ratio = times(number / first) if index and first and number is not None else ""
        part = (number or 0) / largest if largest else 0.0
        rows.append(
            f'<li style="--part: {part:.2%}; --mark: var({color})"><span>{escape(one.name)}</span>'
            f"<b{exact}>{shown}</b><small>{ratio}</small></li>"
        )
    return f"<figure><figcaption>{escape(measure.title)}</figcaption><ol>{''.join(rows)}</ol></figure>"


def _exact(one: ComparedNetwork, number: float, measure: Measure) -> Html:
    """Return what hovering over a number says: all bytes of it, or its interval."""
    if measure is LATENCY and one.latency:
        return f' title="{1e3 * one.latency.low:.3g} to {1e3 * one.latency.high:.3g} ms"'
    return f' title="{number:,} bytes"' if measure.shown is _size else ""


def panel(name: str, color: str, total: str, ratio: str, chart: Html, layers: int) -> Html:
    """Return the place of one network's chart, with its name and total, as wide as it has layers."""
    facts = "".join(
        f"<span{kind}>{words}</span>" for words, kind in ((total, ""), (ratio, ' class="ratio"')) if words
    )
    return (
        f'<figure class="panel" style="--layers: {layers}"><figcaption>'
        f"<b>{mark(color)}{escape(name)}</b>{facts}</figcaption>{chart}</figure>"
    )


def reference_costs(
    entrants: Sequence[ComparedNetwork], references: Iterable[Network]
) -> list[tuple[str, int, int]]:
    """Return name, parameters and MACs of the references on the input of a network that is compared."""
    inputs = {one.input for one in entrants}
    near = [network for network in references if network.input in inputs]
    return [(network.name, network.totals.params, network.totals.macs) for network in near]


def conventions(entrants: Sequence[ComparedNetwork]) -> Html:
    """Return what each network counts in every convention, and how many times our own that is."""
    known = [one for one in entrants if one.counts]
    if not known:
        return empty("Only networks of ours are counted in other conventions.")
    rules = [count.convention for count in known[0].counts]
    heads = "".join(f'<th scope="col" class="number">{escape(rule.name)}</th>' for rule in rules)
    rows = "".join(_counts(one) for one in known)
    about = "".join(f"<dt>{escape(rule.name)}</dt><dd>{escape(rule.about)}</dd>" for rule in rules)
    return (
        html_table(f'<th scope="col">network</th>{heads}', rows)
        + note("What each tool reports for the same network, and how many times our macs that is.")
        + f'<dl class="note">{about}</dl>'
    )


def _counts(one: ComparedNetwork) -> Html:
    ours = one.costs.macs
    cells = [(count.total, f"{count.total / ours:.4f}" if ours else "") for count in one.counts]
    numbers = "".join(f'<td class="number">{total:,}<small>{ratio}</small></td>' for total, ratio in cells)
    return f'<tr><th scope="row">{escape(one.name)}</th>{numbers}</tr>'


def kinds(entrants: Sequence[ComparedNetwork]) -> Html:
    """Return the floating-point operations by operator, one column a network."""
    found = dict.fromkeys(kind for one in entrants for kind in one.costs.flops_by_kind)
    rows: list[tuple[Cell, ...]] = [
        (kind, *(one.costs.flops_by_kind.get(kind, 0) for one in entrants)) for kind in found
    ]
    heads = ["operator", *(one.name for one in entrants)]
    return shares_table(heads, rows, counts=range(1, len(heads)))


def findings(entrants: Sequence[ComparedNetwork]) -> Html:
    """Return where each network does not follow the known design rules, and what the alternatives cost."""
    shown = "".join(_findings(one) for one in entrants)
    return shown + note(
        "A warning is something spent or lost for nothing, a note a trade-off to weigh; they say nothing of "
        "accuracy. Costs are those of the layers concerned, before and after the alternative."
    )


def _findings(one: ComparedNetwork) -> Html:
    title = f"<h3>{escape(one.name)}</h3>"
    if one.network is None:
        return title + empty("The rules read tables; of a module that is run there is none.")
    if not one.findings:
        return title + empty("It follows every rule.")
    heads = ("rule", "where", "measured", "instead", "parameters", "MACs")
    top = "".join(
        f'<th scope="col"{" class=number" if at > 3 else ""}>{head}</th>' for at, head in enumerate(heads)
    )
    rows = "".join(_finding(finding) for finding in one.findings)
    return title + f'<div class="findings">{html_table(top, rows)}</div>'


def _finding(finding: Finding) -> Html:
    first, *others = finding.layers
    alike = f"<small>and {len(others)} alike</small>" if others else ""
    rule = finding.rule
    return (
        f'<tr><th scope="row">{escape(rule.name)}<small>{finding.severity}: {escape(rule.law)}</small></th>'
        f"<td>{escape(first)}{alike}</td><td>{escape(finding.measured)}</td>"
        f"<td>{escape(finding.alternative)}</td>"
        f"{_saving(finding.before.params, finding.after.params)}"
        f"{_saving(finding.before.macs, finding.after.macs)}</tr>"
    )


def _saving(before: int, after: int) -> Html:
    """Return a cost before, and what it is afterwards."""
    if before == after:
        return f'<td class="number">{before:,}<small>unchanged</small></td>'
    share = f"{(after - before) / before:+.1%}".replace("-", "−") if before else ""
    return f'<td class="number">{after - before:+,}<small>of {before:,} {share}</small></td>'.replace(
        ">-", ">−"
    )


def network(one: ComparedNetwork, index: int) -> Html:
    """Return a network to unfold: its table and its layers."""
    facts = [f"{getattr(one.costs, cost):,} {label(cost)}" for cost in ("params", "macs")]
    table = RUN if one.network is None else one.network.to_yaml()
    return network_details(
        NetworkDetails(table=table, layers=one.layers),
        anchor=f"network-{index}",
        title=one.name,
        facts=[shape_text(one.input), *facts],
        code="" if one.network is None else one.network.hash(),
        is_open=False,
    )


def mark(color: str) -> Html:
    """Return a square of a network's colour."""
    return f'<i class="mark" style="--mark: var({color})"></i>'


def note(text: str) -> Html:
    """Return a note under a figure or a table."""
    return f'<p class="note">{escape(text)}</p>'
