"""Families in a report: the place of their curves, and who leads where as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import isnan

from ..format import NONE, capital
from ..page import place
from ..page.tables import Html, html_table, number_class
from .columns import Results
from .family_figure import gain_text
from .family_lead import Lead, lead


def leads(results: Results) -> dict[str, Lead]:
    """Return what the families do over each cost that tells something of two of them."""
    found = {cost: lead(results, cost) for cost in results.costs} if results.family else {}
    return {cost: one for cost, one in found.items() if one is not None}


def families_section(results: Results, found: Mapping[str, Lead], rule: str) -> Html:
    """Return the figure's place, the rule, and for each cost the tables of who leads."""
    parts = "".join(
        f'<div data-cost="{escape(cost)}"{" hidden" if at else ""}>{_tables(results, cost, one)}</div>'
        for at, (cost, one) in enumerate(found.items())
    )
    missing = "".join(
        f'<p class="note" data-cost="{escape(cost)}" hidden>No two families have networks with this cost.</p>'
        for cost in results.costs
        if cost not in found
    )
    about = f"The best {results.head(results.score)} of each family at each cost or below"
    return (
        '<p class="note lead">Each line is the best network of a family at that cost or below, for the cost '
        f'chosen <a href="#frontier">above</a>; the band under it says who leads. {escape(rule)}</p>'
        f"{place('families', about)}{parts}{missing}"
    )


def _tables(results: Results, cost: str, one: Lead) -> Html:
    return (
        f'<div class="aside"><div>{_reigns(results, cost, one)}</div><div>{_moves(results, one)}</div></div>'
    )


def _reigns(results: Results, cost: str, one: Lead) -> Html:
    heads = ["leads", f"from {results.head(cost)}", "to", "ahead by", *(["chance"] if one.draws else [])]
    rows = [
        (
            reign.family,
            results.text(cost, reign.low),
            results.text(cost, reign.high),
            NONE if isnan(reign.margin) else gain_text(results, reign.margin),
            *([f"{reign.chance:.0%}"] if one.draws else []),
        )
        for reign in one.reigns
    ]
    noise = (
        f"Chance: share of {one.draws} draws over the repeated trainings in which it leads there."
        if one.draws
        else "No repeated trainings are known: a small lead may be luck."
    )
    return f'<h3>Who leads where</h3>{_table(heads, rows)}<p class="note">{escape(noise)}</p>'


def _moves(results: Results, one: Lead) -> Html:
    """Return how much of the common range each family is ahead of each other one."""
    names = list(dict.fromkeys(first for first, _ in one.moves))
    top = '<th scope="col">ahead of</th>' + "".join(
        f'<th scope="col" class="number">{escape(name)}</th>' for name in names
    )
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(_move(one, first, second) for second in names)
        + "</tr>"
        for first in names
    )
    words = (
        "Share of the common range of costs, in its logarithm, in which the family of the row is ahead of "
        "that of the column. Framed: it moves the whole curve up and to the left, nowhere beaten at equal "
        "cost and reaching all that the other does."
    )
    return f'<h3>Who moves whose curve</h3>{html_table(top, body)}<p class="note">{escape(words)}</p>'


def _move(one: Lead, first: str, second: str) -> Html:
    if first == second:
        return '<td class="number"></td>'
    found = one.moves[first, second]
    if isnan(found.ahead):
        return f'<td class="number">{NONE}</td>'
    chance = f", chance {found.chance:.0%}" if one.draws else ""
    words = f"{first} is ahead of {second} in {found.ahead:.0%} of the range"
    words += f" and moves its whole curve{chance}" if found.whole else ""
    kind = "number cell whole" if found.whole else "number cell"
    return (
        f'<td class="{kind}" style="--part: {found.ahead:.0%}" title="{escape(capital(words))}">'
        f"{found.ahead:.0%}</td>"
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    top = "".join(
        f'<th scope="col"{number_class(at > 0)}>{escape(head)}</th>' for at, head in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return html_table(top, body)
