"""A network without what changes nothing: the simplified graph, of which `canonical` writes the text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import add
from typing import NamedTuple

from ..graph import ANYTHING, Body, Bounds, Op, Shape
from ..operators import Conv, Pad, Zero
from ..operators.join import Add
from ..operators.stochastic import Dropout, DropPath, Reparameterise
from ..values import shape_text
from .steps import Role, Step, steps_of, words_of

RANDOM = (Dropout, DropPath, Reparameterise)
"""What gives another value each time that it is applied."""
MOST_TERMS = 4096
"""Terms up to which joins within a join are opened; those of joins that are read twice double."""


class SimpleValue(NamedTuple):
    """A value of a simplified body.

    Attributes:
        op: What gives it.
        shape: Its shape.
        sources: The values that it is made of, those of an unordered operator in the order of the body.
    """

    op: Op
    shape: Shape
    sources: tuple[int, ...]


class SimpleBody(NamedTuple):
    """A body without what changes nothing, and without what reaches no output.

    Attributes:
        values: Its values by number, each after those that it is made of; the inputs come first, unlisted.
        outputs: The values that are results.
    """

    values: dict[int, SimpleValue]
    outputs: tuple[int, ...]


class Simplified:
    """A network without what changes nothing.

    Attributes:
        inputs: Shapes of the inputs, the first values.
        texts: Text of each value's operator.
        sources: The values that each value is made of; of a sum its terms, those of sums within among them.
        unordered: The values whose sources have no order.
        outputs: The values that are results, in order.
        order: The values that reach an output, each after its sources.
        named: Whether weights are shared in it.
        weights: For each value of a layer that is applied several times, these values.
    """

    def __init__(self, body: Body, bounds: Sequence[Bounds] = ()) -> None:
        steps, outputs = steps_of(body)
        self.inputs = body.inputs
        self.texts = ["input"] * len(body.inputs)
        self.sources: list[Sequence[int]] = [()] * len(body.inputs)
        self.unordered: set[int] = set()
        self._ops: list[Op | None] = [None] * len(body.inputs)
        self._shapes: list[Shape] = list(body.inputs)
        self._bounds = list(bounds) or [ANYTHING] * len(body.inputs)
        self._joined: dict[tuple[str, tuple[int, ...]], int] = {}
        self._zeros: dict[Shape, int] = {}
        self._constant: set[int] = set()
        self.named = body.shares
        self._applied: dict[str, dict[tuple[str, tuple[int, ...]], int]] = {}
        self._twice: set[int] = set()
        values = list(range(len(body.inputs)))
        for step in steps:
            values.append(self._value(step, [values[value] for value in step.inputs]))
        self.outputs = [values[value] for value in outputs]
        self.order = self._order()
        reached = set(self.order)
        self.weights: dict[int, list[int]] = {}
        for name, applied in self._applied.items():
            group = [value for value in applied.values() if value in reached]
            if name and len(group) > 1:
                self.weights |= dict.fromkeys(group, group)

    def _value(self, step: Step, sources: list[int]) -> int:
        """Return the value that stands for a step: a new one, or one that is equal."""
        role = step.role
        if role is Role.sum:
            return self._sum(step, sources)
        if role is Role.zero:
            return self._zero(step.shape)
        if role is Role.product:
            return self._without_brackets(step, sources)
        if role is Role.difference:
            return self._difference(step, *sources)
        if role is Role.settled:
            if self._is_settled(step.op, sources[0]):
                return sources[0]
            sources = self._without_wider(step.op, sources)
        if role is Role.concat:
            sources = self._opened(step, sources)
        elif role is Role.conv:
            step, sources = self._with_padding(step, sources)
        if self.named and (again := self._again(step, sources)) is not None:
            return again
        value = self._enter(step, sources)
        if self.named and not isinstance(step.op, RANDOM):
            self._applied.setdefault(step.weights, {})[step.text, tuple(sources)] = value
        if role is Role.unordered:
            self.unordered.add(value)
        elif len(sources) == 1 and sources[0] in self._constant:
            self._constant.add(value)
        return value

    def _again(self, step: Step, sources: list[int]) -> int | None:
        """Return the value of the same layer on the same map, if it stands above, or what follows from it."""
        if step.weights or not self._twice.isdisjoint(sources):
            again = self._applied.get(step.weights, {}).get((step.text, tuple(sources)))
            if again is not None:
                self._twice.add(again)
            return again
        return None

    def _sum(self, step: Step, sources: list[int]) -> int:
        sources = [source for source in sources if source not in self._constant]
        if len(sources) < 2:
            return sources[0] if sources else self._zero(step.shape)
        return self._without_brackets(step, sources)

    def _without_brackets(self, step: Step, sources: list[int]) -> int:
        """Return the value of a sum or a product, those within it opened and all terms in order."""
        terms = tuple(sorted(self._opened(step, sources)))
        key = (step.text, terms)
        if key not in self._joined:
            self._joined[key] = self._enter(step, terms)
            self.unordered.add(self._joined[key])
        return self._joined[key]

    def _opened(self, step: Step, sources: list[int]) -> list[int]:
        """Return what a join reads; in place of joins of its kind, what these read, if that is not much."""
        nested = [self.sources[s] if self.texts[s] == step.text else (s,) for s in sources]
        return list(chain.from_iterable(nested)) if sum(map(len, nested)) <= MOST_TERMS else sources

    def _is_settled(self, op: Op, source: int) -> bool:
        """Tell whether an activation returns what it reads, since that lies between its bounds."""
        unchanged = op.unchanged
        return unchanged is not None and unchanged.holds(self._bounds[source])

    def _without_wider(self, op: Op, sources: list[int]) -> list[int]:
        """Return what an activation reads; of another one that cuts off less, what that reads."""
        inner, bounds = self._ops[sources[0]], op.bounds(())
        if inner is None or not inner.unchanged or bounds != op.unchanged:
            return sources
        cuts_less = inner.unchanged == inner.bounds(()) and inner.unchanged.holds(bounds)
        return list(self.sources[sources[0]]) if cuts_less else sources

    def _difference(self, step: Step, first: int, second: int) -> int:
        """Return x - (a + b) for x - a - b; nothing is subtracted where that is zero."""
        if second in self._constant:
            return first
        if self.texts[first] == step.text:
            first, inner = self.sources[first]
            second = self._without_brackets(Step("Add", Role.sum, (), step.shape, Add()), [inner, second])
        return self._enter(step, (first, second))

    def _with_padding(self, step: Step, sources: list[int]) -> tuple[Step, list[int]]:
        """Return a convolution that pads by itself, where what it reads was padded on both sides alike."""
        pad, conv = self._ops[sources[0]], step.op
        if not isinstance(pad, Pad) or pad.before != pad.after or pad.mode != "zeros":
            return step, sources
        assert isinstance(conv, Conv)
        padding = tuple(map(add, conv.padding, pad.before))
        wide = conv._replace(padding=padding)
        return step._replace(text=words_of(wide)[0], op=wide), list(self.sources[sources[0]])

    def _zero(self, shape: Shape) -> int:
        if shape not in self._zeros:
            zero = Step(f"Zero {shape_text(shape)}", Role.zero, (), shape, Zero(stride=1))
            self._zeros[shape] = self._enter(zero, ())
            self._constant.add(self._zeros[shape])
        return self._zeros[shape]

    def _enter(self, step: Step, sources: Sequence[int]) -> int:
        op = step.op
        bounded = op.copies or type(op).bounds is not Op.bounds
        self.texts.append(step.text)
        self.sources.append(sources)
        self._ops.append(op)
        self._shapes.append(step.shape)
        self._bounds.append(op.bounds([self._bounds[s] for s in sources]) if bounded else ANYTHING)
        return len(self.texts) - 1

    def _order(self) -> list[int]:
        reached = bytearray(len(self.texts))
        for value in self.outputs:
            reached[value] = 1
        for value in range(len(self.texts) - 1, -1, -1):
            if reached[value]:
                for source in self.sources[value]:
                    reached[source] = 1
        return [value for value, is_reached in enumerate(reached) if is_reached]

    def values(self) -> dict[int, SimpleValue]:
        """Return what reaches an output, but for the inputs."""
        return {
            value: SimpleValue(op, self._shapes[value], tuple(self.sources[value]))
            for value in self.order
            if (op := self._ops[value]) is not None
        }

    def bounds_of(self, value: int) -> Bounds:
        """Return between which values all elements of a value lie."""
        return self._bounds[value]


def simplified(body: Body) -> SimpleBody:
    """Return the operators of the canonical form of a body, which may be a part of a network."""
    simple = Simplified(body)
    return SimpleBody(simple.values(), tuple(simple.outputs))
