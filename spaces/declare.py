"""Declaring: a table is checked whole and becomes a program that draws its rows.

Everything that can be known to be wrong is found here, with its place: unknown words and parameters, values
of the wrong kind, names that nothing uses, choices that leave nothing open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .blocks import BLOCKS, Block
from .blocks.kinds import DEPTH, PER, Kind
from .document import Document, Place
from .errors import suggest
from .expressions import Expr, is_open
from .graph import Style
from .heading import MAX_ROWS, Table, check_heading, check_row_name, names_of_rows
from .program import Alternative, Program, RowProgram
from .resolve import Resolver
from .rows import STYLE, Call, Row
from .slots import Fixed, Slot, Variable
from .values import Option
from .writing import inline

if TYPE_CHECKING:
    from .network import Network
    from .space import Space

MAX_DEPTH = 1000
MAX_BLOCKS = 10_000

ROW_WORDS = ("name", "depth", "per")
Given: TypeAlias = Mapping[str, tuple[Expr, Place]]
"""Arguments with their places."""


def check_network(network: Network) -> tuple[Call, ...]:
    """Return the calls of a network.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    table = Table(
        name=network.name,
        input=network.input,
        layers=network.layers,
        defaults=network.defaults,
        document=network.origin or Document(tree=None, name=f"network {network.name}"),
    )
    for place, value in table.expressions():
        if is_open(value):
            law = f"a network leaves nothing open, but '{place[-1]}' does; declare a `space:`"
            raise table.document.error(place, law)
    return tuple(_Declaration(table).program().draw(_closed).calls)


