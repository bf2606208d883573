"""Lint: the known design rules of networks as checks, each with its reason, source and alternative."""

from __future__ import annotations

from archscape.spaces import Network

from . import channels, context, dilation, filters, volume, weights
from .dataflow import Dataflow, row_of
from .finding import Cost, Finding, Hit, Rule, Severity

RULES: tuple[Rule, ...] = (
    *volume.RULES,
    *filters.RULES,
    *channels.RULES,
    *dilation.RULES,
    *context.RULES,
    *weights.RULES,
)
"""Every rule, in the order in which findings are told."""

__all__ = ["RULES", "Cost", "Finding", "Rule", "Severity", "lint"]


def lint(network: Network) -> list[Finding]:
    """Return where a network does not follow the known design rules; nothing is built.

    Layers of one row in which the same was found are one finding.

    >>> from archscape.spaces import load_network
    >>> [finding.rule.name for finding in lint(load_network("vgg16"))]
    ['heavy-head']
    """
    dataflow = Dataflow(network)
    return [finding for rule in RULES for finding in _findings(rule, dataflow)]


def _findings(rule: Rule, dataflow: Dataflow) -> list[Finding]:
    alike: dict[tuple[object, ...], list[Hit]] = {}
    for hit in rule.check(dataflow):
        row = row_of(dataflow.nodes[hit.index].name)
        alike.setdefault((row, hit.measured, hit.alternative, hit.severity), []).append(hit)
    return [_finding(rule, dataflow, hits) for hits in alike.values()]


def _finding(rule: Rule, dataflow: Dataflow, hits: list[Hit]) -> Finding:
    layers = tuple(dataflow.nodes[hit.index].name for hit in hits)
    return Finding(
        rule=rule,
        severity=hits[0].severity or rule.severity,
        row=row_of(layers[0]),
        layers=layers,
        measured=hits[0].measured,
        value=hits[0].value,
        alternative=hits[0].alternative,
        before=Cost.total(hit.before for hit in hits),
        after=Cost.total(hit.after for hit in hits),
    )
