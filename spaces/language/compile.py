"""Compiling a table: it is checked whole and becomes a program that draws its rows.

Everything that can be known to be wrong is found here, with its place: unknown words and parameters, values
of the wrong kind, names that nothing uses, choices that leave nothing open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from ..blocks import BLOCKS
from ..blocks.keeping import Keeping
from ..blocks.kinds import DEPTH, PER, SOURCE
from ..graph import Style
from .alternative import Alternative
from .calls import RowError
from .checking import check_head
from .composed import ComposedBlock, words_of
from .composed_checks import check_composed
from .composed_row import Words
from .dependencies import resolve_dependencies
from .document import Place
from .expression_parts import has_choice, words_in
from .functions import called
from .names_read import let_of_blocks, row_expressions, values_in
from .program import Program
from .resolve import Resolver
from .row_program import RowProgram
from .row_words import ROW_WORDS, WordCompiler
from .rows import BEFORE, LIKE, MAX_DEPTH, MAX_ROWS, STYLE, Row
from .scope import Line, argument_kinds, check_joined, check_like, check_row_name, lines, shares
from .signature import argument_law
from .slots import Fixed, Slot, Variable, possible_values
from .table import Table
from .writing import inline, signature

MAX_BLOCKS = 10_000
MAX_SIGNATURE = 1000
"""Characters of a block's name and arguments: YAML reads no longer key."""


def compile_closed(table: Table) -> Program:
    """Return the program of a table that leaves nothing to draw: a network's.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    for place, value in table.expressions():
        if has_choice(value):
            law = f"a network leaves nothing open, but '{place[-1]}' does; declare a `space:`"
            raise table.document.error(place, law)
    for word in table.alternatives:
        law = f"a network leaves nothing open, but '{word}' is one of several blocks; declare a `space:`"
        raise table.document.error(("blocks", word), law, at_key=True)
    return _Compiler(table).program()


def compile_open(table: Table) -> Program:
    """Return the program that draws from a table with choices left open: a space's.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    program = _Compiler(table).program()
    if not any(program.each_path()):
        law = "a space leaves something open, but nothing is"
        for place, value in table.expressions():
            if place[0] in ("choices", "let") and isinstance(value, tuple):
                options = inline(value).strip("[]")
                law += f": {inline(value)} is a sequence; a choice is written {{{options}}}"
                raise table.document.error(place, law)
        raise table.document.error(("space",), f"{law}; declare a `network:`", at_key=True)
    return program


