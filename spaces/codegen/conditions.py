"""Conditions of a class: what they are called, and which of them the forward method reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, count
from typing import NamedTuple

from ..graph import Body, Node, Op
from .topology import Segment, Topology
from .trials import numbers_of

RESIDUAL = "residual"
"""The condition on which x is added, and the scope of what stands in such a block beside the rows."""


class Condition(NamedTuple):
    """A condition on which a segment of a class stands.

    Attributes:
        segment: The steps.
        name: What to call it, if it becomes a parameter.
        probe: The node that tells whether a body has the segment.
        kept: The attribute that the forward method reads; empty where `nn.Identity` stands for the one step.
    """

    segment: Segment
    name: str
    probe: str
    kept: str


def conditions(
    topology: Topology, taken: Iterable[str], switches: Collection[int] = ()
) -> Iterator[Condition]:
    """Yield the conditions of a class in order; `taken` are attributes that it has beside them.

    A switch alone needs none: its argument is None where it is absent.
    """
    nodes = topology.nodes()
    numbers = [name for name, value in numbers_of(topology.members[0]).items() if not isinstance(value, bool)]
    taken = {*taken, *numbers}
    for segment in topology.segments() or ():
        own = [nodes[at] for at in segment.steps]
        if len(own) == 1 and segment.exit in switches:
            continue
        names = modules(own)
        name, probe = _flag(own), (names or [own[-1].name])[0]
        if len(own) == len(names) == 1 and len(topology.steps[segment.exit].inputs) == 1:
            yield Condition(segment, name, probe, "")
            continue
        free = chain((name, f"has_{name}", f"with_{name}"), (f"{name}{number}" for number in count(2)))
        kept = next(attribute for attribute in free if attribute not in taken)
        taken.add(kept)
        yield Condition(segment, name, probe, kept)


def modules(nodes: Sequence[Node]) -> list[str]:
    """Return the names of the nodes that are modules."""
    return [node.name for node in nodes if isinstance(node.op, Body) or node.op.stateful]


def _flag(nodes: Sequence[Node]) -> str:
    """Return what to call the steps of a segment."""
    names = modules(nodes)
    scopes = [name.rpartition("_")[0] for name in names]
    last = nodes[-1].op
    if isinstance(last, Op) and last.kind == "add":
        return RESIDUAL
    if scope := next((scope for scope in scopes if scope not in ("", RESIDUAL)), ""):
        return scope
    if names:  # what stands in a residual block does not say that x is added
        name = names[0].removeprefix(f"{RESIDUAL}_")
        return name.rstrip("0123456789_") or name
    return last.kind if isinstance(last, Op) else last.word
