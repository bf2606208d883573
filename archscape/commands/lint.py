"""`archscape lint`: where a network does not follow the known design rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, emit, emit_json, log, say
from .options.checks import check_idle
from .options.costs import table_reads
from .options.networks import InputOption, NetworkArgument, UsesOption, find_network
from .options.settings import TargetOption

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
EXAMPLES = (
    "archscape lint alexnet",
    "archscape lint mine.yaml --strict",
    "archscape lint convnext-tiny --target tflm",
)


def lint(
    context: typer.Context,
    network: NetworkArgument,
    form: FormatOption = Format.table,
    shape: InputOption = None,
    uses: UsesOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if there is a warning.")
    ] = False,
    target: TargetOption = "",
    dtype: Annotated[
        str, typer.Option(metavar="TYPE", help="Of weights and maps on the target: int8 or float32.")
    ] = "int8",
) -> None:
    """Check a network against known design rules, with their sources.

    Each finding has its reason and the alternative. A warning is something spent or lost for nothing, a note
    a trade-off to weigh; with `--target`, operators that a small device lacks too. `docs/guidelines.md` has
    the rules.
    """
    from ..analysis.lint import lint as check

    if not target:
        check_idle(context, ("dtype",), "is the type on a small device; give --target as well")
    table = find_network(network, shape)
    findings = check(table, target=target, dtype=dtype)
    if form is Format.json:
        plain = [finding.as_dict() for finding in findings]
        emit_json({"network": table.name, "input": table_reads(table), "findings": plain})
    else:
        if form is Format.table:
            _show(table.name, findings)
        else:
            values = [finding.as_dict() | {"layer": _layers(finding)} for finding in findings]
            emit(COLUMNS, [[value[column] for column in COLUMNS] for value in values], form)
        for rule in {finding.rule.name: finding.rule for finding in findings}.values():
            log(f"{rule.name}: {rule.law}. Why: {rule.reason} ({rule.source}).")
        if not findings:
            log(f"{table.name} follows every rule of docs/guidelines.md.")
    if strict and any(finding.severity == "warning" for finding in findings):
        raise typer.Exit(1)


def _show(network: str, findings: Sequence[Finding]) -> None:
    """Print findings as paragraphs: where, what was found, what would be instead and at what costs."""
    if findings:
        say(network)
    for finding in findings:
        say(f"\n{_layers(finding)}: {finding.rule.name} ({finding.severity})")
        say(f"  {finding.measured}", indent="  ")
        say(f"  instead: {finding.alternative}", indent="    ")
        costs = finding.as_dict()
        changes = [f"{cost} {costs[cost]:,} → {costs[f'{cost}_after']:,}" for cost in ("params", "macs")]
        say(f"  {', '.join(changes)}", indent="    ")


def _layers(finding: Finding) -> str:
    first, *others = finding.layers
    return f"{first} and {len(others)} alike" if others else first
