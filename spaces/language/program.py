"""Programs: compiled tables, ready to be drawn from, counted and listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ..errors import ShapeError
from ..graph import FREE, Body, Shape, Totals
from ..values import Value
from .calls import Call, RowError, RowShapeError, network_body, reaching
from .row_program import Drawn, RowProgram
from .slots import Choose, Draw, Paths, Slot
from .table import Table

Variables: TypeAlias = tuple[tuple[str, Value], ...]


class Step(NamedTuple):
    """One step of a draw: a row, or one block of a row whose blocks draw their own choices.

    Attributes:
        row: The row.
        number: The block, from 1.
        kept: What was drawn before or in it and is read after it: variables, and depths of such rows.
    """

    row: RowProgram
    number: int
    kept: frozenset[str]


class StepResult(NamedTuple):
    """What a step of a chain gives.

    Attributes:
        kept: Variables, and depths of rows, that are still to be read.
        shape: The map; None once a row could not be built.
        totals: What its block costs.
        size: Operators and blocks of a composed block.
        built: Whether there is a block.
    """

    kept: Variables
    shape: Shape | None
    totals: Totals = FREE
    size: int = 0
    built: bool = False


@dataclass(frozen=True, kw_only=True)
class Program:
    """A table, ready to be drawn.

    Attributes:
        inputs: Names of the maps that the network is given.
        outputs: Names of the rows that the network returns; the last one unless given.
        prunes: Whether a draw may give rows, or outputs of blocks, that nothing reads.
    """

    rows: tuple[RowProgram, ...]
    lets: Mapping[str, Slot]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    prunes: bool = False

    @property
    def chain(self) -> bool:
        """Whether every row reads what the row above it gives, and nothing else."""
        return all(row.chained for row in self.rows)

    def lower(self, table: Table, calls: Sequence[Call]) -> Body:
        """Return the graph of calls that the table came down to.

        Raises:
            ShapeError: If it cannot be built, with the place of the row in the table's document.
            SpaceError: If an argument makes a row of a composed block wrong, with the place of that row.
        """
        document = table.document
        try:
            return network_body(table.name, calls, table.inputs, table.outputs)
        except RowShapeError as error:
            raise document.error(self.rows[error.row].line.place, str(error), kind=ShapeError) from None
        except RowError as error:
            user = None if error.user is None else document.line(self.rows[error.user].line.place)
            law = f"{error}; used in line {user}" if user else str(error)
            raise document.error(error.place, law, at_key=error.at_key) from None

    def draw(self, choose: Choose) -> Drawn:
        """Return the calls that a list of decisions gives."""
        draw = Draw(choose, self.lets)
        drawn = Drawn([], set(), {})
        for row in self.rows:
            row.draw(draw, drawn)
        if not self.prunes:
            return drawn
        return drawn._replace(calls=reaching(drawn.calls, self.outputs, self.inputs))

    def steps(self) -> list[Step]:
        """Return a draw as steps."""
        last = self.last_reads()
        steps = []
        for row in self.rows:
            numbers = range(1, row.deepest + 1) if row.per_block else (1,)
            for number in numbers:
                over = number == numbers[-1]
                kept = {name for name, index in last.items() if index >= row.index + over}
                steps.append(
                    Step(row, number, frozenset(kept if over else {*kept, f"{row.line.name}.depth"}))
                )
        return steps

    def call(self, step: Step, kept: Variables, choose: Choose) -> tuple[Variables, Call | None]:
        """Return the variables that a step leaves, and its call; None where there is no block."""
        draw = Draw(choose, self.lets, dict(kept))
        call = step.row.block(draw, step.number)
        return tuple(sorted((name, value) for name, value in draw.drawn.items() if name in step.kept)), call

    def run(self, step: Step, kept: Variables, shape: Shape | None, choose: Choose) -> StepResult:
        """Return what a step gives on the map and the variables that the steps before it left."""
        kept, call = self.call(step, kept, choose)
        if call is None or shape is None:
            return StepResult(kept, shape)
        try:
            body = call.body((shape,))
        except ShapeError:
            return StepResult(kept, None)
        size = body.extent[0] if call.block.composed else 0
        return StepResult(kept, body.shape, body.totals, size, built=True)

    def last_reads(self) -> dict[str, int]:
        """Return for every variable the last row that reads it."""
        return {name: row.index for row in self.rows for name in self.closure(row.reads())}

    def closure(self, names: frozenset[str]) -> frozenset[str]:
        """Return variables with all those that they read."""
        closed: set[str] = set()
        todo = list(names)
        while todo:
            name = todo.pop()
            if name not in closed:
                closed.add(name)
                todo.extend(self.lets[name].count().variables)
        return frozenset(closed)

    def each_path(self) -> Paths:
        """Yield every path with its options, variables first; a path may come more than once."""
        for slot in self.lets.values():
            yield from slot.paths("")
        for row in self.rows:
            yield from row.paths()
