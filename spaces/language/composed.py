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
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from ..blocks import BLOCKS, Block, Parameter
from ..blocks.block import Args
from ..blocks.keeping import Keeping, as_option
from ..blocks.kinds import ANY, DEPTH, FLAG, SOURCE, SOURCES, Kind
from ..errors import ShapeError, suggest
from ..graph import Style, Tensor
from ..values import Value, text
from ..vocabulary import nearest
from .calls import TOO_LARGE, Call, RowError, lay, reaching
from .document import Document, Place
from .expressions import (
    FUNCTIONS,
    Expr,
    ExpressionError,
    Item,
    Ref,
    evaluate,
    has_choice,
    is_open,
    reference_meant,
    references,
    words_in,
)
from .functions import Calls, Formula, Formulas, bound, names_read
from .names_read import row_expressions
from .parser import parse
from .prose import describe
from .rows import BEFORE, INPUT, LIKE, MAX_DEPTH, STYLE, Composed, row_references
from .scope import (
    Line,
    argument_kinds,
    check_clash,
    check_idle,
    check_joined,
    check_like,
    is_known,
    lines,
    no_block,
    outputs_of,
    shares,
    unknown_output,
)

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


def of_table(name: str) -> str:
    """Return the name of the argument by which a composed block has what it reads of `let`."""
    return f"${name}"


class Names(NamedTuple):
    """What the rows of a composed block know.

    Attributes:
        values: By name: its arguments, what it reads of `let`, and what it knows of its map.
        let: What it reads of `let`, its arguments apart.
        functions: What the functions of the table do.
    """

    values: Mapping[str, Value]
    let: Mapping[str, Value]
    functions: Calls


