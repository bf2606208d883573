"""Composed blocks: words made in a table from other words, with arguments.

::

    blocks:
      fire(squeeze, expand):
        - conv: {width: $squeeze, kernel: 1}
        - concat:
            - conv: {width: $expand, kernel: 1}
            - conv: {width: $expand, kernel: 3}

A composed block is a block like any other: its function computes the expressions of its rows from its
arguments, from `$in`, the channels it reads, and from `$extent`, the first extent it reads, and places them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from ..blocks import BLOCKS, Block, Parameter
from ..blocks.kinds import ANY, FLAG
from ..errors import ShapeError
from ..graph import Style, Tensor
from ..values import Value
from .arithmetic import ExpressionError
from .calls import TOO_LARGE, Call, RowError, lay, reaching
from .composed_row import BlockOfRows, ComposedRow, Names, Words, of_table, values_of
from .document import Document
from .expression_parts import is_open, words_in
from .expressions import Expr, Item, Ref
from .functions import Formula, Formulas, bound, names_read
from .names_read import row_expressions
from .parser import parse
from .prose import describe
from .rows import BEFORE, INPUT, LIKE, Composed
from .scope import Line, check_like, lines, outputs_of, shares

CHANNELS, EXTENT = "in", "extent"
"""What the rows of a composed block know besides its arguments."""
MAX_NESTED = 50
"""Composed blocks that are placed within each other."""
MAX_PLACED = 20_000
"""Composed blocks of other arguments or shapes that one may come down to."""


class Nest:
    """The composed blocks that are being placed, each within the one before, and how many were so far."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.placed = 0

    @contextmanager
    def within(self, word: str) -> Iterator[None]:
        """Place a block within those that are being placed.

        Raises:
            RowError: If it stands too deep.
            ShapeError: If the outermost one comes down to too many blocks that differ.
        """
        self.placed = self.placed + 1 if self.words else 0
        if self.placed > MAX_PLACED:
            raise ShapeError(TOO_LARGE)
        if len(self.words) == MAX_NESTED:
            itself = "itself" if word in self.words else "others"
            law = f"'{word}' stands within {itself}; blocks stand within each other at most {MAX_NESTED} deep"
            raise RowError(law, ("blocks", word), at_key=True)
        self.words.append(word)
        try:
            yield
        finally:
            self.words.pop()


@lru_cache(maxsize=512)
def words_of(
    composed: tuple[tuple[str, Composed, tuple[str, ...]], ...],
    users: tuple[Block[Any], ...],
    functions: tuple[tuple[str, Formula], ...] = (),
) -> Words:
    """Return every word of a table: the library's, the user's own, and those that it composes.

    Equal definitions give the same blocks, so that what is remembered of them is shared.

    Args:
        composed: Name and definition of each composed block, and the names of `let` that it reads.
        users: The user's own blocks.
        functions: The functions that the table declares.
    """
    words: dict[str, Block[Any]] = {**BLOCKS, **{block.word: block for block in users}}
    view = MappingProxyType(words)
    nest, formulas = Nest(), MappingProxyType(dict(functions))
    for name, definition, let in composed:
        words[name] = ComposedBlock(name, definition, view, nest, let, formulas)
    return view


