"""A body as a list of operators, those of bodies within it among them: where every hash begins."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from ..graph import Body, Op, Output, Shape
from ..operators import Concat, Conv, Multiply, Subtract
from ..operators.join import Add
from ..values import text


class Role(IntEnum):
    """What the canonical form does with an operator."""

    ordered = 0
    unordered = 1
    sum = 2
    zero = 3
    product = 4
    concat = 5
    difference = 6
    settled = 7
    """An activation that returns what lies between some bounds."""
    conv = 8


class Step(NamedTuple):
    """An operator of the flat network.

    Attributes:
        text: The operator with its attributes; two operators with one text do the same.
        role: What the canonical form does with it.
        inputs: Values it reads: first the inputs, then the steps, numbered through from 0.
        shape: Output shape.
        op: The operator.
        weights: Full name of the node that has its weights, where some in the network are shared.
    """

    text: str
    role: Role
    inputs: tuple[int, ...]
    shape: Shape
    op: Op
    weights: str = ""


class Steps(NamedTuple):
    """A body as operators alone: no bodies within, no identities, no sums of a single term."""

    steps: list[Step]
    outputs: list[int]


def steps_of(body: Body, named: bool | None = None) -> Steps:
    """Return the operators of a body in order, without what changes nothing.

    Args:
        body: The body.
        named: Whether to say which weights each has; where some are shared unless given.
    """
    named = body.shares if named is None else named
    count = len(body.inputs)
    steps: list[Step] = []
    values = list(range(count))
    several: dict[int, list[int]] = {}
    for node in body.nodes:
        op, inputs, shape = node[:3]
        if isinstance(op, Output):
            values.append(several[inputs[0]][op.number])
            continue
        sources = [values[value] for value in inputs]
        if isinstance(op, Body):
            inner = _remembered(op, named)
            numbers = [*sources, *range(count + len(steps), count + len(steps) + len(inner.steps))]
            for text_, role, inside, shape_, op_, weights in inner.steps:
                whose = f"{node.module}.{weights}" if weights else ""
                steps.append(
                    Step(text_, role, tuple([numbers[value] for value in inside]), shape_, op_, whose)
                )
            results = [numbers[value] for value in inner.outputs]
            several[len(values)] = results
            values.append(results[0])
            continue
        op = op.canonical(tuple([body.shape_of(value) for value in inputs]))
        words, role, identity = words_of(op)
        if identity or (role is Role.sum and len(sources) == 1):
            values.append(sources[0])
            continue
        values.append(count + len(steps))
        whose = node.module if named and op.stateful else ""
        steps.append(Step(words, role, tuple(sources), shape, op, whose))
    return Steps(steps, [values[value] for value in body.outputs])


_remembered = lru_cache(maxsize=4096)(steps_of)


@lru_cache(maxsize=65536)
def words_of(op: Op) -> tuple[str, Role, bool]:
    """Return an operator's text and role, and whether it changes nothing."""
    attributes = " ".join(f"{name}={text(value)}" for name, value in op.attributes().items())
    return f"{type(op).__name__} {attributes}".rstrip(), _role(op), op.identity


def _role(op: Op) -> Role:
    if op.zero:
        return Role.zero
    return _ROLES.get(type(op)) or (
        Role.unordered if op.commutative else Role.settled if op.unchanged else Role.ordered
    )


_ROLES = {
    Subtract: Role.difference,
    Add: Role.sum,
    Multiply: Role.product,
    Concat: Role.concat,
    Conv: Role.conv,
}
