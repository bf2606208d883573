"""Which design rules the networks of a run's frontier do not follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from archscape.analysis.lint import Finding, lint
from archscape.spaces import Network
from archscape.spaces.errors import SpaceError

from ..page import empty
from ..page.tables import Html, html_table

HOW = (
    "A warning is something spent or lost for nothing, a note a trade-off to weigh. "
    "archscape lint NETWORK tells all of it, with reasons and sources."
)


def findings_of(networks: Mapping[int, str]) -> dict[int, list[Finding]]:
    """Return the findings of networks, given as JSON, by their trial; what cannot be read has none."""
    found = {}
    for number, text in networks.items():
        try:
            found[number] = lint(Network.from_json(text))
        except SpaceError:
            continue
    return found


def lint_section(found: Mapping[int, list[Finding]]) -> Html:
    """Return a row a rule: how many networks break it, and the finding that would save most."""
    if not found:
        return empty("There is no network to check yet.")
    if not any(found.values()):
        return f'<p class="note lead">All {len(found)} follow every rule of docs/guidelines.md.</p>'
    heads = ("rule", "networks", "for example", "measured", "alternative", "saves")
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    rules = dict.fromkeys(one.rule.name for findings in found.values() for one in findings)
    body = "".join(_row(name, found) for name in rules)
    return f'<div class="lint">{html_table(top, body)}</div><p class="note">{escape(HOW)}</p>'


def _row(name: str, found: Mapping[int, list[Finding]]) -> Html:
    hits = [(number, one) for number, findings in found.items() for one in findings if one.rule.name == name]
    number, worst = max(hits, key=lambda hit: hit[1].before.macs - hit[1].after.macs)
    networks = len({trial for trial, _ in hits})
    law = f"{worst.rule.law}. Why: {worst.rule.reason} ({worst.rule.source})."
    cells = (
        f'<span class="severity {worst.severity.value}">{worst.severity.value}</span> {escape(name)}',
        f"{networks} of {len(found)}",
        f'<a href="#network-{number}">trial {number}</a>, {escape(worst.layers[0])}',
        escape(worst.measured),
        escape(worst.alternative),
        escape(", ".join(_savings(worst)) or "nothing"),
    )
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr title="{escape(law)}">{row}</tr>'


def _savings(one: Finding) -> Iterable[str]:
    for words, before, after in (
        ("MACs", one.before.macs, one.after.macs),
        ("parameters", one.before.params, one.after.params),
    ):
        if before > after:
            yield f"{before - after:,} {words}"
        elif after > before:
            yield f"costs {after - before:,} {words}"
