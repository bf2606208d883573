"""Formula hash: the classes of equal networks that NAS-Bench-201 publishes.

The `unique_str` of a cell (Dong and Yang 2020) is its output written out from its input, as in `(0)@conv+0`.
Two cells of one string are one architecture there. The hash here agrees with those classes exactly, so it
follows how the strings are written, which is not always what is computed:

- A formula does not tell a layer that two paths share from two layers alike: y + y for y = f(x), and
  f(x) + g(x) for f and g alike, are one, though the second has twice the parameters. `canonical` tells them
  apart.
- An operator that reads a zero edge is a zero edge. But zero terms of a sum count: x + 0 is not x, and a sum
  of zeros is no zero.
- A sum within a sum is written in place, without brackets. Its place is that of its first term; the others
  follow and are not ordered again: (a + c) + b is written a + c + b and differs from a + b + c. Only a sum
  that all other terms come from, the input of a cell, stays whole.
- Terms stand in this order: zeros; then those with more layers before those with fewer, where convolutions,
  linear layers and pooling count; then by the parameters and macs of these layers, from the last join on.

Two networks of one hash thus agree up to the order and brackets of sums, constants from zero edges, and
copies of layers.
"""

from __future__ import annotations

from functools import reduce
from itertools import chain
from typing import NamedTuple, TypeAlias

from ..graph import Body, Graph
from ..values import shape_text
from .canonical import digest
from .steps import Role, Step, steps_of


class _Term(NamedTuple):
    """A term of a sum; terms compare in the order in which they are written.

    Attributes:
        some: False for a zero.
        height: Minus the number of layers between it and the network's input.
        path: Parameters and macs of these layers, from the last join on.
        key: Digest of its text.
    """

    some: bool
    height: int
    path: tuple[tuple[int, int], ...]
    key: str


_Sum: TypeAlias = "tuple[_Term, ...]"
"""A value as the terms that it is written with; all but sums have one."""


def formula_hash(graph: Graph) -> str:
    """Return 16 hexadecimal digits, the same for networks of the same formula."""
    return digest(*map(shape_text, graph.body.inputs), *_Formula(graph.body).outputs)[:16]


class _Formula:
    """The values of a network written out.

    Attributes:
        outputs: The text of each output.
        shapes: Shape of each value.
        values: Each value as terms.
        addends: What each sum adds up.
        gates: The last value before each one that all paths from the inputs to it pass, -1 for none. What
            does not depend on the inputs has no gate.
        levels: Number of such values before each one.
    """

    def __init__(self, body: Body) -> None:
        steps, outputs = steps_of(body)
        inputs = range(len(body.inputs))
        self.shapes = list(body.inputs)
        self.values: list[_Sum] = [(_Term(True, 0, (), f"input {value}"),) for value in inputs]
        self.addends: dict[int, tuple[int, ...]] = {}
        self.gates = {-1: -1} | dict.fromkeys(inputs, -1)
        self.levels = {-1: -1} | dict.fromkeys(inputs, 0)
        for value, step in enumerate(steps, len(body.inputs)):
            self.shapes.append(step.shape)
            self._enter(value, step)
        self.outputs = [_written(self.values[value]) for value in outputs]

    def _enter(self, value: int, step: Step) -> None:
        rooted = [source for source in step.inputs if source in self.gates]
        zero = step.role is Role.zero or (
            step.role is not Role.sum and len(step.inputs) == 1 and self._is_zero(step.inputs[0])
        )
        if rooted and not zero:
            gate = reduce(self._meet, rooted)
            self.gates[value], self.levels[value] = gate, self.levels[gate] + 1
        if zero:
            self.values.append((_Term(False, 0, (), f"zero {shape_text(step.shape)}"),))
        elif step.role is Role.sum:
            self.addends[value] = step.inputs
            self.values.append(self._sum(value, self._base(value)))
        else:
            self.values.append((self._term(step),))

    def _is_zero(self, value: int) -> bool:
        terms = self.values[value]
        return len(terms) == 1 and not terms[0].some

    def _meet(self, a: int, b: int) -> int:
        """Return the last value that all paths to both values pass."""
        while a != b:
            if self.levels[a] >= self.levels[b]:
                a = self.gates[a]
            else:
                b = self.gates[b]
        return a

    def _passes(self, value: int, gate: int) -> bool:
        """Tell whether all paths to a value pass another one before."""
        if value not in self.gates or gate not in self.gates:
            return False
        at = self.gates[value]
        while self.levels[at] > self.levels[gate]:
            at = self.gates[at]
        return at == gate

    def _base(self, value: int) -> int:
        """Return the sum that a sum comes down to: itself, or the only term that is not zero."""
        while True:
            some = [
                source for source in self.addends[value] if any(term.some for term in self.values[source])
            ]
            if len(some) != 1 or some[0] not in self.addends:
                return value
            value = some[0]

    def _sum(self, value: int, base: int) -> _Sum:
        """Return the terms of a sum, those of sums within in place."""
        parts = [
            self._sum(source, base)
            if source in self.addends and not self._passes(base, source)
            else self._whole(source)
            for source in self.addends[value]
        ]
        return tuple(chain.from_iterable(sorted(parts)))

    def _whole(self, value: int) -> _Sum:
        """Return a value as a single term."""
        terms = self.values[value]
        if len(terms) == 1:
            return terms
        return (_Term(True, min([term.height for term in terms]), (), digest(_written(terms))),)

    def _term(self, step: Step) -> _Term:
        """Return the term that an operator makes of what it reads."""
        inputs = [self.values[source] for source in step.inputs]
        height = min([term.height for terms in inputs for term in terms])
        path = inputs[0][0].path if len(inputs) == len(inputs[0]) == 1 else ()
        shapes = tuple([self.shapes[source] for source in step.inputs])
        if step.op.weighted or max(step.op.field(shapes)[0], default=1) > 1:
            costs = step.op.costs(shapes, step.shape)
            height, path = height - 1, (*path, (costs.params, costs.macs))
        texts = [_written(terms) for terms in inputs]
        if step.role in (Role.unordered, Role.product):
            texts.sort()
        return _Term(True, height, path, digest(step.text, *texts))


def _written(terms: _Sum) -> str:
    return "+".join([term.key for term in terms])
