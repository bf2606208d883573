"""Rules and findings: where a design rule does not hold, what was measured, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from archscape.spaces.graph import Totals
from archscape.spaces.printing import Printed, Printout

from .dataflow import Dataflow


class Severity(StrEnum):
    """How much a finding matters."""

    note = "note"
    """A trade-off to weigh: what is found has a price, and may have a reason."""
    warning = "warning"
    """Something is spent or lost for nothing."""


def total(parts: Iterable[Totals]) -> Totals:
    """Return what several operators cost together."""
    return Totals(*map(sum, zip(*parts, strict=True)))


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One place where a rule does not hold.

    Attributes:
        index: The operator, by its place in the flat graph.
        measured: What was found there, in words.
        value: The same as a number, to compare with the threshold.
        alternative: What to do instead.
        before: Cost of the layers that the alternative replaces; None where it is this operator.
        after: Cost of what replaces them; None where it costs the same.
        severity: How much it matters; None for the rule's own.
    """

    index: int
    measured: str
    value: float
    alternative: str
    before: Totals | None = None
    after: Totals | None = None
    severity: Severity | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A known design rule.

    Attributes:
        name: Its name.
        law: What holds in a network that follows it.
        reason: Why, in a sentence or two.
        source: Where that was shown.
        threshold: What the measured value is compared with.
        severity: How much a finding matters, unless the finding itself says so.
        check: Finds the places where it does not hold.
    """

    name: str
    law: str
    reason: str
    source: str
    threshold: float
    severity: Severity
    check: Callable[[Dataflow], Iterator[Hit]]


@dataclass(frozen=True, kw_only=True, repr=False)
class Finding(Printed):
    """A rule that does not hold, in one layer or in several of one row that are alike.

    Attributes:
        rule: The rule.
        severity: How much it matters.
        row: The row of the table.
        layers: The layers, by their full names.
        measured: What was found in each of them, in words.
        value: The same as a number.
        alternative: What to do instead, in each of them.
        before: Cost of what the alternatives replace, all layers together.
        after: Cost of what replaces it.
    """

    rule: Rule
    severity: Severity
    row: str
    layers: tuple[str, ...]
    measured: str
    value: float
    alternative: str
    before: Totals
    after: Totals

    def printout(self) -> Printout:
        """Return what was found, what would be instead, and at what costs."""
        rows = [
            ("found", self.measured),
            ("instead", self.alternative),
            ("params", f"{self.before.params:,} → {self.after.params:,}"),
            ("macs", f"{self.before.macs:,} → {self.after.macs:,}"),
            ("law", self.rule.law),
            ("source", self.rule.source),
        ]
        title = f"{self.layers[0]}: {self.rule.name} ({self.severity})"
        return Printout(title=title, columns=("finding", ""), rows=rows)

    def as_dict(self) -> dict[str, str | int | float | list[str]]:
        """Return it as plain values: a row of a table, or JSON."""
        return {
            "rule": self.rule.name,
            "severity": self.severity.value,
            "row": self.row,
            "layers": list(self.layers),
            "measured": self.measured,
            "value": self.value,
            "threshold": self.rule.threshold,
            "law": self.rule.law,
            "reason": self.rule.reason,
            "source": self.rule.source,
            "alternative": self.alternative,
            "params": self.before.params,
            "params_after": self.after.params,
            "macs": self.before.macs,
            "macs_after": self.after.macs,
        }


class Findings(list[Finding], Printed):
    """The findings of a network, a list that prints as a table."""

    def printout(self) -> Printout:
        """Return a row a finding."""
        rows = [(f.layers[0], f.severity.value, f.rule.name, f.measured, f.alternative) for f in self]
        columns = ("layer", "severity", "rule", "found", "instead")
        least = ("instead", "found", "severity")
        return Printout(title=f"{len(self)} findings", columns=columns, rows=rows, least=least)

    __str__, __repr__ = Printed.__str__, Printed.__repr__