def check_space(space: Space) -> Program:
    """Return the program that draws a space.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    table = Table(
        name=space.name,
        input=space.input,
        layers=space.layers,
        defaults=space.defaults,
        choices=space.choices,
        let=space.let,
        blocks=space.blocks,
        document=space.origin or Document(tree=None, name=f"space {space.name}"),
    )
    program = _Declaration(table).program()
    if not any(True for _ in program.each_path()):
        law = "a space leaves something open, but nothing is; declare a `network:`"
        raise table.document.error(("space",), law, at_key=True)
    return program


def _closed(path: str, options: object) -> Option:
    raise AssertionError(f"a network asked for {path}")


class _Declaration:
    """A table on its way to a program."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.document = table.document
        self.error = table.document.error
        self.resolver = Resolver(table.document, table.choices, table.let)
        self.style: dict[str, Slot] = {}

    def program(self) -> Program:
        check_heading(self.table)
        self.resolver.declare_variables()
        self.style = {key: self.default(key) for key in self.table.defaults}
        names = names_of_rows(self.table)
        rows = tuple(self.row(index, row, names[index]) for index, row in enumerate(self.table.layers))
        self.check_blocks(rows)
        self.check_used()
        return Program(rows=rows, lets=self.resolver.lets)

    def check_blocks(self, rows: tuple[RowProgram, ...]) -> None:
        """Check the number of blocks, and the names that `per: block` gives: `stage_1`, `stage_2`, ..."""
        blocks = sum(row.deepest for row in rows)
        if blocks > MAX_BLOCKS:
            raise self.error(("layers",), f"a table has at most {MAX_BLOCKS:,} blocks, but got {blocks:,}")
        single = sum(row.deepest if row.per_block else 1 for row in rows)
        if single > MAX_ROWS:
            law = f"a table has at most {MAX_ROWS:,} rows, and a block a row of its own with `per: block`"
            raise self.error(("layers",), f"{law}, but got {single:,}")
        taken = {row.name for row in rows}
        for row in (row for row in rows if row.per_block):
            place = ("layers", row.index, self.table.layers[row.index].word, "per")
            for name in (row.block_name(number) for number in range(1, row.deepest + 1)):
                check_row_name(self.document, name, place)
                if name in taken:
                    raise self.error(place, f"a block of this row is named '{name}', and so is another row")

    def check_used(self) -> None:
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

    def row(self, index: int, row: Row, name: str) -> RowProgram:
        place: Place = ("layers", index)
        inner: Place = (*place, row.word)
        args = {key: (value, (*inner, key)) for key, value in row.args.items() if key not in ROW_WORDS}
        alternatives = self.alternatives(row.word, args, inner, ())
        depth, deepest = self.depth(row, alternatives, inner)
        program = RowProgram(
            name=name,
            index=index,
            depth=depth,
            per_block=self.per(row, inner),
            alternatives=alternatives,
            word=row.word if row.word in self.table.blocks else "",
            named="name" in row.args,
            deepest=deepest,
        )
        if program.per_block and (deepest < 2 or not program.opens_blocks()):
            why = "the row has one block" if deepest < 2 else "the row leaves nothing open"
            place = (*inner, "per")
            raise self.error(place, f"`per: block` changes nothing: {why}; take it out", at_key=True)
        return program

    def per(self, row: Row, inner: Place) -> bool:
        value = row.args.get("per", "row")
        try:
            return PER.accept(value) == "block"  # type: ignore[arg-type]
        except ValueError as law:
            raise self.error((*inner, "per"), f"per is {law}, but got '{inline(value)}'") from None

    def depth(self, row: Row, alternatives: tuple[Alternative, ...], inner: Place) -> tuple[Slot, int]:
        """Return a row's depth, and the largest value it takes."""
        if "depth" not in row.args:
            return Fixed(1), 1
        place = (*inner, "depth")
        for block in [block for alternative in alternatives for block in alternative.blocks()]:
            if not block.repeats and "depth" not in block.parameters:
                raise self.error(place, f"{block.word} stands once; it has no 'depth'", at_key=True)
        slot = self.resolver.checked(row.args["depth"], ".depth", place, DEPTH, "depth")
        depths = self.resolver.possible(slot, 2 * MAX_DEPTH)
        deepest = max(depth for depth in depths if isinstance(depth, int))
        if deepest > MAX_DEPTH:
            raise self.error(place, f"a row has at most {MAX_DEPTH:,} blocks, but got {deepest:,}")
        if len(depths) == 2 * MAX_DEPTH:
            raise self.error(place, "the depth depends on too many values; leave fewer of them open")
        return slot, deepest

    def alternatives(
        self, word: str, args: Given, place: Place, chain: tuple[str, ...]
    ) -> tuple[Alternative, ...]:
        """Return what a word stands for: one block, or one of several. `chain` is the path of words to it."""
        self.resolver.grow(place)
        if word in BLOCKS:
            return (self.alternative(BLOCKS[word], args, place, "".join(f".{part}" for part in chain)),)
        if word not in self.table.blocks:
            known = [*BLOCKS, *self.table.blocks]
            raise self.error(place, f"there is no block '{word}'{suggest(word, known)}", at_key=True)
        chain = chain or (word,)
        if word in chain[:-1]:
            raise self.error(("blocks", word), f"'{word}' is defined by itself", at_key=True)
        self.resolver.check_chain(place, chain)
        self.resolver.used.add(("blocks", word))
        found: list[Alternative] = []
        for row in self.table.blocks[word]:
            here: Place = ("blocks", word, row.word)
            merged = self.merged(args, row, here)
            inner = self.alternatives(row.word, merged, here, (*chain, row.word))
            found.append(inner[0] if row.word in BLOCKS else Alternative(word=row.word, inner=inner))
        if len({a.word for a in found}) < len(found):
            raise self.error(("blocks", word), f"'{word}' lists a block twice", at_key=True)
        return tuple(found)

    def merged(self, args: Given, row: Row, here: Place) -> Given:
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

    def alternative(self, block: Block[Any], args: Given, place: Place, label: str) -> Alternative:
        slots: dict[str, Slot] = {}
        style = dict(self.style) if block.styled else {}
        self.resolver.used |= {("defaults", key) for key in style if key not in args}
        for key, (value, where) in args.items():
            kind = self.kind(block, key, where)
            # What the row gives is drawn under the row's name, what the word gives under the word's.
            path = f".{key}" if where[0] == "layers" and place[0] != "layers" else f"{label}.{key}"
            slot = self.resolver.checked(value, path, where, kind, key)
            (slots if key in block.parameters else style)[key] = slot
        for parameter in block.parameters.values():
            if parameter.required and parameter.name not in (*slots, "depth"):
                law = f"{block.word} needs '{parameter.name}': {parameter.kind.law}"
                raise self.error(place, law, at_key=True)
        values = {key: slot.value for key, slot in style.items() if isinstance(slot, Fixed)}
        fixed = Style(**values) if len(values) == len(style) else None  # type: ignore[arg-type]
        return Alternative(word=block.word, block=block, slots=slots, style=style, fixed_style=fixed)

    def kind(self, block: Block[Any], key: str, where: Place) -> Kind:
        if key in block.parameters and key != "depth":
            return block.parameters[key].kind
        if block.styled and key in STYLE:
            return STYLE[key]
        known = [p for p in block.parameters if p != "depth"] + (list(STYLE) if block.styled else [])
        if where[0] == "layers":
            known += ["name", "per"] + (["depth"] if block.repeats or "depth" in block.parameters else [])
        raise self.document.unknown((*where[:-1], key), block.word, known)