class ComposedBlock(BlockOfRows):
    """A word whose function is the rows of its definition.

    Attributes:
        nest: The composed blocks of the table that are being placed.
        let: The names of `let` that its rows read, in blocks within it too.
        numbered: Whether blocks one after the other are numbered in it, since all of them always stand.
        optional: Whether a row has a `when`.
        closed: The calls of rows that nothing changes.
        whole: The block with all its outputs.
        narrowed: The block of some of its outputs.
    """

    composed = True

    def __init__(
        self,
        word: str,
        definition: Composed,
        words: Words,
        nest: Nest,
        let: tuple[str, ...],
        functions: Formulas,
    ) -> None:
        self.word = word
        self.let = let
        self.functions = functions
        self.definition = definition
        self.words = words
        self.nest = nest
        self.lines = lines(Document(tree=None), definition.rows, ("blocks", word))
        self.maps = ("x", *maps_read(definition, self.lines))
        self.outputs = definition.outputs
        self.variadic = False
        self.styled = True
        self.repeats = self.maps == ("x",)
        # Rows keep their names where some may not stand, or a sum may not: numbers would differ by use.
        self.numbered = not any("when" in line.row.args or line.row.word == "residual" for line in self.lines)
        arguments = [name for name in definition.arguments if name not in self.maps]
        self.parameters = {
            name: Parameter(
                name=name, kind=ANY, required=name in definition.needs, default=definition.defaults.get(name)
            )
            for name in arguments
        }
        self.identifiers = (*arguments, *map(of_table, let))
        self.defaults = tuple((name, definition.defaults.get(name)) for name in self.identifiers)
        self.doc = describe(word, definition)
        self.docs: dict[int, str] = {}
        self.function = self.place_rows
        self.terms = [self.word_of(line) for line in self.lines]
        self.taken = set()
        self.branches = branches_of(self.lines)
        self.likes = {}
        self.optional = any("when" in line.row.args for line in self.lines)
        self.closed: dict[tuple[int, Style], Call] = {}
        self.whole = self
        self.narrowed: dict[tuple[str, ...], ComposedBlock] = {}

    def doc_on(self, rank: int) -> str:
        """Return the formula on maps of so many axes, remembered."""
        if rank not in self.docs:
            self.docs[rank] = describe(self.word, self.definition, rank)
        return self.docs[rank]

    def place_rows(self, x: Tensor, *maps: Tensor, **arguments: Value) -> Tensor | tuple[Tensor, ...]:
        """Place the rows on the maps they read."""
        let = {name: arguments.pop(of_table(name)) for name in self.let}
        own = {**arguments, CHANNELS: x.channels, EXTENT: x.shape[1] if x.rank else 1}
        names = Names({**let, **own}, let, bound(self.functions, let))
        known_maps = {INPUT: x, **dict(zip(self.maps[1:], maps, strict=True))}
        with self.nest.within(self.word):
            values = lay(self.calls(names, x.style, frozenset(known_maps)), known_maps)
        return tuple([values[name] for name in self.outputs]) if self.outputs else values[""]

    def giving(self, names: Collection[str]) -> ComposedBlock:
        """Return the block of these of its outputs, without the rows that only the others need."""
        outputs = tuple([name for name in self.whole.outputs if name in names])
        if outputs == self.whole.outputs:
            return self.whole
        if outputs not in self.narrowed:
            block = self.narrowed[outputs] = self.whole if self.whole.needs_all(outputs) else copy(self.whole)
            if block is not self.whole:
                block.outputs = outputs
                block.function = block.place_rows
        return self.narrowed[outputs]

    @property
    def through(self) -> ComposedBlock:
        """The block that gives what the next one of its row reads, and nothing beside."""
        return self.whole.giving(self.whole.outputs[:1])

    def needs_all(self, outputs: tuple[str, ...]) -> bool:
        """Tell whether some outputs need all its rows, whatever the arguments are."""
        sources = [self.sources_of(index) for index in range(len(self.lines))]
        depths = [line.row.args.get("depth", 1) for line in self.lines]
        if self.optional or not all(depths) or any(map(is_open, chain(depths, *sources))):
            return False
        return self.reached(outputs) == self.reached(self.outputs)

    def reached(self, outputs: Collection[str]) -> set[str]:
        """Return the names that are read on the way to outputs, these included; none of them is open."""
        reached = set(outputs)
        for index in range(len(self.lines) - 1, -1, -1):
            line = self.lines[index]
            if any(name.partition(".")[0] == line.name for name in reached):
                reached.update(words_in([*self.sources_of(index), *line.ends]))
        return reached

    @cached_property
    def varies(self) -> list[bool]:
        """Whether arguments, or what it reads of `let`, change each row."""
        return [bool(self.names_of(line)) for line in self.lines]

    def names_of(self, line: Line) -> set[str]:
        """Return the names that a row refers to, through functions and its own block too."""
        word = self.words.get(line.row.word)
        within = word.let if isinstance(word, ComposedBlock) else ()
        return names_read(row_expressions(line.row), self.functions).union(within)

    def calls(self, names: Names, style: Style, known: frozenset[str]) -> list[Call]:
        """Return the calls that the rows come down to for some arguments."""
        calls_of_rows: list[Call] = []
        unused: list[int] = []
        above = set(known)
        absent = self.absent(names)
        for index, line in enumerate(self.lines):
            row = ComposedRow(self, line, index, names, above, absent)
            call = None if index in absent else self.closed.get((index, style))
            if call is None and index in self.likes:
                call = row.sharing(calls_of_rows[self.likes[index]])
            elif call is None:
                call = row.call(style)
                if not (self.varies[index] or index in absent):
                    self.closed[index, style] = call
            if row.parameter("unused", FLAG, False):
                unused.append(index)
            calls_of_rows.append(call)
            above |= outputs_of(line.name, call.block)
        absent_names = {self.lines[index].name for index in absent}
        return reaching(_with_unused(calls_of_rows, unused, absent_names), self.outputs, known)

    def absent(self, names: Names) -> frozenset[int]:
        """Return the rows that are not there for some arguments.

        These are those whose `when` is false, all that stands within them, and joins of which no branch is
        left, and rows that share the weights of one of these. A block that reads a map beside its input, as
        `residual` does, is there: it passes this on.
        """
        absent: set[int] = set()
        if not self.optional:
            return frozenset()
        for index in range(len(self.lines) - 1, -1, -1):
            if index in absent or not ComposedRow(self, self.lines[index], index, names, set()).stands():
                absent.update({index}, *self.branches[index])
        for index, branches in enumerate(self.branches):
            if self.likes.get(index) in absent:
                absent.add(index)
            left_out = branches and all(rows and rows <= absent for rows in branches)
            if left_out and index not in absent and self.joins(index, names):
                absent.add(index)
        return frozenset(absent)

    def joins(self, index: int, names: Names) -> bool:
        """Tell whether a row joins any number of branches."""
        return ComposedRow(self, self.lines[index], index, names, set()).word.variadic

    def find_likes(self) -> None:
        """Note which rows share the weights of which."""
        above: dict[str, Line] = {}
        for index, line in enumerate(self.lines):
            term = self.terms[index]
            block = self.words.get(term) if isinstance(term, str) else None
            if LIKE in line.row.args and (block is None or shares(line.row, block)):
                name = check_like(line, block, above)
                self.likes[index] = next(at for at, other in enumerate(self.lines) if other.name == name)
            above[line.name] = line

    def sources_of(self, index: int) -> list[Expr]:
        """Return all that may name what a row reads: where its word is an argument, all that it is given."""
        line, word = self.lines[index], self.terms[index]
        block = self.words.get(word) if isinstance(word, str) else None
        args = {key: value for key, value in line.row.args.items() if key != "name"}
        named = [args[key] for key in ("with", *block.maps) if key in args] if block else list(args.values())
        return [line.source, *named]

    def word_of(self, line: Line) -> Expr:
        """Return the word of a row: itself, or an expression in the arguments."""
        if not line.row.word.startswith("$"):
            return line.row.word
        try:
            word = parse(line.row.word)
        except ExpressionError:
            word = None
        if not isinstance(word, Ref | Item):
            law = f"a word is a block or an argument, as in $op or $ops.0, but got '{line.row.word}'"
            raise RowError(law, line.inner, at_key=True)
        return word


