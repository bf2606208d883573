"""Topologies: what the uses of a class have in common, and the steps that some of them lack.

A shortcut's projection, a gate, a first 1x1 convolution: where a use lacks a step, one of the values that the
step reads passes on in its place. Bodies that differ in such steps alone are one class with a condition.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise, product
from typing import NamedTuple, TypeAlias

from ..graph import Body, Node, Output

MAX_ALIGNED = 64
"""Steps of a body that is compared with others step by step; what is longer is a class of its own."""
MAX_SEGMENTS = 4
"""Optional parts of one class: with more, two classes read better."""

Aligned: TypeAlias = list[tuple[int | None, int | None]]
"""Places in two lists: of one item in both, or in one alone."""


@dataclass(frozen=True)
class Step:
    """One step of a class.

    Attributes:
        name: Its name; the attribute of the module that holds its state.
        key: What must agree between the uses.
        inputs: Values it reads: the inputs of the class, then its steps, numbered through from 0.
        through: Which of these passes on where the step is absent.
    """

    name: str
    key: Hashable
    inputs: tuple[int, ...]
    through: int = 0


class Segment(NamedTuple):
    """Neighbouring steps that the same uses have.

    Attributes:
        steps: The first and the one after the last.
        present: Which members have them.
        source: The value that passes on where they are absent.
    """

    steps: range
    present: tuple[bool, ...]
    source: int

    @property
    def exit(self) -> int:
        """The step whose value is read after the segment."""
        return self.steps[-1]


@dataclass
class Topology:
    """The steps of a class, and where each of its members has them.

    Attributes:
        names: The names of its inputs.
        outputs: The values that are the results.
        steps: Every step that a member has.
        members: The bodies.
        places: For each member the node of each step, None where it is absent.
        owned: For each step a member that has it, with its node.
    """

    names: tuple[str, ...]
    outputs: tuple[int, ...]
    steps: list[Step]
    members: list[Body]
    places: list[tuple[int | None, ...]]
    owned: list[tuple[Body, Node]] = field(init=False)

    def __post_init__(self) -> None:
        self.owned = [self._owner(at) for at in range(len(self.steps))]

    @classmethod
    def of(cls, body: Body, keys: Sequence[Hashable]) -> Topology:
        """Return the topology of one body; the keys are what must agree of each node."""
        steps = [Step(node.name, key, node.inputs) for node, key in zip(body.nodes, keys, strict=True)]
        return cls(body.names, body.outputs, steps, [body], [tuple(range(len(steps)))])

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self.names)

    def add_like(self, body: Body, member: int) -> None:
        """Add a body whose nodes are those of a member."""
        self.members.append(body)
        self.places.append(self.places[member])

    def merge(self, body: Body, keys: Sequence[Hashable]) -> bool:
        """Add a body that has other steps, and tell whether one class can hold both and be read."""
        longest = max(len(self.steps), len(keys))
        if any(isinstance(node.op, Output) for node in (*body.nodes, *self.nodes())):
            return False
        if body.names != self.names or len(body.outputs) != len(self.outputs) or longest > MAX_ALIGNED:
            return False
        pairs = align([step.key for step in self.steps], keys)
        if _exclusive(pairs):
            return False
        for merged in _Merging(self, body, keys, pairs).candidates():
            if merged.readable():
                self.steps, self.outputs = merged.steps, merged.outputs
                self.members, self.places, self.owned = merged.members, merged.places, merged.owned
                return True
        return False

    def readable(self) -> bool:
        """Tell whether each optional part has one result, and there are few."""
        segments = self.segments()
        named = [step.name for step, node in zip(self.steps, self.nodes(), strict=True) if _is_module(node)]
        return segments is not None and len(segments) <= MAX_SEGMENTS and len(set(named)) == len(named)

    def segments(self) -> list[Segment] | None:
        """Return the optional parts in order; None if one has not exactly one result."""
        columns = list(zip(*self.places, strict=True)) if self.steps else []
        present = [tuple(place is not None for place in column) for column in columns]
        segments = []
        for which, run in groupby(range(len(self.steps)), key=present.__getitem__):
            steps = list(run)
            if all(which):
                continue
            steps_range = range(steps[0], steps[-1] + 1)
            if self.exits(steps_range) != {steps[-1]}:
                return None
            segments.append(Segment(steps_range, which, self.source(steps_range)))
        return segments

    def exits(self, steps: range) -> set[int]:
        """Return the steps of a range whose values are read outside it."""
        outside = [value for at, step in enumerate(self.steps) if at not in steps for value in step.inputs]
        return {value - self.inputs for value in (*outside, *self.outputs) if value - self.inputs in steps}

    def source(self, steps: range) -> int:
        """Return the value that passes through a range of absent steps."""
        value = self.inputs + steps[-1]
        while value - self.inputs in steps:
            step = self.steps[value - self.inputs]
            value = step.inputs[step.through]
        return value

    def nodes(self) -> list[Node]:
        """Return a node of each step."""
        return [node for _, node in self.owned]

    def _owner(self, at: int) -> tuple[Body, Node]:
        """Return the first member that has a step, with its node."""
        return next(
            (body, body.nodes[place])
            for body, places in zip(self.members, self.places, strict=True)
            if (place := places[at]) is not None
        )

    def column(self, at: int) -> list[Node | None]:
        """Return the node of a step in every member, None where it is absent."""
        return [
            None if (place := places[at]) is None else body.nodes[place]
            for body, places in zip(self.members, self.places, strict=True)
        ]

    def value_in(self, member: int, value: int) -> int:
        """Return a value of the class as a member numbers it."""
        while value >= self.inputs:
            place = self.places[member][value - self.inputs]
            if place is not None:
                return self.inputs + place
            step = self.steps[value - self.inputs]
            value = step.inputs[step.through]
        return value


class _Merging:
    """The ways to make one topology of a topology and a body."""

    def __init__(self, old: Topology, body: Body, keys: Sequence[Hashable], pairs: Aligned) -> None:
        self.old, self.body, self.keys, self.pairs = old, body, keys, pairs
        count = old.inputs
        self.of_old = [*range(count), *[0] * len(old.steps)]
        self.of_new = [*range(count), *[0] * len(keys)]
        for at, (i, j) in enumerate(pairs):
            if i is not None:
                self.of_old[count + i] = count + at
            if j is not None:
                self.of_new[count + j] = count + at

    def candidates(self) -> Iterator[Topology]:
        """Yield each topology that holds both."""
        optional = [self.reads(at) for at, (i, j) in enumerate(self.pairs) if i is None or j is None]
        choices = [range(len(inputs)) for inputs in optional]
        joins = sum(len(inputs) > 1 for inputs in optional)
        for chosen in product(*choices) if joins <= 4 else ():
            through = iter(chosen)
            steps = self.steps([next(through) if None in pair else 0 for pair in self.pairs])
            outputs = steps and self.chosen(steps, self.old.outputs, self.body.outputs)
            if steps and outputs:
                members = [*self.old.members, self.body]
                places = [*map(self.place, self.old.places), tuple(j for _, j in self.pairs)]
                yield Topology(self.old.names, outputs, steps, members, places)

    def place(self, places: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return where a member of the old topology has the new steps."""
        return tuple(None if i is None else places[i] for i, _ in self.pairs)

    def reads(self, at: int) -> tuple[int, ...]:
        """Return what a step that only one side has reads."""
        i, j = self.pairs[at]
        if i is not None:
            return tuple(self.of_old[value] for value in self.old.steps[i].inputs)
        assert j is not None
        return tuple(self.of_new[value] for value in self.body.nodes[j].inputs)

    def steps(self, through: Sequence[int]) -> list[Step] | None:
        """Return the steps, with what passes on where each is absent; None if both cannot be said so."""
        steps: list[Step] = []
        for at, (i, j) in enumerate(self.pairs):
            if i is None or j is None:
                old = None if i is None else self.old.steps[i]
                name = old.name if old else self.body.nodes[j or 0].name
                key = old.key if old else self.keys[j or 0]
                if old and any(places[i or 0] is None for places in self.old.places):
                    through = [*through[:at], old.through, *through[at + 1 :]]
                steps.append(Step(name, key, self.reads(at), through[at]))
                continue
            old = self.old.steps[i]
            inputs = self.chosen(steps, old.inputs, self.body.nodes[j].inputs)
            if inputs is None:
                return None
            steps.append(Step(old.name, old.key, inputs, old.through))
        return steps

    def chosen(
        self, steps: Sequence[Step], old: tuple[int, ...], new: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        """Return values that are `old` where the body's own steps are absent, `new` where the others are."""
        if len(old) != len(new):
            return None
        values = []
        for a, b in zip(old, new, strict=True):
            first, second = self.of_old[a], self.of_new[b]
            if self.passed(steps, first, lacks=1) == second:
                values.append(first)
            elif self.passed(steps, second, lacks=0) == first:
                values.append(second)
            else:
                return None
        return tuple(values)

    def passed(self, steps: Sequence[Step], value: int, *, lacks: int) -> int:
        """Return a value where the steps that one side lacks pass on what they read."""
        count = self.old.inputs
        while value >= count and self.pairs[value - count][lacks] is None:
            step = steps[value - count]
            value = step.inputs[step.through]
        return value


def align(first: Sequence[Hashable], second: Sequence[Hashable]) -> Aligned:
    """Return the longest common subsequence of two lists, with what stands between.

    >>> align("abd", "acd")
    [(0, 0), (1, None), (None, 1), (2, 2)]
    """
    n, m = len(first), len(second)
    longest = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            longest[i][j] = (
                1 + longest[i + 1][j + 1]
                if first[i] == second[j]
                else max(longest[i + 1][j], longest[i][j + 1])
            )
    pairs: Aligned = []
    i = j = 0
    while i < n or j < m:
        if i < n and j < m and first[i] == second[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif j == m or (i < n and longest[i + 1][j] >= longest[i][j + 1]):
            pairs.append((i, None))
            i += 1
        else:
            pairs.append((None, j))
            j += 1
    return pairs


def _exclusive(pairs: Aligned) -> bool:
    """Tell whether one list has something in the place of something else in the other."""
    sides = [0 if j is None else 1 if i is None else None for i, j in pairs]
    return any({left, right} == {0, 1} for left, right in pairwise(sides))


def _is_module(node: Node) -> bool:
    return isinstance(node.op, Body) or node.op.stateful