class ComposedBlock(Block[Any]):
    """A word whose function is the rows of its definition.

    Attributes:
        definition: Its rows and arguments.
        words: Every word of the table.
        nest: The composed blocks of the table that are being placed.
        let: The names of `let` that its rows read, in blocks within it too.
        functions: The functions of the table.
        lines: Its rows, branches before what joins them.
        numbered: Whether blocks one after the other are numbered in it, since all of them always stand.
        taken: Rows and words that were found to take what they are given.
        branches: The rows of each branch of each row.
        likes: For each row that shares the weights of another, this one.
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
        given = [name for name in definition.arguments if name not in self.maps]
        self.parameters = {
            name: Parameter(
                name=name, kind=ANY, required=name in definition.needs, default=definition.defaults.get(name)
            )
            for name in given
        }
        self.identifiers = (*given, *map(of_table, let))
        self.defaults = tuple((name, definition.defaults.get(name)) for name in self.identifiers)
        self.doc = describe(word, definition)
        self.docs: dict[int, str] = {}
        self.function = self.place_rows
        self.terms = [self.word_of(line) for line in self.lines]
        self.taken: set[tuple[int, str]] = set()
        self.branches = branches_of(self.lines)
        self.likes: dict[int, int] = {}
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
            reader = _RowReader(self, line, index, names, above, absent)
            call = None if index in absent else self.closed.get((index, style))
            if call is None and index in self.likes:
                call = reader.sharing(calls_of_rows[self.likes[index]])
            elif call is None:
                call = reader.call(style)
                if not (self.varies[index] or index in absent):
                    self.closed[index, style] = call
            if reader.parameter("unused", FLAG, False):
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
            if index in absent or not _RowReader(self, self.lines[index], index, names, set()).stands():
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
        return _RowReader(self, self.lines[index], index, names, set()).word.variadic

    def check(self, let: Collection[str], choices: Collection[str]) -> None:
        """Raise if a row is wrong whatever the arguments are, or one of these is not used.

        Args:
            let: What the table declares under `let`.
            choices: What it declares under `choices`.
        """
        known = dict.fromkeys((*self.let, *self.parameters, CHANNELS, EXTENT))
        names = Names(known, known, {})
        above = {INPUT, *self.maps[1:]}
        self.find_likes()
        for index, line in enumerate(self.lines):
            if line.name in above:
                law = f"a row and an argument have the name '{line.name}'; name them apart"
                raise RowError(law, line.inner, at_key=True)
            if isinstance(self.terms[index], str):
                _RowReader(self, line, index, names, above).check(let, choices)
            term = self.terms[index]
            above |= outputs_of(line.name, self.words.get(term) if isinstance(term, str) else None)
        self.check_outputs()
        self.check_read()
        used = {name for row in self.definition.rows for name in row_references(row)}
        for name in self.parameters:
            if name not in used:
                law = f"nothing in '{self.word}' uses the argument '{name}'"
                raise RowError(law, ("blocks", self.word), at_key=True)

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

    def check_read(self) -> None:
        """Raise if nothing reads a row, whatever the arguments are."""
        sources = [self.sources_of(index) for index in range(len(self.lines))]
        if any(map(is_open, chain.from_iterable(sources))):
            return
        read = {name for line in self.lines for name in line.ends}
        read |= {name.partition(".")[0] for name in words_in(chain.from_iterable(sources))}
        read |= set(self.outputs or [self.lines[-1].name])
        for line in self.lines:
            if line.name not in read:
                raise RowError(f"nothing reads '{line.name}'; take it out", line.place)

    def check_outputs(self) -> None:
        """Raise if what it gives are not rows of it, each once."""
        names = [line.name for line in self.lines]
        for at, name in enumerate(self.outputs):
            near = f"; did you mean {nearest(name, names)}?" if nearest(name, names) else "; name a row so"
            law = f"'{name}' is no row of '{self.word}'{near}" if name not in names else ""
            law = law or (f"'{name}' is an output already" if name in self.outputs[:at] else "")
            if law:
                raise RowError(law, ("blocks", self.word), at_key=True)

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
    names: Names
    above: set[str]
    absent: frozenset[int] = frozenset()

    def stands(self) -> bool:
        """Tell whether the row's own `when` lets it stand."""
        return bool(self.parameter("when", FLAG, True))

    def passing(self) -> Call:
        """Return the call of a row that is not there: others that read it read what it would read."""
        sources = (self.source(self.line.source, "from"),)
        identity = BLOCKS["identity"]
        return Call(identity, self.line.name, (), 0, Style(), self.index, sources, (self.line.name,))

    def call(self, style: Style) -> Call:
        if self.index in self.absent or (self.line.ends and not self.ends()):
            return self.passing()
        word, args = self.word, self.line.row.args
        depth = self.parameter("depth", DEPTH, 1)
        self.check_depth(depth)
        if depth == 0:  # what it is given may have no value where it does not stand
            return self.passing()
        if depth > 1 and not (word.repeats or isinstance(word, Keeping)) and "depth" not in word.parameters:
            raise RowError(f"{word.word} stands once; it has no 'depth'", (*self.line.inner, "depth"))
        values: Args = tuple([(name, self.argument(name, default, depth)) for name, default in word.defaults])
        changed = {
            key: self.checked(args[key], key, STYLE[key])
            for key in args
            if key in STYLE and word.styled and key not in word.parameters
        }
        if (self.index, word.word) not in self.block.taken:
            check_joined(self.line, word, args)
            check_clash(self.line, word)
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

    def sharing(self, owner: Call) -> Call:
        """Return the call of a row that shares the weights of another one's call."""
        times = self.parameter("depth", DEPTH, 1)
        if self.index in self.absent or times == 0 or owner.depth == 0:
            return self.passing()
        self.check_depth(times)
        check_joined(self.line, self.word, self.line.row.args)
        return owner._replace(
            name=self.line.name,
            row=self.index,
            sources=self.sources(),
            binds=(self.line.name,),
            like=owner.name,
            times=times,
        )

    def check_depth(self, depth: int) -> None:
        """Raise if the row has too many blocks."""
        if depth > MAX_DEPTH:
            law = f"a row has at most {MAX_DEPTH:,} blocks, but got {depth:,}"
            raise RowError(law, (*self.line.inner, "depth"))

    def check(self, let: Collection[str], choices: Collection[str]) -> None:
        """Raise if the row cannot be right whatever the arguments are."""
        kinds = {"depth": DEPTH, "when": FLAG, "unused": FLAG, **argument_kinds(self.word)}
        check_joined(self.line, self.word, self.line.row.args)
        check_clash(self.line, self.word)
        block = self.block.word
        for key, value in self.line.row.args.items():
            if self.index not in self.block.likes:
                self.known(key)
            if has_choice(value):
                law = f"'{block}' is made of rows, which leave nothing open; make '{key}' an argument of it"
                raise RowError(law, (*self.line.inner, key))
            for name in set(references(value)) - set(self.names.values):
                law = f"nothing in '{self.block.word}' is named '${name}'"
                law += suggest(name, {*self.names.values, *let})
                if name in choices:
                    law = f"'{name}' is drawn anew wherever it is used; make it an argument of '{block}'"
                raise RowError(law, (*self.line.inner, key))
            if is_open(value):
                continue
            if key in ("from", "with") or key in self.word.maps:
                for part in value if isinstance(value, tuple) else (value,):
                    if key != "with" or part is not None:
                        self.source(part, key)
            elif key in kinds:
                self.checked(value, key, kinds[key])
        check_idle(self.line, self.word)

    @cached_property
    def word(self) -> Block[Any]:
        """The block that the row's word names."""
        value = self.value(self.block.terms[self.index], self.line.place)
        if not isinstance(value, str) or value not in self.block.words:
            named = [line.name for line in self.block.lines if "name" in line.row.args]
            law = no_block(text(value), self.line.inner, named, self.block.words)
            raise RowError(law, self.line.inner, at_key=True)
        block = self.block.words[value]
        return (
            block if isinstance(self.block.terms[self.index], str) else as_option(block, self.line.row.args)
        )

    def argument(self, name: str, default: Value, depth: int) -> Value:
        """Return an argument of the row's block."""
        if isinstance(self.word, Keeping) and name in self.word.promised:
            return self.checked(self.line.row.args[name], name, ANY)
        if name not in self.word.parameters:
            return self.names.let[name.removeprefix(of_table(""))]
        parameter = self.word.parameters[name]
        if name == "depth":
            return depth
        if name in self.line.row.args:
            return self.checked(self.line.row.args[name], name, parameter.kind)
        if parameter.required:
            law = f"{self.word.word} needs '{name}': {parameter.kind.law}"
            raise RowError(law, self.line.inner, at_key=True)
        return default

    def ends(self) -> list[Expr]:
        """Return the last row of each branch that is there."""
        branches = zip(self.line.ends, self.block.branches[self.index], strict=True)
        ends = [end for end, rows in branches if not rows or not rows <= self.absent]
        if ends and len(ends) < len(self.line.ends) and not self.word.variadic:
            law = f"{self.word.word} reads {len(self.line.ends)} branches, and no row of one of them stands"
            raise RowError(law, self.line.inner, at_key=True)
        if ends and self.word.ordered and ends[0] != self.line.ends[0]:
            law = f"{self.word.word} begins with its first branch, of which no row stands"
            raise RowError(law, self.line.inner, at_key=True)
        return ends

    def sources(self) -> tuple[str, ...]:
        """Return the names of what the row reads."""
        line, word, args = self.line, self.word, self.line.row.args
        named = [self.source(args[name], name) for name in word.maps[1:] if name in args]
        reads = [] if line.ends and word.variadic else [self.source(line.source, "from")]
        if line.ends:
            reads += [self.source(end, "from") for end in self.ends()]
        else:
            others = self.checked(args["with"], "with", SOURCES) if "with" in args else ()
            reads += [self.source(other, "with") for other in others]  # type: ignore[union-attr]
        if word.maps[1:2] == (BEFORE,):
            raise RowError(f"{word.word} reads `before`; it stands in `layers`", line.inner)
        return (*reads, *named)

    def source(self, value: Expr, key: str) -> str:
        """Return the name of a map that the row reads."""
        place = (*self.line.inner, key)
        name = value if isinstance(value, str) else self.checked(value, key, SOURCE)
        assert isinstance(name, str)
        if not is_known(name, self.above):
            given = self.line.row.args.get(key)
            maps = [
                part.name
                for part in (given if isinstance(given, tuple) else (given,))
                if isinstance(part, Ref)
            ]
            definition = self.block.definition
            values = {each for row in definition.rows for each in row_references(row)}
            known = self.above.union(definition.needs) - values
            law = f"no row above is named '{name}'{suggest(name, known)}"
            if maps:
                law = f"no row of '{self.block.word}' above is named '{name}'; an argument that is a map is "
                law += f"written without `$`, as in `{key}: {maps[0]}`"
            raise RowError(unknown_output(name, self.above) or law, place)
        return name

    def parameter(self, key: str, kind: Kind, default: Any) -> Any:
        """Return one of the row's own parameters."""
        return self.checked(self.line.row.args[key], key, kind) if key in self.line.row.args else default

    def known(self, key: str) -> None:
        """Raise unless the row takes a parameter."""
        word = self.word
        of_row = [name for name in OWN if word.variadic or name not in ("with", "unused")]
        known = {*of_row, *word.maps[1:], *argument_kinds(word)}
        if isinstance(word, Keeping):  # what other options of the row take
            known |= {
                "with",
                *(name for other in self.block.words.values() for name in argument_kinds(other)),
            }
        if key not in known:
            law = f"{word.word} has no '{key}'{suggest(key, known)}"
            raise RowError(law, (*self.line.inner, key), at_key=True)

    def checked(self, value: Expr, key: str, kind: Kind) -> Value:
        place = (*self.line.inner, key)
        given_value = self.value(value, place)
        try:
            return kind.accept(given_value)
        except ValueError:
            functions = (*FUNCTIONS, *self.block.functions)
            law = kind.refusal(given_value, f"'{text(given_value)}'", functions)
            if meant := reference_meant(value, {*self.names.values, *self.block.definition.needs}):
                law = f"is {kind.law}, but got '{value}'{meant}"
            raise RowError(f"{key} {law}", place) from None

    def value(self, expression: Expr, place: Place) -> Value:
        try:
            return evaluate(expression, self.names.values, self.names.functions)
        except ExpressionError as error:
            raise RowError(str(error), place) from None
        except KeyError as error:
            name = str(error.args[0])
            raise RowError(f"nothing is named '${name}'{suggest(name, self.names.values)}", place) from None


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
