"""The names of values in a forward method, so that no variable is lost that is still to be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain, count
from typing import NamedTuple

from ..graph import Body, Node, Op
from ..language.numbered_rows import before_of
from ..language.rows import BEFORE
from ..naming import LOCALS
from .topology import Segment, Topology


class Guard(NamedTuple):
    """An `if` around a segment of the forward method.

    Attributes:
        segment: The steps.
        test: The condition's text.
    """

    segment: Segment
    test: str


class Variables:
    """The variables of a method while it is written.

    Attributes:
        nodes: The steps.
        readers: The steps that read each value, in their order.
        names: The variable of each value that has one.
        nested: The text of each value that is written inside the step that reads it.
    """

    def __init__(self, topology: Topology, *, base: str, guards: Mapping[int, Guard], shapes: bool) -> None:
        """Name the inputs; for the rest see `Forward`."""
        self.topology, self.base, self.guards, self.shapes = topology, base, guards, shapes
        self.inputs, self.steps, self.outputs = topology.inputs, topology.steps, topology.outputs
        self.nodes = topology.nodes()
        self.readers: list[list[int]] = [[] for _ in range(self.inputs + len(self.steps))]
        for index, step in enumerate(self.steps):
            for value in step.inputs:
                self.readers[value].append(index)
        self.names: dict[int, str] = dict(enumerate(topology.names))
        self.nested: dict[int, str] = {}

    def variable(self, value: int, index: int, node: Node) -> str:
        """Return a name that no value still to be read has; one read far below is named as its row."""
        scope = node.name.rpartition("_")[0].partition(".")[0]
        stem = scope if scope and self.base == "y" else self.base
        body = self.topology.members[0]
        if body.output_names and value in self.outputs:
            return self.fresh(body.output_names[self.outputs.index(value)], index)
        if self.shapes and self.far(value, index) and row_of(node) not in self.live(index):
            return row_of(node)
        return self.fresh(stem, index)

    def alias(self, segment: Segment) -> str:
        """Return a name for the result of a segment that cannot have that of what it passes on."""
        scope = self.nodes[segment.exit].name.rpartition("_")[0]
        return self.fresh("shortcut" if scope == "projection" else self.base, segment.steps[0] - 1)

    def fresh(self, stem: str, index: int) -> str:
        """Return a stem, numbered where a value that is read after a step has that name."""
        live = self.live(index)
        names = chain((stem,), (f"{stem}{n}" for n in count(2)))
        return next(name for name in names if name not in live)

    def live(self, index: int) -> set[str]:
        """Return the names of values that are read after a step, and those that no variable may have."""
        passing = {g.segment.source for g in self.guards.values() if index < g.segment.exit}
        named = {
            name
            for other, name in self.names.items()
            if other in self.outputs or other in passing or self.read_after(other, index)
        }
        return named | LOCALS

    def read_after(self, value: int, index: int) -> bool:
        """Tell whether a value is read at a line behind a step."""
        readers = self.readers[value]
        return bool(readers) and (
            readers[-1] > index or any(self.statement(reader) > index for reader in readers)
        )

    def statement(self, index: int) -> int:
        """Return the step at whose line a step is written."""
        value = self.inputs + index
        while value in self.nested:
            index = self.readers[value][0]
            value = self.inputs + index
        return index

    def far(self, value: int, index: int) -> bool:
        """Tell whether a network's value is read below the next line, in a loop each time, or returned."""
        readers = self.readers[value]
        if value in self.outputs or any(
            at not in readers for at in range(index + 1, max(readers, default=0))
        ):
            return True
        loops = [at for at in readers if is_loop(self.nodes[at])]
        return any(value in self.steps[at].inputs[1:] and not self.is_shifted(at, value) for at in loops)

    def is_shifted(self, index: int, value: int) -> bool:
        """Tell whether a loop reads a value as what was before its first block."""
        op = self.nodes[index].op
        assert isinstance(op, Body)
        before = before_of(op)
        return before > 0 and self.steps[index].inputs[before] == value

    def is_before(self, value: int, live: Collection[str]) -> bool:
        """Tell whether a variable that nothing reads any more is called as what a block before read."""
        return self.names[value].startswith(BEFORE) and self.names[value] not in live


def is_loop(node: Node) -> bool:
    """Tell whether a step is a loop over blocks."""
    return isinstance(node.op, Body) and node.op.listed and not node.op.sequence


def row_of(node: Node) -> str:
    """Return the row of an operator that is named after its row and its kind, else its own name.

    One that is applied several times, with the same weights, has a number after it.
    """
    stem, _, kind = node.name.rpartition("_")
    named = isinstance(node.op, Op) and not node.op.stateful and kind == node.op.kind
    return stem if stem and named else node.name.partition(".")[0]
