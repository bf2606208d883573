"""Compiling a table: it is checked whole and becomes a program that draws its rows.

Everything that can be known to be wrong is found here, with its place: unknown words and parameters, values
of the wrong kind, names that nothing uses, choices that leave nothing open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ..blocks import Block
from ..blocks.kinds import DEPTH, PER, SOURCE, Kind
from ..errors import suggest
from ..graph import Style
from .calls import RowError
from .checking import check_head
from .composed import ComposedBlock, Words, words_of
from .dependencies import resolve_dependencies
from .document import Place
from .expressions import Expr, has_choice, words_in
from .program import Alternative, Program, RowProgram
from .resolve import Resolver
from .rows import BEFORE, MAX_DEPTH, MAX_ROWS, STYLE, Row
from .scope import Line, argument_kinds, check_joined, check_row_name, lines
from .signature import argument_law
from .slots import Fixed, Slot, Variable, possible_values
from .table import Table
from .writing import inline, signature

MAX_BLOCKS = 10_000
MAX_SIGNATURE = 1000
"""Characters of a block's name and arguments: YAML reads no longer key."""

ROW_WORDS = ("name", "from", "depth", "per")
BLOCK_WORDS = ("when", "unused")
"""What only the rows of a composed block may be given."""
PlacedArgs: TypeAlias = Mapping[str, tuple[Expr, Place]]
"""Arguments with their places."""


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
        law = "a space leaves something open, but nothing is; declare a `network:`"
        raise table.document.error(("space",), law, at_key=True)
    return program


