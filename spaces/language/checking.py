"""Checking the head of a table: its name, its input and the names it declares, before the rows are read."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from ..blocks import BLOCKS
from ..blocks.kinds import MAX_SIZE
from ..errors import SpaceError
from ..hashing import HASHES
from ..values import NAME, NAME_LENGTH, shape_text
from .arithmetic import ExpressionError
from .document import Document, Place
from .expression_parts import is_open, nesting, scalars
from .expressions import expression_text
from .functions import function_law, name_law
from .parser import parse
from .resolve import MAX_NESTING
from .rows import INPUT, MAX_NAME, MAX_ROWS, check_name, is_numeral
from .shapes import FIELDS
from .signature import argument_of_function_law
from .table import Table

MAX_EXTENT = 2**31
"""The largest extent of an input; maps within a network may be larger."""
MAX_INPUTS = 100


def check_head(table: Table) -> None:
    """Raise, with the place, unless name, input, number of rows and declared names follow the language."""
    error = table.document.error
    arities = {name: formula.arity for name, formula in table.functions.items()}
    if not isinstance(table.name, str) or not NAME.fullmatch(table.name):
        place: Place = (table.word,) if table.document.line((table.word,)) else ()
        law = f"a name is letters, digits, '.', '_', '-', at most {NAME_LENGTH}"
        raise error(place, f"{law}, and starts with a letter or a digit, but got '{table.name}'")
    check_inputs(table)
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
    check_functions(table)
    for place, value in table.expressions():
        if nesting(value) > MAX_NESTING:
            raise error(place, f"nested too deep; at most {MAX_NESTING} levels")
        for part in filter(is_open, scalars(value)):
            # What Python says must be sayable in text, and what text says, in the form that is written back.
            try:
                parse(expression_text(part), arities)
            except ExpressionError as law:
                raise error(place, str(law)) from None


def check_inputs(table: Table) -> None:
    """Raise, with the place, unless inputs are maps, or vectors with names, and the names can be theirs."""
    several = isinstance(table.input, Mapping)
    if not table.inputs:
        raise table.document.error(("input",), "a table has at least one input, as in 3x224x224")
    if len(table.inputs) > MAX_INPUTS:
        law = f"a table has at most {MAX_INPUTS} inputs, but got {len(table.inputs)}"
        raise table.document.error(("input",), law)
    for at, (name, extents) in enumerate(table.inputs.items()):
        place: Place = ("input", name) if several else ("input",)
        if several and (at or name != INPUT):
            check_input_name(table.document, name, place)
        fits = all(type(n) is int and 1 <= n <= MAX_EXTENT for n in extents)
        if not (1 if several else 2) <= len(extents) <= 4 or not fits:
            law = f"an input is channels and one to three extents, each from 1 to {MAX_EXTENT:,}"
            raise table.document.error(place, f"{law}, as in 3x224x224, but got {shape_text(extents)}")
        if len(extents) > 1 and extents[0] > MAX_SIZE:
            law = f"an input has at most {MAX_SIZE:,} channels, but got {shape_text(extents)}"
            raise table.document.error(place, law)


def check_input_name(document: Document, name: str, place: Place) -> None:
    """Raise, with the place, unless an input can have this name: that of an argument of `forward`."""
    law = ""
    if name in FIELDS:
        law = f"'{name}' is a part of one input, as in {{channels: 3, size: 224x224}}; choose another name"
    if str(name)[:1].isdigit():
        law = (
            f"a name is letters, digits and '_', and that of an input starts with a letter, but got '{name}'"
        )
    try:
        check_name(str(name))
    except SpaceError as error:
        law = law or str(error)
    if law:
        raise document.error(place, law, at_key=True)


def check_functions(table: Table) -> None:
    """Raise, with the place, unless the functions that a table declares follow the language."""
    error = table.document.error
    for name, formula in table.functions.items():
        place = ("functions", name)
        if law := name_law(name, formula.arguments):
            raise error(place, law, at_key=True)
        for at, argument in enumerate(formula.arguments):
            if law := argument_of_function_law(argument, formula.arguments[:at]):
                raise error(place, law, at_key=True)
        if law := function_law(name, table.functions, table.let, table.choices):
            raise error(place, law)


def _check_declared(document: Document, section: str, name: str, taken: dict[str, str]) -> None:
    place = (section, name)
    if not re.fullmatch("[A-Za-z0-9_]+", name) or len(name) > MAX_NAME or is_numeral(name):
        law = f"a name is letters, digits and '_', at most {MAX_NAME}"
        number = ", and no number" if is_numeral(name) else ""
        raise document.error(place, f"{law}{number}, but got '{name}'", at_key=True)
    if name in ("none", "true", "false") or keyword.iskeyword(name):
        raise document.error(
            place, f"'{name}' is a word of the language or of Python; choose another", at_key=True
        )
    if name in taken:
        raise document.error(place, f"'{name}' is declared in `{taken[name]}` already", at_key=True)
    if section == "blocks" and name in BLOCKS:
        raise document.error(place, f"'{name}' is a block already; choose another word", at_key=True)
    taken[name] = section
