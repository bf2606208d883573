"""Canonical hash: two tables that give the same network have the same hash.

The flat graph is simplified and written as text from the outputs backwards; the text ends with the outputs,
in order. Simplified means:

- identities, and what does not reach an output, are left out;
- a pooling of the whole map is one with a window as large as the map; its stride does not count;
- a sum of sums is one sum, and the inputs of a sum or a product have no order;
- an edge that is zero adds nothing: it is no term of a sum, and a sum of one term is that term. What layers
  with one input make of a zero edge is a constant, such as a bias or the shift of a norm; as a term of a sum
  it counts as zero too.

Equal hashes thus mean equal networks up to the order and brackets of sums, and constants from zero edges. A
value that is read twice is written once and referred to, so a shared layer differs from two equal ones: they
differ in their parameters. `formula` has the coarser form that forgets this, as NAS-Bench-201 does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from ..graph import Body, Graph, Op, Shape
from ..operators.join import Add
from ..values import shape_text, text

ROUNDS = 3
LONG = 4096
"""Characters after which the key of a chain is digested."""


class Role(IntEnum):
    """What the canonical form does with an operator."""

    ordered = 0
    unordered = 1
    sum = 2
    zero = 3


class Step(NamedTuple):
    """An operator of the flat network.

    Attributes:
        text: The operator with its attributes; two operators with one text do the same.
        role: What the canonical form does with it.
        inputs: Values it reads: first the inputs, then the steps, numbered through from 0.
        shape: Output shape.
        op: The operator.
    """

    text: str
    role: Role
    inputs: tuple[int, ...]
    shape: Shape
    op: Op


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


def steps_of(body: Body) -> Steps:
    """Return the operators of a body in order, without what changes nothing."""
    count = len(body.inputs)
    steps: list[Step] = []
    values = list(range(count))
    for op, inputs, shape, _ in body.nodes:
        sources = [values[value] for value in inputs]
        if isinstance(op, Body):
            inner = _remembered(op)
            numbers = [*sources, *range(count + len(steps), count + len(steps) + len(inner.steps))]
            for text_, role, inside, shape_, op_ in inner.steps:
                steps.append(Step(text_, role, tuple([numbers[value] for value in inside]), shape_, op_))
            values += [numbers[value] for value in inner.outputs]
            continue
        op = op.canonical(tuple([body.shape_of(value) for value in inputs]))
        words, role, identity = _about(op)
        if identity or (role is Role.sum and len(sources) == 1):
            values.append(sources[0])
            continue
        values.append(count + len(steps))
        steps.append(Step(words, role, tuple(sources), shape, op))
    return Steps(steps, [values[value] for value in body.outputs])


_remembered = lru_cache(maxsize=4096)(steps_of)


@lru_cache(maxsize=65536)
def _about(op: Op) -> tuple[str, Role, bool]:
    """Return an operator's text and role, and whether it changes nothing."""
    attributes = " ".join(f"{name}={text(value)}" for name, value in op.attributes().items())
    role = Role.unordered if op.commutative else Role.ordered
    role = Role.sum if isinstance(op, Add) else Role.zero if op.zero else role
    return f"{type(op).__name__} {attributes}".rstrip(), role, op.identity


class _Simple:
    """A network without what changes nothing.

    Attributes:
        inputs: Shapes of the inputs, the first values.
        texts: Text of each value's operator.
        sources: The values that each value is made of; of a sum its terms, those of sums within among them.
        unordered: The values whose sources have no order.
        outputs: The values that are results, in order.
        order: The values that reach an output, each after its sources.
    """

    def __init__(self, body: Body) -> None:
        steps, outputs = steps_of(body)
        self.inputs = body.inputs
        self.texts = ["input"] * len(body.inputs)
        self.sources: list[Sequence[int]] = [()] * len(body.inputs)
        self.unordered: set[int] = set()
        self._sums: dict[tuple[int, ...], int] = {}
        self._zeros: dict[Shape, int] = {}
        self._constant: set[int] = set()
        values = list(range(len(body.inputs)))
        for step in steps:
            values.append(self._value(step, [values[value] for value in step.inputs]))
        self.outputs = [values[value] for value in outputs]
        self.order = self._order()

    def _value(self, step: Step, sources: list[int]) -> int:
        """Return the value that stands for a step: a new one, or one that is equal."""
        if step.role is Role.sum:
            return self._sum(step, sources)
        if step.role is Role.zero:
            return self._zero(step.shape)
        value = self._enter(step.text, sources)
        if step.role is Role.unordered:
            self.unordered.add(value)
        elif len(sources) == 1 and sources[0] in self._constant:
            self._constant.add(value)
        return value

    def _sum(self, step: Step, sources: list[int]) -> int:
        sources = [source for source in sources if source not in self._constant]
        if len(sources) < 2:
            return sources[0] if sources else self._zero(step.shape)
        nested = [self.sources[s] if self.texts[s] == step.text else (s,) for s in sources]
        terms = tuple(sorted(chain.from_iterable(nested)))
        if terms not in self._sums:
            self._sums[terms] = self._enter(step.text, terms)
            self.unordered.add(self._sums[terms])
        return self._sums[terms]

    def _zero(self, shape: Shape) -> int:
        if shape not in self._zeros:
            self._zeros[shape] = self._enter(f"Zero {shape_text(shape)}", ())
            self._constant.add(self._zeros[shape])
        return self._zeros[shape]

    def _enter(self, words: str, sources: Sequence[int]) -> int:
        self.texts.append(words)
        self.sources.append(sources)
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

    def text(self) -> str:
        """Return the operators line by line, each after what it reads, and the outputs."""
        keys, tied = self._keys()
        if tied:
            keys = self._told_apart(keys)
        numbers = {value: value for value in range(len(self.inputs))}
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
                lines.append(f"{self.texts[value]} {' '.join(map(str, read))}")
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
            if len(sources) == 1:
                key = f"{keys[sources[0]]}\n{self.texts[value]}"
                keys[value] = digest(key) if len(key) > LONG else key
                continue
            below = [keys[source] for source in sources]
            if value in self.unordered:
                tied = tied or len(set(below)) < len(set(sources))
                below.sort()
            keys[value] = digest(self.texts[value], *below)
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
            for value in self.order:
                below = [keys[source] for source in self.sources[value]]
                keys[value] = digest(keys[value], *readers[value], "/", *sorted(below))
        return keys


def digest(*parts: str) -> str:
    """Return 24 hexadecimal digits of the SHA-256 of some texts."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]
