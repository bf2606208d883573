"""Distinct networks of a space, counted without enumerating them, where its rows form a chain.

A network of a chain is read as a sequence of segments: the operators between two places where everything
goes through one map. What a row can give on a state (the map it reads, the variables drawn so far) is some
sequences of segments, each with the state it leads to; so a space is an automaton, and its distinct networks
are the distinct sequences that lead through it. These are counted by its subsets, however many decision
lists there are.

Two networks are equal where their sequences are, provided that nothing is simplified across the ends of a
segment. Where it might be (a sum of a sum, an activation of an activation, zero edges, shared weights, what
nothing reads), where the space has limits, and where there are too many states, it is left to enumeration.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from math import inf
from typing import NamedTuple, TypeAlias

from ..errors import ShapeError
from ..graph import ANYTHING, Body, Bounds, Node, Op, Shape
from ..hashing.canonical import canonical_part
from ..hashing.steps import Role, Step, steps_of
from ..language.program import Program, Variables
from ..language.slots import Choose, enumerate_results
from ..operators import Activation, Add, Concat, Conv, Multiply, Pad, Subtract
from ..values import shape_text

MOST = 400_000
"""Outcomes of all rows on all states together."""
MOST_POSITIONS = 1_000_000
"""Positions of all subsets together."""


class Segment(NamedTuple):
    """What stands between two places where everything goes through one map.

    Attributes:
        text: Its canonical form.
        opens: Kinds of operators that those that read the map above it take into themselves.
        last: The kind of its last operator.
        bounds: Between which values the map lies that it gives.
    """

    text: str
    opens: frozenset[type[Op]]
    last: type[Op]
    bounds: Bounds


class Position(NamedTuple):
    """Where a network stands: before a step, with segments that are still to be read.

    Attributes:
        step: The step that follows these.
        kept: Variables that are still to be read.
        shape: The map that the step reads.
        built: Whether there was any operator.
        last: The kind of the last operator.
        bounds: Between which values the map lies.
        rest: The segments.
    """

    step: int
    kept: Variables
    shape: Shape
    built: bool
    last: type[Op]
    bounds: Bounds
    rest: tuple[str, ...]


Subset: TypeAlias = frozenset[Position]


class _NotTold(Exception):  # noqa: N818 - a result, not an error
    """The networks cannot be told apart by segments, or there are too many states."""


def count_chain(program: Program, shape: Shape) -> int | None:
    """Return the number of distinct networks that can be built; None where it cannot be told."""
    if not program.chain or program.prunes or program.outputs:
        return None
    try:
        return _Automaton(program).count(shape)
    except _NotTold:
        return None


class _Automaton:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps = program.steps()
        self.after: dict[Position, Subset] = {}
        self.alike: dict[object, Subset] = {}
        self.outcomes = self.positions = 0

    def count(self, shape: Shape) -> int:
        """Return the number of distinct sequences: all prefixes of one length at once."""
        total = 0
        prefixes = {self._closed(frozenset([Position(0, (), shape, False, Op, ANYTHING, ())])): 1}
        moves: dict[Subset, dict[str, Subset]] = {}
        while prefixes:
            longer: dict[Subset, int] = {}
            for subset, ways in prefixes.items():
                if any(self._is_end(position) for position in subset):
                    total += ways
                if subset not in moves:
                    moves[subset] = self._moves(subset)
                for following in moves[subset].values():
                    longer[following] = longer.get(following, 0) + ways
            prefixes = longer
        return total

    def _is_end(self, position: Position) -> bool:
        return not position.rest and position.built  # only the end has nothing left to read

    def _moves(self, subset: Subset) -> dict[str, Subset]:
        """Return the subset that each segment leads to."""
        reached: dict[str, set[Position]] = {}
        for position in subset:
            if position.rest:
                first, *rest = position.rest
                reached.setdefault(first, set()).add(position._replace(rest=tuple(rest)))
        return {segment: self._closed(frozenset(positions)) for segment, positions in reached.items()}

    def _closed(self, subset: Subset) -> Subset:
        """Return positions that read a segment, or stand at the end, in place of those between steps."""
        closed: set[Position] = set()
        todo = list(subset)
        while todo:
            position = todo.pop()
            if position in closed:
                continue
            if position.rest or position.step == len(self.steps):
                closed.add(position)
                self.positions += 1
                if self.positions > MOST_POSITIONS:
                    raise _NotTold
            else:
                todo += self._after(position)
        return frozenset(closed)

    def _after(self, position: Position) -> Subset:
        """Return what a step gives: the segments of each outcome that can be built, and where it leads."""
        if position in self.after:
            return self.after[position]
        row = self.steps[position.step].row
        alone = not (position.kept or row.per_block or self.program.lets)
        like = (row.line.row, position._replace(step=0)) if alone else position
        if like not in self.alike:
            hashes = set()
            for outcome in islice(enumerate_results(lambda choose: self._run(position, choose)), MOST + 1):
                self.outcomes += 1
                if self.outcomes > MOST:
                    raise _NotTold
                if outcome is not None:
                    hashes.add(outcome)
            self.alike[like] = frozenset(hashes)
        following = position.step + 1
        self.after[position] = frozenset([after._replace(step=following) for after in self.alike[like]])
        return self.after[position]

    def _run(self, position: Position, choose: Choose) -> Position | None:
        step = self.steps[position.step]
        kept, call = self.program.call(step, position.kept, choose)
        after = position._replace(step=position.step + 1, kept=kept)
        if call is None:
            return after
        try:
            body = call.body((position.shape,))
        except ShapeError:
            return None
        last, bounds, rest = position.last, position.bounds, []
        for segment in segments(body, bounds):
            if last in segment.opens:
                raise _NotTold
            last, bounds = segment.last, segment.bounds
            rest.append(segment.text)
        return after._replace(shape=body.shape, built=True, last=last, bounds=bounds, rest=tuple(rest))


def segments(body: Body, bounds: Bounds) -> Iterator[Segment]:
    """Yield the segments of a body of one input between some bounds.

    Raises:
        _NotTold: If it shares weights, or has zero edges, or operators that nothing reads.
    """
    steps, outputs = steps_of(body)
    read = {source for step in steps for source in step.inputs}
    if body.shares or len(body.inputs) > 1 or outputs != [len(steps)] or len(read) < len(steps):
        raise _NotTold
    if any(step.role is Role.zero for step in steps):
        raise _NotTold
    start, earliest = len(steps), len(steps)
    starts = [start]
    for value in range(len(steps), 0, -1):
        earliest = min(earliest, *steps[value - 1].inputs)
        if earliest == value - 1:  # what stands below reads nothing above this value
            starts.append(earliest)
    for start, end in pairwise(reversed(starts)):
        shape = steps[start - 1].shape if start else body.inputs[0]
        op = steps[start].op
        if end == start + 1 and op.unchanged and op.unchanged.holds(bounds):
            continue
        segment = _segment(steps[start:end], shape, start, bounds)
        bounds = segment.bounds
        yield segment


def _segment(steps: list[Step], shape: Shape, start: int, bounds: Bounds) -> Segment:
    last = steps[-1]
    if len(steps) == 1 and len(last.inputs) == 1:  # most are
        text = f"{last.text} {shape_text(last.shape)}"
        return Segment(text, _opens(steps, start), type(last.op), last.op.bounds([bounds]))
    nodes = tuple(
        Node(step.op, tuple([value - start for value in step.inputs]), step.shape, f"n{at}")
        for at, step in enumerate(steps)
    )
    text, bounds = canonical_part(Body("", (), "", (shape,), nodes, (), (len(nodes),)), bounds)
    return Segment(text, _opens(steps, start), type(last.op), bounds)


def _opens(steps: list[Step], start: int) -> frozenset[type[Op]]:
    """Return the kinds of operators that those that read a value take into themselves."""
    opens: set[type[Op]] = set()
    for op in (step.op for step in steps if start in step.inputs):
        if type(op) in (Add, Concat, Multiply):
            opens.add(type(op))
        elif isinstance(op, Subtract):
            opens |= {Add, Subtract}
        elif isinstance(op, Conv):
            opens.add(Pad)
        elif op.unchanged and op.unchanged.high < inf:
            opens.add(Activation)  # one that cuts off less may stand before it
    return frozenset(opens)
