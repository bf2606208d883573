"""What a runtime says of an operator that it lacks, and what to take in its place."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["lacking", "composed", "unknown"]
"""Of an operator: the runtime lacks it; converters compose it of others; what it becomes is not known."""


class Missing(NamedTuple):
    """An operator of a network that a runtime does not have as it is.

    Attributes:
        node: Its place among the nodes of the flat graph.
        name: Its full name.
        operator: What is missing, by the runtime's name if it has one.
        remedy: What to take in its place.
        kind: How much is missing.
    """

    node: int
    name: str
    operator: str
    remedy: str
    kind: Kind

    def sentence(self, runtime: str) -> str:
        """Return what is missing on a runtime of this title."""
        if self.kind == "composed":
            return f"{runtime} has no {self.operator} and composes it of sums, products and roots"
        if self.kind == "unknown":
            return f"what {self.operator} becomes on {runtime} is not known; its memory is a lower bound"
        return f"{runtime} lacks {self.operator}"
