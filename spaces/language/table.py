"""The heading of a table, and its names: what can be checked before the rows are read."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from ..blocks import BLOCKS, Block
from ..graph import Shape
from ..hashing.equivalence import HASHES
from ..values import NAME, NAME_LENGTH, shape_text
from .composed import Words, words_of
from .document import Document, Place
from .expressions import Expr, ExpressionError, expression_text, is_open, nesting, scalars
from .parser import parse
from .resolve import MAX_NESTING
from .rows import MAX_NAME, MAX_ROWS, Composed, Row

Declared: TypeAlias = "tuple[Row, ...] | Composed"
"""What a word of `blocks` stands for: one of several rows, or rows one after the other."""

MAX_EXTENT = 65_536


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a network or a space is given, and the document it was read from."""

    name: str
    input: Shape
    layers: tuple[Row, ...]
    defaults: Mapping[str, Expr]
    choices: Mapping[str, Expr] = field(default_factory=dict)
    let: Mapping[str, Expr] = field(default_factory=dict)
    blocks: Mapping[str, Declared] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    users: tuple[Block[Any], ...] = ()
    alike: str = "graph"
    document: Document

    @cached_property
    def words(self) -> Words:
        """Every block that a row can name."""
        return words_of(tuple(self.composed.items()), self.users)

    @cached_property
    def composed(self) -> dict[str, Composed]:
        """The words that stand for rows one after the other."""
        return {name: value for name, value in self.blocks.items() if isinstance(value, Composed)}

    @cached_property
    def alternatives(self) -> dict[str, tuple[Row, ...]]:
        """The words that stand for one of several rows."""
        return {name: value for name, value in self.blocks.items() if not isinstance(value, Composed)}

    def sections(self) -> dict[str, Mapping[str, object]]:
        """Return what is declared by name; words first, since they use what the other sections declare."""
        return {"blocks": self.blocks, "choices": self.choices, "let": self.let}

    def expressions(self) -> Iterator[tuple[Place, Expr]]:
        """Yield every expression that the table is given, with its place."""
        for section, table in (("choices", self.choices), ("let", self.let), ("defaults", self.defaults)):
            yield from (((section, name), value) for name, value in table.items())
        yield from _expressions(self.layers, ("layers",))
        for word, composed in self.composed.items():
            yield from _expressions(composed.rows, ("blocks", word))
        for word, rows in self.alternatives.items():
            for row in rows:
                yield from ((("blocks", word, row.word, key), value) for key, value in row.args.items())


def _expressions(rows: tuple[Row, ...], place: Place) -> Iterator[tuple[Place, Expr]]:
    for index, row in enumerate(rows):
        inner = (*place, index, row.word)
        yield from (((*inner, key), value) for key, value in row.args.items())
        for number, branch in enumerate(row.branches):
            yield from _expressions(branch, (*inner, number))


def check_heading(table: Table) -> None:
    """Raise unless name, input, number of rows and declared names follow the language.

    Raises:
        SpaceError: With the place.
    """
    error = table.document.error
    if not isinstance(table.name, str) or not NAME.fullmatch(table.name):
        words: list[Place] = [("space",), ("network",)]
        place = next((place for place in words if place in table.document.values), ())
        law = f"a name is letters, digits, '.', '_', '-', at most {NAME_LENGTH}, and starts with a letter"
        raise error(place, f"{law}, but got '{table.name}'")
    extents = table.input
    if not 2 <= len(extents) <= 4 or not all(type(n) is int and 1 <= n <= MAX_EXTENT for n in extents):
        law = f"an input is channels and one to three extents, each from 1 to {MAX_EXTENT:,}, as in 3x224x224"
        raise error(("input",), f"{law}, but got {shape_text(extents)}")
    if table.alike not in HASHES:
        raise error(("alike",), f"alike is {' or '.join(HASHES)}, but got '{table.alike}'")
    if not 1 <= len(table.layers) <= MAX_ROWS:
        raise error(("layers",), f"a table has 1 to {MAX_ROWS:,} rows, but got {len(table.layers):,}")
    taken = {block.word: "uses" for block in table.users}
    for section, declared in table.sections().items():
        for name in declared:
            _check_declared(table.document, section, name, taken)
    for name, composed in table.composed.items():
        if not composed.rows:
            raise error(("blocks", name), "a block has at least one row; `identity` passes the map on")
    for place, value in table.expressions():
        if nesting(value) > MAX_NESTING:
            raise error(place, f"nested too deep; at most {MAX_NESTING} levels")
        for part in filter(is_open, scalars(value)):
            # What Python says must be sayable in text, and what text says, in the form that is written back.
            try:
                parse(expression_text(part))
            except ExpressionError as law:
                raise error(place, str(law)) from None


def _check_declared(document: Document, section: str, name: str, taken: dict[str, str]) -> None:
    place = (section, name)
    if not name.isidentifier() or not name.isascii() or len(name) > MAX_NAME:
        law = f"a name is letters, digits and '_', at most {MAX_NAME}"
        raise document.error(place, f"{law}, but got '{name}'", at_key=True)
    if name in ("none", "true", "false") or keyword.iskeyword(name):
        raise document.error(
            place, f"'{name}' is a word of the language or of Python; choose another", at_key=True
        )
    if name in taken:
        raise document.error(place, f"'{name}' is declared in `{taken[name]}` already", at_key=True)
    if section == "blocks" and name in BLOCKS:
        raise document.error(place, f"'{name}' is a block already; choose another word", at_key=True)
    taken[name] = section
