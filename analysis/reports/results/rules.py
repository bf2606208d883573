"""Which design rules the networks of a search's frontier do not follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from archscape.analysis.lint import Finding, lint
from archscape.spaces import Network
from archscape.spaces.errors import SpaceError

from ..templating import render


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """A rule that some networks break.

    Attributes:
        finding: The finding that would save most.
        number: The trial that it is of.
        networks: How many networks break the rule.
    """

    finding: Finding
    number: int
    networks: int

    @property
    def difference(self) -> str:
        """What following the rule would change there: less is saved, more is its price."""
        before, after = self.finding.before, self.finding.after
        changes = {"MACs": after.macs - before.macs, "parameters": after.params - before.params}
        texts = [f"{count:+,} {words}".replace("-", "−") for words, count in changes.items() if count]
        return ", ".join(texts) or "none"


def findings_of(networks: Mapping[int, str]) -> dict[int, list[Finding]]:
    """Return the findings of networks, given as JSON, by their trial; what cannot be read has none."""
    findings: dict[int, list[Finding]] = {}
    for number, text in networks.items():
        try:
            findings[number] = lint(Network.from_json(text))
        except SpaceError:
            continue
    return findings


def broken_rules(findings: Mapping[int, list[Finding]]) -> list[BrokenRule]:
    """Return the rules that are broken, in the order in which they are met."""
    by_rule: dict[str, list[tuple[int, Finding]]] = {}
    for number, of_network in findings.items():
        for finding in of_network:
            by_rule.setdefault(finding.rule.name, []).append((number, finding))
    broken = []
    for hits in by_rule.values():
        number, worst = max(hits, key=lambda hit: hit[1].before.macs - hit[1].after.macs)
        networks = len({trial for trial, _ in hits})
        broken.append(BrokenRule(finding=worst, number=number, networks=networks))
    return broken


def rules_section(findings: Mapping[int, list[Finding]]) -> Markup:
    """Return a row a rule: how many networks break it, and the finding that would save most."""
    return render("results/rules.html", findings=findings, broken=broken_rules(findings))
