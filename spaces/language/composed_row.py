"""A row of a composed block: checked, and turned into the call that it comes down to for some arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from ..blocks import BLOCKS, Block
from ..blocks.block import Args
from ..blocks.keeping import Keeping, as_option
from ..blocks.kinds import ANY, DEPTH, FLAG, SOURCE, SOURCES, Kind
from ..errors import suggest
from ..graph import Style
from ..values import Value, text
from .arithmetic import FUNCTIONS, ExpressionError
from .calls import Call, RowError
from .document import Place
from .evaluation import evaluate
from .expression_parts import has_choice, is_open, reference_meant, references
from .expressions import Expr, Ref
from .functions import Calls, Formulas
from .rows import BEFORE, MAX_DEPTH, STYLE, Composed, row_references
from .scope import (
    Line,
    argument_kinds,
    check_clash,
    check_idle,
    check_joined,
    is_known,
    no_block,
    unknown_output,
)

OWN = ("name", "from", "with", "depth", "when", "unused")
"""What a row in a composed block is given besides what its own block takes."""

Words: TypeAlias = Mapping[str, Block[Any]]


class BlockOfRows(Block[Any]):
    """A word whose function is the rows of its definition: what each of these has to know of the whole.

    Attributes:
        definition: Its rows and arguments.
        words: Every word of the table.
        functions: The functions of the table.
        lines: Its rows, branches before what joins them.
        terms: The word of each row: itself, or an expression in the arguments.
        branches: The rows of each branch of each row.
        likes: For each row that shares the weights of another, this one.
        taken: Rows and words that were found to take what they are given.
    """

    definition: Composed
    words: Words
    functions: Formulas
    lines: list[Line]
    terms: list[Expr]
    branches: list[tuple[frozenset[int], ...]]
    likes: dict[int, int]
    taken: set[tuple[int, str]]


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


def values_of(definition: Composed) -> set[str]:
    """Return the arguments that its rows use as values, not as maps."""
    return {name for row in definition.rows for name in row_references(row)}


@dataclass(eq=False)
class ComposedRow:
    """One row of a composed block on its way to a call.

    Attributes:
        block: The block.
        line: The row, and where it stands.
        index: Its number.
        names: What rows of the block know.
        above: Names of the maps that it may read.
        absent: The rows that are not there.
    """

    block: BlockOfRows
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
        """Return the call that the row comes down to."""
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
        name = value if isinstance(value, str) else self.checked(value, key, SOURCE)
        assert isinstance(name, str)
        if not is_known(name, self.above):
            written = self.line.row.args.get(key)
            parts = written if isinstance(written, tuple) else (written,)
            maps = [part.name for part in parts if isinstance(part, Ref)]
            definition = self.block.definition
            values = values_of(definition)
            known = self.above.union(definition.needs) - values
            law = f"no row above is named '{name}'{suggest(name, known)}"
            if maps:
                law = f"no row of '{self.block.word}' above is named '{name}'; an argument that is a map is "
                law += f"written without `$`, as in `{key}: {maps[0]}`"
            raise RowError(unknown_output(name, self.above) or law, (*self.line.inner, key))
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

    def checked(self, expression: Expr, key: str, kind: Kind) -> Value:
        """Return what the row has under a key, as a kind of parameters takes it."""
        at = (*self.line.inner, key)
        value = self.value(expression, at)
        try:
            return kind.accept(value)
        except ValueError:
            functions = (*FUNCTIONS, *self.block.functions)
            law = kind.refusal(value, f"'{text(value)}'", functions)
            if meant := reference_meant(expression, {*self.names.values, *self.block.definition.needs}):
                law = f"is {kind.law}, but got '{expression}'{meant}"
            raise RowError(f"{key} {law}", at) from None

    def value(self, expression: Expr, at: Place) -> Value:
        """Return the value of an expression for the arguments of the block; it stands at a place."""
        try:
            return evaluate(expression, self.names.values, self.names.functions)
        except ExpressionError as error:
            raise RowError(str(error), at) from None
        except KeyError as error:
            name = str(error.args[0])
            raise RowError(f"nothing is named '${name}'{suggest(name, self.names.values)}", at) from None
