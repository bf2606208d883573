"""Checking the head of a table: its name, its input and the names it declares, before the rows are read."""

from __future__ import annotations

import keyword

from ..blocks import BLOCKS
from ..hashing import HASHES
from ..values import NAME, NAME_LENGTH, shape_text
from .document import Document, Place
from .expressions import ExpressionError, expression_text, is_open, nesting, scalars
from .parser import parse
from .resolve import MAX_NESTING
from .rows import MAX_NAME, MAX_ROWS
from .table import Table

MAX_EXTENT = 65_536


def check_head(table: Table) -> None:
    """Raise, with the place, unless name, input, number of rows and declared names follow the language."""
    error = table.document.error
    if not isinstance(table.name, str) or not NAME.fullmatch(table.name):
        place: Place = (table.word,) if (table.word,) in table.document.values else ()
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