class _Compiler:
    """Compiles one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.document = table.document
        self.error = self.document.error
        self.resolver = Resolver(self.document, table.choices, table.let, table.functions)
        self.words: Words = {}
        self.word_compiler: WordCompiler

    def program(self) -> Program:
        try:
            return self.compiled()
        except RowError as error:
            raise self.error(error.place, str(error), at_key=error.at_key) from None

    def compiled(self) -> Program:
        check_head(self.table)
        self.resolver.declare_variables()
        style = {key: self.default(key) for key in self.table.defaults}
        self.check_composed()
        inputs = tuple(self.table.inputs)
        ordered = lines(self.document, self.table.layers, ("layers",), inputs)
        self.word_compiler = WordCompiler(
            table=self.table,
            resolver=self.resolver,
            words=self.words,
            style=style,
            names=[line.name for line in ordered if "name" in line.row.args],
        )
        rows: list[RowProgram] = []
        for index, line in enumerate(ordered):
            rows.append(self.row(index, line, rows))
        self.check_blocks(rows)
        self.check_used()
        program = Program(
            rows=tuple(rows), lets=self.resolver.lets, inputs=inputs, outputs=self.table.outputs
        )
        return resolve_dependencies(self.document, program)

    def check_composed(self) -> None:
        """Check what can be known of the composed blocks before they are used."""
        for name, composed in self.table.composed.items():
            for at, argument in enumerate(composed.arguments):
                if law := argument_law(argument, composed.arguments[:at]):
                    raise self.error(("blocks", name), law, at_key=True)
            if len(signature(name, composed)) > MAX_SIGNATURE:
                law = f"the arguments of a block take at most {MAX_SIGNATURE:,} characters"
                law += f", but got {len(signature(name, composed)):,}"
                raise self.error(("blocks", name), law, at_key=True)
            for line in lines(self.document, composed.rows, ("blocks", name)):
                self.resolver.grow(line.place)
                if line.row.word in self.table.alternatives:
                    law = f"'{line.row.word}' is one of several blocks, and '{name}' leaves nothing open"
                    raise self.error(line.inner, f"{law}; make the word an argument of it", at_key=True)
                check_row_name(self.document, line.name, line.inner)
            self.note_words([*composed.rows, Row("", value=tuple(composed.defaults.values()))])
        let = self.let_of_blocks()
        definitions = tuple((name, each, let[name]) for name, each in self.table.composed.items())
        self.words = words_of(definitions, self.table.users, tuple(self.table.functions.items()))
        for block in [self.words[name] for name in self.table.composed]:
            assert isinstance(block, ComposedBlock)
            check_composed(block, self.table.let, self.table.choices)

    def let_of_blocks(self) -> dict[str, tuple[str, ...]]:
        """Return what each composed block reads of `let`; note the functions that they call."""
        table = self.table
        rows = [row for composed in table.composed.values() for row in composed.rows]
        expressions = chain.from_iterable(map(row_expressions, rows))
        self.resolver.used |= {("functions", name) for name in called(expressions, table.functions)}
        above = [*table.layers, *chain.from_iterable(table.alternatives.values())]
        others = [*table.let.values(), *table.choices.values()]
        values = values_in(above, others, table.composed)
        return let_of_blocks(table.composed, table.functions, table.let, values)

    def note_words(self, rows: Iterable[Row]) -> None:
        """Note every word that rows name, or are given as a value."""
        for row in rows:
            self.resolver.used |= {("blocks", word) for word in (row.word, *words_in(row.args.values()))}
            for branch in row.branches:
                self.note_words(branch)

    def check_blocks(self, rows: Sequence[RowProgram]) -> None:
        """Check the number of blocks, and the names that `per: block` gives: `stage_1`, `stage_2`, ..."""
        blocks = sum(row.deepest for row in rows)
        if blocks > MAX_BLOCKS:
            raise self.error(("layers",), f"a table has at most {MAX_BLOCKS:,} blocks, but got {blocks:,}")
        single = sum(row.deepest if row.single else 1 for row in rows)
        if single > MAX_ROWS:
            law = f"a table has at most {MAX_ROWS:,} rows, and a block a row of its own with `per: block`"
            raise self.error(("layers",), f"{law}, but got {single:,}")
        taken = {row.line.name for row in rows}
        for row in (row for row in rows if row.single):
            place = (*row.line.inner, "per") if row.per_block else row.line.place
            for name in (row.block_name(number) for number in range(1, row.deepest + 1)):
                check_row_name(self.document, name, place)
                if name in taken:
                    raise self.error(place, f"a block of this row is named '{name}', and so is another row")
                taken.add(name)

    def check_used(self) -> None:
        """Check that every name is used; a word may also be a value, of which a variable holds some."""
        formulas = [formula.expression for formula in self.table.functions.values()]
        for value in (*self.table.let.values(), *self.table.choices.values(), *formulas):
            self.note_words([Row("", value=value)])
        for section, declared in {**self.table.sections(), "defaults": self.table.defaults}.items():
            for name in declared:
                if (section, name) not in self.resolver.used:
                    law = f"nothing uses '{name}'; use it or take it out"
                    raise self.error((section, name), law, at_key=True)

    def default(self, key: str) -> Slot:
        place: Place = ("defaults", key)
        if key not in STYLE:
            raise self.document.unknown(place, "defaults", STYLE)
        name = f"defaults.{key}"
        slot = self.resolver.checked(self.table.defaults[key], name, place, STYLE[key], key)
        if isinstance(slot, Fixed):
            return slot
        self.resolver.lets[name] = slot
        return Variable(name)

    def row(self, index: int, line: Line, above: Sequence[RowProgram]) -> RowProgram:
        row, inner, name = line.row, line.inner, line.name
        if LIKE in row.args and not self.takes_like(row.word):
            return self.sharing(index, line, above)
        args = {key: (value, (*inner, key)) for key, value in row.args.items() if key not in ROW_WORDS}
        self.resolver.index, self.resolver.indexed = True, False
        target = self.word_compiler.compile(row.word, args, inner, ())
        self.resolver.index = False
        if all(isinstance(block, Keeping) for block in target.blocks()):
            for key, (_, where) in args.items():  # what no option takes
                self.word_compiler.kind(self.words[target.blocks()[0].word], key, where)
        check_row_name(self.document, name, inner)
        self.note_words([row])
        depth, deepest = self.depth(row, target, inner)
        indexed = self.resolver.indexed
        cell = any(block.maps[1:2] == (BEFORE,) for block in target.blocks())
        program = RowProgram(
            line=line,
            index=index,
            source=self.source(line, target),
            depth=depth,
            per_block=self.per(row, inner),
            unrolled=(indexed or cell) and deepest > 1,
            target=target,
            word=row.word if row.word in self.table.alternatives else "",
            deepest=deepest,
        )
        if program.per_block and (deepest < 2 or not any(program.block_paths(name, first=False))):
            why = "the row has one block" if deepest < 2 else "the row leaves nothing open"
            place = (*inner, "per")
            raise self.error(place, f"`per: block` changes nothing: {why}; take it out", at_key=True)
        return program

    def takes_like(self, word: str, chain: tuple[str, ...] = ()) -> bool:
        """Tell whether a word, or one that it may stand for, is given something else by `like`."""
        if word in self.table.alternatives:
            inner = [row.word for row in self.table.alternatives[word] if word not in chain]
            return any(self.takes_like(each, (*chain, word)) for each in inner)
        return word in self.words and not shares(Row(word, like=""), self.words[word])

    def sharing(self, index: int, line: Line, above: Sequence[RowProgram]) -> RowProgram:
        """Return the program of a row that shares the weights of one above it, and draws no block."""
        word, inner = line.row.word, line.inner
        block = self.words.get(word)
        if block is None and word not in self.table.alternatives:
            self.word_compiler.compile(word, {}, inner, ())  # raises what is wrong with it
        if "when" in line.row.args:
            law = "`when` belongs to the rows of a composed block"
            raise self.error((*inner, "when"), law, at_key=True)
        name = check_like(line, block, {row.line.name: row.line for row in above})
        other = next(row for row in above if row.line.name == name)
        if other.single:
            law = f"the blocks of '{name}' are rows of their own (`per: block`, `$i`, or a cell)"
            raise self.error((*inner, LIKE), f"{law}; share the weights of a row whose blocks are alike")
        check_row_name(self.document, line.name, inner)
        maps: dict[str, Slot] = {}
        kinds = argument_kinds(block) if block else {}
        for key in (*(block.maps[1:] if block else ()), "with"):
            if key in line.row.args:
                place = (*inner, key)
                maps[key] = self.resolver.checked(line.row.args[key], f".{key}", place, kinds[key], key)
        target = Alternative(word=word, block=block or BLOCKS["identity"], maps=maps, fixed_style=Style())
        depth, deepest = self.depths(line.row, inner)
        return RowProgram(
            line=line,
            index=index,
            source=self.source(line, target),
            depth=depth,
            per_block=False,
            target=target,
            word="",
            deepest=deepest * other.deepest,
            like=other.index,
        )

    def source(self, line: Line, target: Alternative) -> Slot:
        """Return the slot of the name that a row reads; check that it takes the branches it has."""
        for block, leaf in target.leaves():
            check_joined(line, block, leaf.maps)
        if not isinstance(line.source, str) and line.ends:
            place = (*line.inner, "from")
            raise self.error(place, "what branches read is named, not chosen; choose in a row above them")
        return self.resolver.checked(line.source, ".from", (*line.inner, "from"), SOURCE, "from")

    def per(self, row: Row, inner: Place) -> bool:
        value = row.args.get("per", "row")
        try:
            return PER.accept(value) == "block"
        except ValueError:
            law = PER.refusal(value, f"'{inline(value)}'")
            raise self.error((*inner, "per"), f"per {law}") from None

    def depth(self, row: Row, target: Alternative, inner: Place) -> tuple[Slot, int]:
        """Return a row's depth, and the largest value it takes."""
        if "depth" not in row.args:
            return Fixed(1), 1
        place = (*inner, "depth")
        for block in target.blocks():
            repeats = block.repeats or isinstance(block, Keeping) or block.maps == ("x", BEFORE)
            if not (repeats or "depth" in block.parameters):
                raise self.error(place, f"{block.word} stands once; it has no 'depth'", at_key=True)
        return self.depths(row, inner)

    def depths(self, row: Row, inner: Place) -> tuple[Slot, int]:
        """Return the slot of a row's depth, and the largest value it takes."""
        if "depth" not in row.args:
            return Fixed(1), 1
        place = (*inner, "depth")
        slot = self.resolver.checked(row.args["depth"], ".depth", place, DEPTH, "depth")
        depths = possible_values(slot, self.resolver.lets, 2 * MAX_DEPTH)
        deepest = max(depth for depth in depths if isinstance(depth, int))
        if deepest > MAX_DEPTH:
            raise self.error(place, f"a row has at most {MAX_DEPTH:,} blocks, but got {deepest:,}")
        if len(depths) == 2 * MAX_DEPTH:
            raise self.error(place, "the depth depends on too many values; leave fewer of them open")
        return slot, deepest
