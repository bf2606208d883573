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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

from ..blocks import BLOCKS, Block, Parameter
from ..blocks.block import Args
from ..blocks.kinds import ANY, DEPTH, FLAG, SOURCE, Kind
from ..errors import ShapeError, suggest
from ..graph import Style, Tensor
from ..values import Value, text
from .calls import TOO_LARGE, Call, RowError, lay, reaching
from .document import Document, Place
from .expressions import Expr, ExpressionError, Item, Ref, evaluate, has_choice, is_open, references, words_in
from .parser import parse
from .rows import BEFORE, INPUT, MAX_DEPTH, STYLE, Composed, row_references
from .scope import Line, argument_kinds, check_joined, lines
from .writing import row_text, signature

CHANNELS, EXTENT = "in", "extent"
"""What the rows of a composed block know besides its arguments."""
OWN = ("name", "from", "with", "depth", "when", "unused")
"""What a row in a composed block is given besides what its own block takes."""
MAX_NESTED = 50
"""Composed blocks that are placed within each other."""
MAX_PLACED = 20_000
"""Composed blocks of other arguments or shapes that one may come down to."""

Words: TypeAlias = Mapping[str, Block[Any]]


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
def words_of(composed: tuple[tuple[str, Composed], ...], users: tuple[Block[Any], ...]) -> Words:
    """Return every word of a table: the library's, the user's own, and those that it composes.

    Equal definitions give the same blocks, so that what is remembered of them is shared.
    """
    words: dict[str, Block[Any]] = {**BLOCKS, **{block.word: block for block in users}}
    view = MappingProxyType(words)
    nest = Nest()
    for name, definition in composed:
        words[name] = ComposedBlock(name, definition, view, nest)
    return view


class ComposedBlock(Block[Any]):
    """A word whose function is the rows of its definition.

    Attributes:
        definition: Its rows and arguments.
        words: Every word of the table.
        nest: The composed blocks of the table that are being placed.
        lines: Its rows, branches before what joins them.
        taken: Rows and words that were found to take what they are given.
        varies: Whether arguments change a row.
        closed: The calls of rows that no argument changes.
    """

    composed = True

    def __init__(self, word: str, definition: Composed, words: Words, nest: Nest) -> None:
        self.word = word
        self.definition = definition
        self.words = words
        self.nest = nest
        self.lines = lines(Document(tree=None), definition.rows, ("blocks", word))
        self.maps = ("x", *maps_read(definition, self.lines))
        self.variadic = False
        self.styled = True
        self.repeats = self.maps == ("x",)
        self.identifiers = tuple(name for name in definition.arguments if name not in self.maps)
        self.defaults = tuple((name, definition.defaults.get(name)) for name in self.identifiers)
        self.parameters = {
            name: Parameter(name=name, kind=ANY, required=name in definition.needs, default=default)
            for name, default in self.defaults
        }
        self.doc = "\n".join([signature(word, definition), *map(row_text, definition.rows)])
        self.function = self.place_rows
        self.terms = [self.word_of(line) for line in self.lines]
        self.taken: set[tuple[int, str]] = set()
        self.varies = [bool(row_references(line.row)) for line in self.lines]
        self.closed: dict[tuple[int, Style], Call] = {}

    def place_rows(self, x: Tensor, *maps: Tensor, **arguments: Value) -> Tensor:
        """Place the rows on the maps they read."""
        names = {**arguments, CHANNELS: x.channels, EXTENT: x.shape[1] if x.rank else 1}
        known_maps = {INPUT: x, **dict(zip(self.maps[1:], maps, strict=True))}
        with self.nest.within(self.word):
            return lay(self.calls(names, x.style, frozenset(known_maps)), known_maps)[""]

    def calls(self, names: Mapping[str, Value], style: Style, known: frozenset[str]) -> list[Call]:
        """Return the calls that the rows come down to for some arguments."""
        calls_of_rows: list[Call] = []
        unused: list[int] = []
        above = set(known)
        for index, line in enumerate(self.lines):
            reader = _RowReader(self, line, index, names, above)
            call = self.closed.get((index, style))
            if call is None:
                call = reader.call(style)
                if not self.varies[index]:
                    self.closed[index, style] = call
            if reader.parameter("unused", FLAG, False):
                unused.append(index)
            calls_of_rows.append(call)
            above.add(line.name)
        return reaching(_with_unused(calls_of_rows, unused))

    def check(self) -> None:
        """Raise if a row is wrong whatever the arguments are, or one of these is not used."""
        names = dict.fromkeys((*self.parameters, CHANNELS, EXTENT))
        above = {INPUT, *self.maps[1:]}
        for index, line in enumerate(self.lines):
            if line.name in above:
                law = f"a row and an argument have the name '{line.name}'; name them apart"
                raise RowError(law, line.inner, at_key=True)
            if isinstance(self.terms[index], str):
                _RowReader(self, line, index, names, above).check()
            above.add(line.name)
        self.check_read()
        used = {name for row in self.definition.rows for name in row_references(row)}
        for name in self.parameters:
            if name not in used:
                law = f"nothing in '{self.word}' uses the argument '{name}'"
                raise RowError(law, ("blocks", self.word), at_key=True)

    def check_read(self) -> None:
        """Raise if nothing reads a row, whatever the arguments are."""
        sources = [self.sources_of(index) for index in range(len(self.lines))]
        if any(map(is_open, chain.from_iterable(sources))):
            return
        read = {name for line in self.lines for name in line.ends}
        read |= set(words_in(chain.from_iterable(sources)))
        for line in self.lines[:-1]:
            if line.name not in read:
                raise RowError(f"nothing reads '{line.name}'; take it out", line.place)

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
    values = {name for row in definition.rows for name in row_references(row)}
    maps = tuple(name for name in definition.needs if name in read and name not in values)
    return ((BEFORE,) if BEFORE in read else ()) + maps


