"""The rule of a small device, where one is asked for: its runtime has every operator."""

from __future__ import annotations

from collections.abc import Iterator

from ..costs.memory.targets import load_target
from .dataflow import Dataflow
from .finding import Hit, Rule, Severity


def target_rules(target: str, dtype: str) -> tuple[Rule, ...]:
    """Return the rules of a small device.

    Args:
        target: The runtime.
        dtype: The type of maps and weights there.

    Raises:
        InputError: For an unknown target or type.
    """
    runtime = load_target(target, dtype)

    def check(dataflow: Dataflow) -> Iterator[Hit]:
        for missing in runtime.missing(dataflow.network, dtype):
            yield Hit(
                index=missing.node,
                measured=missing.sentence(runtime.title),
                value=1.0,
                alternative=missing.remedy,
                severity=Severity.warning if missing.kind == "lacking" else Severity.note,
            )

    return (
        Rule(
            name="missing-operator",
            law=f"{runtime.title} has every operator of the network in {dtype}",
            reason="where a runtime lacks an operator the converted file does not run; one that is composed "
            "of others runs, with a map and a rounding for each of these",
            source=runtime.source,
            threshold=0.0,
            severity=Severity.warning,
            check=check,
        ),
    )
