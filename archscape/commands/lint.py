"""`archscape lint`: where a network does not follow the known design rules."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Format, FormatOption, emit, emit_json, log
from .options.networks import InputOption, NetworkArgument, find_network

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
EXAMPLES = ("archscape lint alexnet", "archscape lint mine.yaml --strict")


def lint(
    network: NetworkArgument,
    form: FormatOption = Format.table,
    shape: InputOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if there is a warning.")
    ] = False,
) -> None:
    """Check a network against known design rules, with their sources.

    Each finding has its reason and the alternative. A warning is something spent or lost for nothing, a note
    a trade-off to weigh. `docs/guidelines.md` has the rules.
    """
    from ..analysis.lint import lint as check

    table = find_network(network, shape)
    findings = check(table)
    if form is Format.json:
        plain = [finding.as_dict() for finding in findings]
        emit_json({"network": table.name, "input": list(table.input), "findings": plain})
    else:
        rows = []
        for finding in findings:
            first, *others = finding.layers
            values = finding.as_dict() | {"layer": f"{first} and {len(others)} alike" if others else first}
            rows.append([values[column] for column in COLUMNS])
        if rows or form is not Format.table:
            emit(COLUMNS, rows, form, title=table.name)
        for rule in {finding.rule.name: finding.rule for finding in findings}.values():
            log(f"{rule.name}: {rule.law}. Why: {rule.reason} ({rule.source}).")
        if not findings:
            log(f"{table.name} follows every rule of docs/guidelines.md.")
    if strict and any(finding.severity == "warning" for finding in findings):
        raise typer.Exit(1)