@dataclass(eq=False)
class _RowReader:
    """One row of a composed block on its way to a call."""

    block: ComposedBlock
    line: Line
    index: int
    names: Mapping[str, Value]
    above: set[str]

    def call(self, style: Style) -> Call:
        word, args = self.word, self.line.row.args
        depth = self.parameter("depth", DEPTH, 1)
        if depth > MAX_DEPTH:
            law = f"a row has at most {MAX_DEPTH:,} blocks, but got {depth:,}"
            raise RowError(law, (*self.line.inner, "depth"))
        if not self.parameter("when", FLAG, True):
            depth = 0
        if depth == 0:  # what it is given may have no value where it does not stand
            return Call(word, self.line.name, (), 0, style, self.index, self.sources(), (self.line.name,))
        if depth > 1 and not word.repeats and "depth" not in word.parameters:
            raise RowError(f"{word.word} stands once; it has no 'depth'", (*self.line.inner, "depth"))
        values: Args = tuple([(name, self.argument(name, default, depth)) for name, default in word.defaults])
        changed = {
            key: self.checked(args[key], key, STYLE[key]) for key in args if key in STYLE and word.styled
        }
        if (self.index, word.word) not in self.block.taken:
            check_joined(self.line, word, args)
            for key in args:
                self.known(key)
            self.block.taken.add((self.index, word.word))
        return Call(
            word,
            self.line.name,
            values,
            min(depth, 1) if not word.repeats else depth,
            style._replace(**changed) if changed else style,  # type: ignore[arg-type]
            self.index,
            self.sources(),
            (self.line.name,),
        )

    def check(self) -> None:
        """Raise if the row cannot be right whatever the arguments are."""
        kinds = {"depth": DEPTH, "when": FLAG, "unused": FLAG, **argument_kinds(self.word)}
        check_joined(self.line, self.word, self.line.row.args)
        for key, value in self.line.row.args.items():
            self.known(key)
            if has_choice(value):
                block = self.block.word
                law = f"'{block}' is made of rows, which leave nothing open; make '{key}' an argument of it"
                raise RowError(law, (*self.line.inner, key))
            for name in set(references(value)) - set(self.names):
                law = f"nothing in '{self.block.word}' is named '${name}'{suggest(name, self.names)}"
                raise RowError(law, (*self.line.inner, key))
            if is_open(value):
                continue
            if key in ("from", "with") or key in self.word.maps:
                for part in value if isinstance(value, tuple) else (value,):
                    self.source(part, key)
            elif key in kinds:
                self.checked(value, key, kinds[key])

    @cached_property
    def word(self) -> Block[Any]:
        """The block that the row's word names."""
        value = self.value(self.block.terms[self.index], self.line.place)
        if not isinstance(value, str) or value not in self.block.words:
            near = suggest(text(value), self.block.words)
            raise RowError(f"there is no block '{text(value)}'{near}", self.line.inner, at_key=True)
        return self.block.words[value]

    def argument(self, name: str, default: Value, depth: int) -> Value:
        """Return an argument of the row's block."""
        parameter = self.word.parameters[name]
        if name == "depth":
            return depth
        if name in self.line.row.args:
            return self.checked(self.line.row.args[name], name, parameter.kind)
        if parameter.required:
            law = f"{self.word.word} needs '{name}': {parameter.kind.law}"
            raise RowError(law, self.line.inner, at_key=True)
        return default

    def sources(self) -> tuple[str, ...]:
        """Return the names of what the row reads."""
        line, word, args = self.line, self.word, self.line.row.args
        named = [self.source(args[name], name) for name in word.maps[1:] if name in args]
        reads = [] if line.ends and word.variadic else [self.source(line.source, "from")]
        if line.ends:
            reads += line.ends
        else:
            others = args.get("with", ())
            several = others if isinstance(others, tuple) else (others,)
            reads += [self.source(other, "with") for other in several]
        if word.maps[1:2] == (BEFORE,):
            raise RowError(f"{word.word} reads `before`; it stands in `layers`", line.inner)
        return (*reads, *named)

    def source(self, value: Expr, key: str) -> str:
        """Return the name of a map that the row reads."""
        place = (*self.line.inner, key)
        name = value if isinstance(value, str) else self.checked(value, key, SOURCE)
        assert isinstance(name, str)
        if name not in self.above:
            known = {*self.above, *self.block.definition.needs}
            raise RowError(f"no row above is named '{name}'{suggest(name, known)}", place)
        return name

    def parameter(self, key: str, kind: Kind, default: Any) -> Any:
        """Return one of the row's own parameters."""
        return self.checked(self.line.row.args[key], key, kind) if key in self.line.row.args else default

    def known(self, key: str) -> None:
        """Raise unless the row takes a parameter."""
        word = self.word
        of_row = [name for name in OWN if word.variadic or name not in ("with", "unused")]
        known = {*of_row, *word.maps[1:], *argument_kinds(word)}
        if key not in known:
            law = f"{word.word} has no '{key}'{suggest(key, known)}"
            raise RowError(law, (*self.line.inner, key), at_key=True)

    def checked(self, value: Expr, key: str, kind: Kind) -> Value:
        place = (*self.line.inner, key)
        given_value = self.value(value, place)
        try:
            return kind.accept(given_value)
        except ValueError:
            law = kind.refusal(given_value, f"'{text(given_value)}'")
            raise RowError(f"{key} {law}", place) from None

    def value(self, expression: Expr, place: Place) -> Value:
        try:
            return evaluate(expression, self.names)
        except ExpressionError as error:
            raise RowError(str(error), place) from None
        except KeyError as error:
            name = str(error.args[0])
            raise RowError(f"nothing is named '${name}'{suggest(name, self.names)}", place) from None


def _with_unused(calls: list[Call], joins: list[int]) -> list[Call]:
    """Return the calls; such a join keeps, of the rows that it names, those that no other row reads."""
    read = Counter(name for call in calls for name in call.sources)
    for index in joins:
        first, *others = calls[index].sources
        unused = tuple([name for name in others if read[name] == 1])
        read.subtract(set(others) - set(unused))
        calls[index] = calls[index]._replace(sources=(first, *unused))
    return calls