class _Compiler:
    """Compiles one table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.document = table.document
        self.error = self.document.error
        self.resolver = Resolver(self.document, table.choices, table.let)
        self.style: dict[str, Slot] = {}
        self.words: Words = {}

    def program(self) -> Program:
        try:
            return self.compiled()
        except RowError as error:
            raise self.error(error.place, str(error), at_key=error.at_key) from None

    def compiled(self) -> Program:
        check_head(self.table)
        self.resolver.declare_variables()
        self.style = {key: self.default(key) for key in self.table.defaults}
        self.check_composed()
        ordered = lines(self.document, self.table.layers, ("layers",))
        rows = tuple(self.row(index, line) for index, line in enumerate(ordered))
        self.check_blocks(rows)
        self.check_used()
        program = Program(rows=rows, lets=self.resolver.lets, outputs=self.table.outputs)
        return resolve_dependencies(self.document, program)

    def check_composed(self) -> None:
        """Check what can be known of the composed blocks before they are used."""
        for name, composed in self.table.composed.items():
            for at, argument in enumerate(composed.arguments):
                if law := argument_law(argument, composed.arguments[:at]):
                    raise self.error(("blocks", name), law, at_key=True)
            if len(signature(name, composed)) > MAX_SIGNATURE:
                law = f"the arguments of a block take at most {MAX_SIGNATURE:,} characters"
                raise self.error(("blocks", name), law, at_key=True)
            for line in lines(self.document, composed.rows, ("blocks", name)):
                self.resolver.grow(line.place)
                if line.row.word in self.table.alternatives:
                    law = f"'{line.row.word}' is one of several blocks, and '{name}' leaves nothing open"
                    raise self.error(line.inner, f"{law}; make the word an argument of it", at_key=True)
                check_row_name(self.document, line.name, line.inner)
            self.note_words(composed.rows)
        self.words = words_of(tuple(self.table.composed.items()), self.table.users)
        for block in [self.words[name] for name in self.table.composed]:
            assert isinstance(block, ComposedBlock)
            block.check()

    def note_words(self, rows: Iterable[Row]) -> None:
        """Note every word that rows name, or are given as a value."""
        for row in rows:
            self.resolver.used |= {("blocks", word) for word in (row.word, *words_in(row.args.values()))}
            for branch in row.branches:
                self.note_words(branch)

    def check_blocks(self, rows: tuple[RowProgram, ...]) -> None:
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
        for value in (*self.table.let.values(), *self.table.choices.values()):
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

    def row(self, index: int, line: Line) -> RowProgram:
        row, inner, name = line.row, line.inner, line.name
        args = {key: (value, (*inner, key)) for key, value in row.args.items() if key not in ROW_WORDS}
        self.resolver.index, self.resolver.indexed = True, False
        target = self.target(row.word, args, inner, ())
        self.resolver.index = False
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
            if not (block.repeats or "depth" in block.parameters or block.maps == ("x", BEFORE)):
                raise self.error(place, f"{block.word} stands once; it has no 'depth'", at_key=True)
        slot = self.resolver.checked(row.args["depth"], ".depth", place, DEPTH, "depth")
        depths = possible_values(slot, self.resolver.lets, 2 * MAX_DEPTH)
        deepest = max(depth for depth in depths if isinstance(depth, int))
        if deepest > MAX_DEPTH:
            raise self.error(place, f"a row has at most {MAX_DEPTH:,} blocks, but got {deepest:,}")
        if len(depths) == 2 * MAX_DEPTH:
            raise self.error(place, "the depth depends on too many values; leave fewer of them open")
        return slot, deepest

    def target(self, word: str, args: PlacedArgs, place: Place, chain: tuple[str, ...]) -> Alternative:
        """Return what a word stands for: one block, or one of several. `chain` is the path of words to it."""
        self.resolver.grow(place)
        words = self.words
        if word in words:
            self.resolver.used.add(("blocks", word))
            return self.alternative(words[word], args, place, "".join(f".{part}" for part in chain))
        if word not in self.table.alternatives:
            if word.startswith("$"):
                law = "a word is an argument only in a composed block; list the words under `blocks:`"
                raise self.error(place, law, at_key=True)
            known = [*words, *self.table.alternatives]
            raise self.error(place, f"there is no block '{word}'{suggest(word, known)}", at_key=True)
        chain = chain or (word,)
        if word in chain[:-1]:
            raise self.error(("blocks", word), f"'{word}' is defined by itself", at_key=True)
        self.resolver.check_chain(place, chain)
        self.resolver.used.add(("blocks", word))
        options: list[Alternative] = []
        for row in self.table.alternatives[word]:
            here: Place = ("blocks", word, row.word)
            if row.branches:
                law = "a word of `blocks` has no branches; give them to the row that uses it"
                raise self.error(here, law, at_key=True)
            merged = self.merged(args, row, here)
            options.append(self.target(row.word, merged, here, (*chain, row.word)))
        if len({a.word for a in options}) < len(options):
            raise self.error(("blocks", word), f"'{word}' lists a block twice", at_key=True)
        return Alternative(word=word, inner=tuple(options))

    def merged(self, args: PlacedArgs, row: Row, here: Place) -> PlacedArgs:
        """Return what a word of `blocks` gives a block, with what the row gives."""
        merged = dict(args)
        for key, value in row.args.items():
            if key in ROW_WORDS:
                law = f"'{key}' belongs to a row, not to a word of `blocks`"
                raise self.error((*here, key), law, at_key=True)
            if key in args:
                law = f"'{key}' is given twice: here and in the row"
                raise self.error((*here, key), law, at_key=True)
            merged[key] = (value, (*here, key))
        return merged

    def alternative(self, block: Block[Any], args: PlacedArgs, place: Place, label: str) -> Alternative:
        slots: dict[str, Slot] = {}
        maps: dict[str, Slot] = {}
        # How weights start holds for every row, the rest of the style where a row may override it.
        style = {key: slot for key, slot in self.style.items() if block.styled or key == "init"}
        self.resolver.used |= {("defaults", key) for key in style if key not in args}
        for key, (value, where) in args.items():
            kind = self.kind(block, key, where)
            # What the row gives is drawn under the row's name, what the word gives under the word's.
            path = f".{key}" if where[0] == "layers" and place[0] != "layers" else f"{label}.{key}"
            slot = self.resolver.checked(value, path, where, kind, key)
            if key in block.parameters:
                slots[key] = slot
            elif key == "with" or key in block.maps:
                maps[key] = slot
            else:
                style[key] = slot
        for parameter in block.parameters.values():
            if parameter.required and parameter.name not in (*slots, "depth"):
                law = f"{block.word} needs '{parameter.name}': {parameter.kind.law}"
                raise self.error(place, law, at_key=True)
        values = {key: slot.value for key, slot in style.items() if isinstance(slot, Fixed)}
        fixed = Style(**values) if len(values) == len(style) else None  # type: ignore[arg-type]
        ordered = {key: maps[key] for key in (*block.maps[1:], "with") if key in maps}
        return Alternative(
            word=block.word, block=block, slots=slots, maps=ordered, style=style, fixed_style=fixed
        )

    def kind(self, block: Block[Any], key: str, where: Place) -> Kind:
        kinds = argument_kinds(block)
        if key in kinds:
            return kinds[key]
        if key in BLOCK_WORDS:
            raise self.error(where, f"`{key}` belongs to the rows of a composed block", at_key=True)
        known = [name for name in kinds if name != "depth"]
        if where[0] == "layers":
            known += ["name", "from", "per"]
            known += ["depth"] if block.repeats or "depth" in block.parameters else []
        raise self.document.unknown((*where[:-1], key), block.word, known)
