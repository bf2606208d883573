"""Counting: the number of decision lists of a space, exactly.

A variable of `let` is drawn once, and only in the lists that read it. So the rows are gone through in order
with a table of ways by the variables met so far; a variable multiplies in once nothing that follows reads it.
The variables that a depth reads are followed value by value, since the number of blocks depends on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ..errors import SpaceError
from ..language.program import Program
from ..language.row_program import RowProgram
from ..language.slots import ONE, Choose, Count, Draw, enumerate_results
from ..values import Value

MAX_STATES = 100_000

Met: TypeAlias = tuple[Value, ...]
"""How a variable was met: read, drawn, or drawn with a value that a later depth needs."""
State: TypeAlias = frozenset[tuple[str, Met]]
READ: Met = ("read",)
DRAWN: Met = ("drawn",)


def count(program: Program) -> int:
    """Return the number of decision lists.

    Raises:
        SpaceError: If so many variables are shared between far rows that they cannot be counted.
    """
    return _Counter(program).total()


class _Counter:
    """Knows for every variable the last row that reads it, and the last one whose depth does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lets = program.lets
        self.last = program.last_reads()
        self.last_depth = {
            name: row.index for row in program.rows for name in program.closure(row.depth.count().variables)
        }
        self.ways: dict[tuple[int, int], Count] = {}

    def total(self) -> int:
        states: dict[State, int] = {frozenset(): 1}
        for index, row in enumerate(self.program.rows):
            following: dict[State, int] = {}
            for state, ways in states.items():
                for new, more in self.after_row(row, state):
                    _add(following, new, ways * more)
            for name in reversed(list(self.lets)):
                # A variable is declared after those it reads, so readers come first here.
                if self.last.get(name) == index:
                    following = self.without(name, following)
                elif self.last_depth.get(name) == index:
                    following = _without_values(name, following)
            states = following
        assert set(states) <= {frozenset()}
        return sum(states.values())

    def after_row(self, row: RowProgram, state: State) -> Iterator[tuple[State, int]]:
        """Yield every state that a row leads to, with the number of ways."""
        met = dict(state)
        fixed = {name: how[1] for name, how in state if len(how) == 2}

        def draw(choose: Choose) -> tuple[Value, dict[str, Value]]:
            one_draw = Draw(choose, self.lets, dict(fixed))
            return row.depth.draw(one_draw, ""), one_draw.drawn

        for depth, drawn in enumerate_results(draw):
            assert isinstance(depth, int)
            now = {**met, **{name: ("drawn", value) for name, value in drawn.items()}}
            if (row.index, depth) not in self.ways:
                self.ways[row.index, depth] = row.source.count() * _blocks(row, depth)
            for read, ways in self.ways[row.index, depth].items():
                yield frozenset({**dict.fromkeys(read, READ), **now}.items()), ways

    def without(self, name: str, states: Mapping[State, int]) -> dict[State, int]:
        """Return the states once a variable is multiplied in: nothing that follows reads it."""
        result: dict[State, int] = {}
        for state, ways in states.items():
            met = dict(state)
            if met.pop(name, None) != READ:
                _add(result, frozenset(met.items()), ways)
                continue
            for read, more in self.lets[name].count().items():
                _add(result, frozenset({**dict.fromkeys(read, READ), **met}.items()), ways * more)
        return result


def _without_values(name: str, states: Mapping[State, int]) -> dict[State, int]:
    """Return the states without a variable's value: no depth that follows needs it."""
    result: dict[State, int] = {}
    for state, ways in states.items():
        met = dict(state)
        if len(met.get(name, READ)) == 2:
            met[name] = DRAWN
        _add(result, frozenset(met.items()), ways)
    return result


def _add(states: dict[State, int], state: State, ways: int) -> None:
    states[state] = states.get(state, 0) + ways
    if len(states) > MAX_STATES:
        law = "the decision lists cannot be counted: too many variables are shared by far rows"
        raise SpaceError(f"{law}; at most {MAX_STATES:,} states of them are told apart")


def _blocks(row: RowProgram, depth: int) -> Count:
    """Return the ways to draw the blocks of a row of some depth."""
    if depth == 0:
        return ONE
    first = row.target.count(first=True)
    return first * row.target.count(first=False) ** (depth - 1) if row.per_block else first
