"""`archscape diff`: which rows differ between two networks, and what each of them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, FormatOption, emit, emit_json, log
from .options.costs import table_reads
from .options.networks import InputOption, UsesOption, find_network
from .options.settings import BatchOption, DtypeOption

if TYPE_CHECKING:
    from ..analysis.reports.comparison.diff import Diff
    from ..analysis.reports.comparison.parts import Part

SHOWN = ("params", "macs", "activations")
LEAST = ("memory", "Δ activations", "Δ macs", "what changed")
"""Columns that a narrow terminal leaves out first."""


class Difference(int):
    """A number that is shown with its sign."""

    def __format__(self, spec: str) -> str:
        """Return it with its sign; nothing is 0."""
        return super().__format__(f"+{spec}" if self else spec)


def diff(
    before: Annotated[
        str, typer.Argument(help="A name of `archscape list`, a file, or a bundle.", metavar="BEFORE")
    ],
    after: Annotated[str, typer.Argument(help="Another one.", metavar="AFTER")],
    form: FormatOption = Format.table,
    shape: InputOption = None,
    uses: UsesOption = None,
    batch: BatchOption = 1,
    dtype: DtypeOption = "float32",
) -> None:
    """Show in which rows two networks differ, and at what cost.

    Rows are added, removed or changed. Costs are those of the second network less those of the first, and add
    up to the difference of the totals. Memory is the most that maps take while a row runs.
    `docs/comparing.md` shows one.
    """
    from ..analysis.reports.comparison.diff import diff as find
    from ..analysis.reports.format import size

    comparison = find(find_network(before, shape), find_network(after, shape), batch=batch, dtype=dtype)
    if form is Format.json:
        emit_json(_as_json(comparison))
    else:
        rows: list[list[object]] = []
        for change in comparison.changes:
            part = change.before or change.after
            costs = [Difference(change.difference(cost)) for cost in SHOWN]
            rows.append([change.mark, part.text if part else "", change.text, *costs, change.memory])
        if form is not Format.csv:
            sums = [Difference(comparison.difference(cost)) for cost in SHOWN]
            rows.append(["", "in all", "", *sums, " → ".join(map(size, comparison.peaks))])
        title = f"From {comparison.before.name} to {comparison.after.name}"
        heads = ("", "row", "what changed", *(f"Δ {cost}" for cost in SHOWN), "memory")
        emit(heads, rows, form, title=title, names=2, least=LEAST)
    log(comparison.text)


def _as_json(comparison: Diff) -> dict[str, object]:
    from ..spaces.language.limits import COSTS

    sides = {"before": comparison.before, "after": comparison.after}
    return {
        **{side: {"network": table.name, "input": table_reads(table)} for side, table in sides.items()},
        "style": [setting._asdict() for setting in comparison.style],
        "changes": [
            {
                "kind": change.kind,
                "before": _part(change.before),
                "after": _part(change.after),
                "settings": [setting._asdict() for setting in change.settings],
                "kept_blocks": change.kept,
                **{cost: change.difference(cost) for cost in COSTS},
            }
            for change in comparison.changes
        ],
        **{cost: comparison.difference(cost) for cost in COSTS},
        "peak_bytes": dict(zip(sides, comparison.peaks, strict=True)),
    }


def _part(part: Part | None) -> dict[str, object] | None:
    if part is None:
        return None
    return {
        "name": part.name,
        "row": part.text,
        "shape": list(part.shape),
        **part.totals._asdict(),
        "held_bytes": part.held,
    }
