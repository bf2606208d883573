"""Switches: activations of a class that differ between its uses, so that their module is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count

from ..graph import Node, Op
from .literals import Name
from .topology import Topology


def switches(topology: Topology, taken: Iterable[str]) -> dict[int, str]:
    """Return the steps whose module is an argument, with the attribute that holds it.

    Args:
        topology: The steps.
        taken: Attributes that the class has beside them.
    """
    taken, attributes = set(taken), {}
    for index, node in enumerate(topology.nodes()):
        if (
            isinstance(node.op, Op)
            and node.op.interchangeable
            and len({*names(topology, index)} - {None}) > 1
        ):
            stem = argument(node)
            free = chain((stem,), (f"{stem}{number}" for number in count(2)))
            attributes[index] = next(name for name in free if name not in taken)
            taken.add(attributes[index])
    return attributes


def argument(node: Node) -> str:
    """Return what to call the argument."""
    scope = node.name.rpartition("_")[0]
    return f"{scope}_act" if scope else "act"


def names(topology: Topology, index: int) -> list[Name | None]:
    """Return the class of a step's module in every member, None where it has none."""
    ops = [node and node.op for node in topology.column(index)]
    return [Name(op.interchangeable) if isinstance(op, Op) else None for op in ops]