def maps_read(definition: Composed, rows: list[Line]) -> tuple[str, ...]:
    """Return the maps that a composed block reads besides its input.

    These are `before`, and the arguments that rows read from: named as a row is, never as a value.
    """
    read = {value for line in rows for value in (line.source, *words_in(line.row.args.values()))}
    values = values_of(definition)
    maps = tuple(name for name in definition.needs if name in read and name not in values)
    return ((BEFORE,) if BEFORE in read else ()) + maps


def branches_of(rows: Sequence[Line]) -> list[tuple[frozenset[int], ...]]:
    """Return the rows, by number, that stand in each branch of each row, those within other rows left out."""
    numbers = {line.place: index for index, line in enumerate(rows)}
    branches: list[list[set[int]]] = [[set() for _ in line.ends] for line in rows]
    for index, line in enumerate(rows):
        *place, _, branch, _ = line.place
        if tuple(place) in numbers:
            branches[numbers[tuple(place)]][int(branch)].add(index)
    return [tuple(map(frozenset, each)) for each in branches]


def _with_unused(calls: list[Call], joins: list[int], absent: set[str]) -> list[Call]:
    """Return the calls; such a join keeps, of the rows that it names, those that no other row reads.

    A row that is not there reads nothing, and who names it means what it passes on.
    """
    passed = {call.name: call.sources[0] for call in calls if call.name in absent}

    def meant(name: str) -> str:
        while name in passed:
            name = passed[name]
        return name

    read = Counter(meant(name) for call in calls if call.name not in absent for name in call.sources)
    for index in joins:
        first, *others = calls[index].sources
        own = Counter(map(meant, others))
        kept = {meant(name): name for name in reversed(others) if read[meant(name)] == own[meant(name)]}
        unused = tuple([name for name in others if kept.get(meant(name)) == name])
        read.subtract(own)
        read.update(kept.keys())
        calls[index] = calls[index]._replace(sources=(first, *unused))
    return calls
