"""What a runtime says of an operator that it lacks, and what to take in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from archscape.spaces.graph import Op, Shape


class Missing(NamedTuple):
    """An operator that a runtime lacks.

    Attributes:
        operator: What is missing, by the runtime's name.
        remedy: What to take in its place.
        is_composed: Whether converters write it with operators that the runtime has, at a price.
    """

    operator: str
    remedy: str
    is_composed: bool = False


class MissingAt(NamedTuple):
    """An operator of a network that a runtime lacks.

    Attributes:
        node: Its place among the nodes of the flat graph.
        name: Its full name.
        missing: What is missing.
    """

    node: int
    name: str
    missing: Missing


MissingOf: TypeAlias = Callable[[Op, tuple[Shape, ...], str], Missing | None]
"""What a runtime says of an operator, the shapes that it reads and a type: what is missing, or None."""
