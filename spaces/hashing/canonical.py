"""Canonical hash: two tables that give the same network have the same hash.

The flat graph is simplified and written as text from the outputs backwards; the text ends with the outputs,
in order. Simplified means:

- identities, and what does not reach an output, are left out;
- a pooling of the whole map is one with a window as large as the map; its stride does not count;
- a sum of sums is one sum, a product of products one product, a concatenation of concatenations one
  concatenation; the inputs of a sum or a product have no order;
- an activation that returns what it reads, such as a rectifier after another one, is left out, and so is one
  that cuts off less than the next, such as a rectifier before a relu6; x - a - b is x - (a + b);
- zeros around a map that a convolution reads are its padding, where both sides of an axis are alike;
- a layer that is applied twice to one map, with the same weights, is applied once;
- an edge that is zero adds nothing: it is no term of a sum, and a sum of one term is that term. What layers
  with one input make of a zero edge is a constant, such as a bias or the shift of a norm; as a term of a sum
  it counts as zero too.

Equal hashes thus mean equal networks up to the order and brackets of sums, and constants from zero edges. A
value that is read twice is written once and referred to, and a layer that shares the weights of one above it
says so; a shared layer thus differs from two equal ones, in its parameters. `formula` has the coarser form
that forgets this, as NAS-Bench-201 does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import chain
from operator import add
from typing import NamedTuple

from ..graph import ANYTHING, Body, Bounds, Graph, Op, Output, Shape
from ..operators import Concat, Conv, Multiply, Pad, Subtract, Zero
from ..operators.join import Add
from ..operators.stochastic import Dropout, DropPath, Reparameterise
from ..values import shape_text, text

ROUNDS = 3
RANDOM = (Dropout, DropPath, Reparameterise)
"""What gives another value each time that it is applied."""
MOST_TERMS = 4096
"""Terms up to which joins within a join are opened; those of joins that are read twice double."""
LONG = 4096
"""Characters after which the key of a chain is digested."""


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


def canonical_hash(graph: Graph) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the canonical text."""
    return hashlib.sha256(canonical_text(graph).encode()).hexdigest()[:16]


def canonical_text(graph: Graph) -> str:
    """Return the simplified graph as text, the same for equal networks."""
    return _Simple(graph.body).text()


def value_keys(body: Body) -> frozenset[str]:
    """Return a key for each value of the simplified graph; equal keys depend on equal graphs above them."""
    keys, _ = _Simple(body)._keys()
    return frozenset(keys.values())


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


def simplified(body: Body) -> SimpleBody:
    """Return the operators of the canonical form of a body, which may be a part of a network."""
    simple = _Simple(body)
    return SimpleBody(simple.values(), tuple(simple.outputs))


def canonical_part(body: Body, bounds: Bounds) -> tuple[str, Bounds]:
    """Return the text of a part of a network that reads one map, and between which values its own lie."""
    part = _Simple(body, (bounds,))
    return part.text(), part.bounds_of(part.outputs[0])


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
        words, role, identity = _about(op)
        if identity or (role is Role.sum and len(sources) == 1):
            values.append(sources[0])
            continue
        values.append(count + len(steps))
        whose = node.module if named and op.stateful else ""
        steps.append(Step(words, role, tuple(sources), shape, op, whose))
    return Steps(steps, [values[value] for value in body.outputs])


_remembered = lru_cache(maxsize=4096)(steps_of)


@lru_cache(maxsize=65536)
def _about(op: Op) -> tuple[str, Role, bool]:
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


class _Simple:
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
        return step._replace(text=_about(wide)[0], op=wide), list(self.sources[sources[0]])

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

    def text(self) -> str:
        """Return the operators line by line, each after what it reads, and the outputs."""
        keys, tied = self._keys()
        if tied:
            keys = self._told_apart(keys)
        numbers = {value: value for value in range(len(self.inputs))}
        firsts: dict[int, int] = {}
        lines = [shape_text(shape) for shape in self.inputs]
        stack = [(value, False) for value in reversed(self.outputs)]
        while stack:
            value, ready = stack.pop()
            if value in numbers:
                continue
            sources = self.sources[value]
            if ready:
                read = [numbers[source] for source in sources]
                if value in self.unordered:
                    read.sort()
                numbers[value] = len(lines)
                whose = ""
                if value in self.weights:
                    first = firsts.setdefault(self.weights[value][0], len(lines))
                    whose = f" like {first}" if first < len(lines) else ""
                lines.append(f"{self.texts[value]} {' '.join(map(str, read))}{whose}")
                continue
            if value in self.unordered:
                sources = sorted(sources, key=keys.__getitem__)
            stack.append((value, True))
            stack += [(source, False) for source in reversed(sources)]
        outputs = " ".join([str(numbers[value]) for value in self.outputs])
        return "\n".join([*lines, f"outputs {outputs}"])

    def _keys(self) -> tuple[dict[int, str], bool]:
        """Return a key of all that each value depends on, and whether an unordered step reads equal ones.

        Equal subtrees have equal keys.
        """
        keys = {value: f"input {value}" for value in range(len(self.inputs))}
        tied = False
        for value in self.order:
            if value in keys:
                continue
            sources = self.sources[value]
            words = self.texts[value]
            if value in self.weights:
                words = f"{words} x{len(self.weights[value])}"
            if len(sources) == 1:
                key = f"{keys[sources[0]]}\n{words}"
                keys[value] = digest(key) if len(key) > LONG else key
                continue
            below = [keys[source] for source in sources]
            if value in self.unordered:
                tied = tied or len(set(below)) < len(set(sources))
                below.sort()
            keys[value] = digest(words, *below)
        return keys, tied

    def _told_apart(self, keys: dict[int, str]) -> dict[int, str]:
        """Return keys that tell equal subtrees apart by what reads them: colours, refined up and down."""
        for _ in range(ROUNDS):
            readers: dict[int, list[str]] = {value: [] for value in self.order}
            for place, value in enumerate(self.outputs):
                readers[value].append(f"output {place}")
            for value in reversed(self.order):
                readers[value].sort()
                for place, source in enumerate(self.sources[value]):
                    where = "" if value in self.unordered else str(place)
                    readers[source].append(digest(keys[value], *readers[value], where))
            keys = dict(keys)
            groups = {group[0]: group for group in self.weights.values()}
            alike = {
                first: digest(*sorted([keys[other] for other in group])) for first, group in groups.items()
            }
            for value in self.order:
                below = sorted([keys[source] for source in self.sources[value]])
                tied = [alike[self.weights[value][0]]] if value in self.weights else []
                keys[value] = digest(keys[value], *readers[value], "/", *below, *tied)
        return keys


def digest(*parts: str) -> str:
    """Return 24 hexadecimal digits of the SHA-256 of some texts."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]
