"""The heading of a table, and its names: what can be checked before the rows are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .blocks import BLOCKS
from .document import Document, Place
from .errors import SpaceError
from .expressions import Expr, nesting
from .graph import Shape
from .resolve import MAX_NESTING
from .rows import MAX_NAME, Row, check_name, row_names
from .values import NAME, shape_text
from .writing import inline

MAX_ROWS = 1000
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
    blocks: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    document: Document

    def sections(self) -> dict[str, Mapping[str, object]]:
        """Return what is declared by name; words first, since they use what the other sections declare."""
        return {"blocks": self.blocks, "choices": self.choices, "let": self.let}

    def expressions(self) -> Iterator[tuple[Place, Expr]]:
        """Yield every expression that the table is given, with its place."""
        for section, table in (("choices", self.choices), ("let", self.let), ("defaults", self.defaults)):
            yield from (((section, name), value) for name, value in table.items())
        for index, row in enumerate(self.layers):
            yield from ((("layers", index, row.word, key), value) for key, value in row.args.items())
        for word, rows in self.blocks.items():
            for row in rows:
                yield from ((("blocks", word, row.word, key), value) for key, value in row.args.items())


def check_heading(table: Table) -> None:
    """Raise unless name, input, number of rows and declared names follow the language.

    Raises:
        SpaceError: With the place.
    """
    error = table.document.error
    if not isinstance(table.name, str) or not NAME.fullmatch(table.name):
        words: list[Place] = [("space",), ("network",)]
        place = next((place for place in words if place in table.document.values), ())
        law = "a name is letters, digits, '.', '_', '-', at most 64, and starts with a letter"
        raise error(place, f"{law}, but got '{table.name}'")
    extents = table.input
    if not 2 <= len(extents) <= 4 or not all(type(n) is int and 1 <= n <= MAX_EXTENT for n in extents):
        law = f"an input is channels and one to three extents, each from 1 to {MAX_EXTENT:,}, as in 3x224x224"
        raise error(("input",), f"{law}, but got {shape_text(extents)}")
    if not 1 <= len(table.layers) <= MAX_ROWS:
        raise error(("layers",), f"a table has 1 to {MAX_ROWS:,} rows, but got {len(table.layers):,}")
    taken: dict[str, str] = {}
    for section, declared in table.sections().items():
        for name in declared:
            _check_declared(table.document, section, name, taken)
    for place, value in table.expressions():
        if nesting(value) > MAX_NESTING:
            raise error(place, f"nested too deep; at most {MAX_NESTING} levels")


def names_of_rows(table: Table) -> list[str]:
    """Return the name of every row, given or made from its word.

    Raises:
        SpaceError: If a name cannot be one, or stands twice.
    """
    given: list[str | None] = []
    place: Place
    for index, row in enumerate(table.layers):
        name = row.args.get("name")
        if "name" in row.args and not isinstance(name, str):
            place = ("layers", index, row.word, "name")
            raise table.document.error(place, f"a name is a word, but got '{inline(name)}'")
        given.append(name if isinstance(name, str) else None)
    names = row_names([row.word for row in table.layers], given)
    taken: set[str] = set()
    for index, (name, row) in enumerate(zip(names, table.layers, strict=True)):
        place = ("layers", index, row.word, *(["name"] if "name" in row.args else []))
        if row.word in BLOCKS or row.word in table.blocks:
            check_row_name(table.document, name, place)
        if name in taken:
            raise table.document.error(place, f"two rows have the name '{name}'; name them apart")
        taken.add(name)
    return names


def check_row_name(document: Document, name: str, place: Place) -> None:
    """Raise, with the place, unless a row can have this name."""
    try:
        check_name(name)
    except SpaceError as error:
        raise document.error(place, str(error)) from None


def _check_declared(document: Document, section: str, name: str, taken: dict[str, str]) -> None:
    place = (section, name)
    if not name.isidentifier() or not name.isascii() or len(name) > MAX_NAME:
        law = f"a name is letters, digits and '_', at most {MAX_NAME}"
        raise document.error(place, f"{law}, but got '{name}'", at_key=True)
    if name in taken:
        raise document.error(place, f"'{name}' is declared in `{taken[name]}` already", at_key=True)
    if section == "blocks" and name in BLOCKS:
        raise document.error(place, f"'{name}' is a block already; choose another word", at_key=True)
    taken[name] = section
