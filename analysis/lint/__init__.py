"""Lint: the known design rules of networks as checks, each with its reason, source and alternative."""

from __future__ import annotations

from collections.abc import Iterator

from archscape.spaces import Network

from . import channels, context, dilation, filters, volume, weights
from .dataflow import Dataflow, row_of
from .finding import Finding, Findings, Hit, Rule, Severity, total
from .target import target_rules

RULES: tuple[Rule, ...] = (
    *volume.RULES,
    *filters.RULES,
    *channels.RULES,
    *dilation.RULES,
    *context.RULES,
    *weights.RULES,
)
"""Every rule, in the order in which findings are told."""

__all__ = ["RULES", "Finding", "Rule", "Severity", "lint"]


def lint(network: Network, *, target: str = "", dtype: str = "int8") -> Findings:
    """Return where a network does not follow the known design rules; nothing is built.

    Layers of one row in which the same was found are one finding.

    Args:
        network: The network.
        target: The runtime of a small device, whose operators are checked too; "" for none.
        dtype: The type of maps and weights there.

    Raises:
        InputError: For an unknown target or type.

    >>> from archscape.spaces import load_network
    >>> [finding.rule.name for finding in lint(load_network("vgg16"))]
    ['heavy-head']
    """
    dataflow = Dataflow(network)
    rules = (*RULES, *target_rules(target, dtype)) if target else RULES
    return Findings(finding for rule in rules for finding in _findings(rule, dataflow))


def _findings(rule: Rule, dataflow: Dataflow) -> Iterator[Finding]:
    alike: dict[tuple[object, ...], list[Hit]] = {}
    for hit in rule.check(dataflow):
        row = row_of(dataflow.nodes[hit.index].name)
        alike.setdefault((row, hit.measured, hit.alternative, hit.severity), []).append(hit)
    for hits in alike.values():
        layers = tuple(dataflow.nodes[hit.index].name for hit in hits)
        own = [not dataflow.nodes[hit.index].like for hit in hits]  # shared parameters count where they are
        before = [hit.before or dataflow.costs(hit.index) for hit in hits]
        after = [hit.after or cost for hit, cost in zip(hits, before, strict=True)]
        yield Finding(
            rule=rule,
            severity=hits[0].severity or rule.severity,
            row=row_of(layers[0]),
            layers=layers,
            measured=hits[0].measured,
            value=hits[0].value,
            alternative=hits[0].alternative,
            before=total(
                [cost._replace(params=cost.params * its) for cost, its in zip(before, own, strict=True)]
            ),
            after=total(
                [cost._replace(params=cost.params * its) for cost, its in zip(after, own, strict=True)]
            ),
        )
