"""`archscape lint`: where a network does not follow the known design rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, emit, emit_json
from .common import say
from .networks import FormatOption, InputOption, find_network

if TYPE_CHECKING:
    from ..analysis.lint import Finding

COLUMNS = (
    "severity",
    "rule",
    "layer",
    "measured",
    "alternative",
    "params",
    "params_after",
    "macs",
    "macs_after",
)


def lint(
    network: Annotated[str, typer.Argument(help="A name of `archscape list`, or a file.", metavar="NETWORK")],
    form: FormatOption = Format.table,
    shape: InputOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if there is a warning.")
    ] = False,
) -> None:
    """Check a network against the known design rules, with reasons, sources and what to do instead.

    A warning is something spent or lost for nothing, a note a trade-off to weigh. `docs/guidelines.md` has
    the rules.
    """
    from ..analysis.lint import lint as check

    table = find_network(network, shape)
    found = check(table)
    if form is Format.json:
        rows = [finding.as_dict() for finding in found]
        emit_json({"network": table.name, "input": list(table.input), "findings": rows})
    else:
        _show(found, form, table.name)
    if strict and any(finding.severity == "warning" for finding in found):
        raise typer.Exit(1)


def _show(found: list[Finding], form: Format, title: str) -> None:
    rows = []
    for finding in found:
        plain = finding.as_dict() | {"layer": _layers(finding)}
        rows.append([plain[column] for column in COLUMNS])
    if rows or form is not Format.table:
        emit(COLUMNS, rows, form, title=title)
    for rule in {finding.rule.name: finding.rule for finding in found}.values():
        say(f"{rule.name}: {rule.law}. Why: {rule.reason} ({rule.source}).")
    if not found:
        say(f"{title} follows every rule of docs/guidelines.md.")


def _layers(finding: Finding) -> str:
    first, *others = finding.layers
    return f"{first} and {len(others)} alike" if others else first
