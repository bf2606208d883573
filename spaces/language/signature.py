"""Signatures: `fire(squeeze, expand = 64)`, the name and the arguments of a composed block."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection
from typing import TypeAlias

from ..brackets import split_arguments
from ..values import Value
from .arithmetic import ExpressionError
from .composed import CHANNELS, EXTENT
from .composed_row import OWN
from .document import Document, Place
from .expression_parts import is_open
from .parser import parse
from .rows import MAX_NAME, RESERVED, is_numeral

Law: TypeAlias = Callable[[str, Collection[str]], str]
_KNOWN = (CHANNELS, EXTENT, *OWN, "per", "branches", "rows")


def read_signature(
    document: Document, key: str, law_of: Law, section: str = "blocks"
) -> tuple[str, tuple[str, ...], dict[str, Value]]:
    """Return the name, the arguments without and those with a default that a key of a section says.

    `law_of` tells why an argument cannot have a name beside others.

    Raises:
        SpaceError: If it is none; with the place.
    """
    place: Place = (section, key)
    if key.count("(") != key.count(")"):
        law = "a bracket has no other; in {} YAML ends a name or a value at a comma, so quote it"
        raise document.error(place, f'{law}, as in "min($a, 2)"', at_key=True)
    signature = key.partition("->")[0].strip() if section == "blocks" else key
    match = re.fullmatch(r"([^()]*?)\s*\((.*)\)", signature)
    if not match:
        return signature, (), {}
    needs: list[str] = []
    defaults: dict[str, Value] = {}
    for part in filter(None, split_arguments(match[2])):
        argument, equals, default = (piece.strip() for piece in part.partition("="))
        law = law_of(argument, (*needs, *defaults))
        if not law and defaults and not equals:
            law = f"'{argument}' needs a default: it follows an argument that has one"
        if law:
            raise document.error(place, law, at_key=True)
        if equals:
            defaults[argument] = _default(document, place, argument, default)
        else:
            needs.append(argument)
    return match[1], tuple(needs), defaults


def read_outputs(document: Document, key: str) -> tuple[str, ...]:
    """Return the names of the maps that a block gives, where a key of `blocks` says several.

    Raises:
        SpaceError: If what follows `->` is no list of names; with the place.
    """
    _, arrow, listed = key.partition("->")
    if not arrow:
        return ()
    names = re.fullmatch(r"\s*\[(.*)\]\s*", listed)
    outputs = tuple([name.strip() for name in names[1].split(",")]) if names else ()
    if not all(name.isidentifier() for name in outputs) or not outputs:
        law = f"`->` is followed by the names of rows, as in -> [out, skip], but got '{listed.strip()}'"
        raise document.error(("blocks", key), law, at_key=True)
    return outputs


def argument_of_function_law(name: str, others: Collection[str]) -> str:
    """Return why an argument of a function cannot have a name, beside the others, or nothing."""
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) or len(name) > MAX_NAME:
        return f"an argument is letters, digits and '_', at most {MAX_NAME}, as in wide(c), but got '{name}'"
    if name in others:
        return f"the argument '{name}' has that name already; choose another"
    return ""


def argument_law(name: str, others: Collection[str]) -> str:
    """Return why an argument cannot have a name, beside the others of its block, or nothing."""
    if not re.fullmatch("[a-z0-9][A-Za-z0-9_]*", name) or len(name) > MAX_NAME or is_numeral(name):
        return f"an argument is a name in small letters, as in fire(squeeze, expand = 64), but got '{name}'"
    if name in RESERVED or keyword.iskeyword(name):
        return f"'{name}' is a word of PyTorch or Python, or of the language; choose another name"
    if name in others or name in _KNOWN:
        return f"the argument '{name}' has that name already; choose another"
    return ""


def _default(document: Document, place: Place, argument: str, written: str) -> Value:
    try:
        value = parse(written, document.functions)
    except ExpressionError as error:
        raise document.error(place, f"{argument}: {error}", at_key=True) from None
    if is_open(value):
        law = f"the default of '{argument}' is a value, but got '{written}'; compute in the rows that use it"
        raise document.error(place, law, at_key=True)
    return value  # type: ignore[return-value]
