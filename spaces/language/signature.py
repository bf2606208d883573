"""Signatures: `fire(squeeze, expand = 64)`, the name and the arguments of a composed block."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection

from ..brackets import split_arguments
from ..values import Value
from .composed import CHANNELS, EXTENT, OWN
from .document import Document, Place
from .expressions import ExpressionError, is_open
from .parser import parse
from .rows import MAX_NAME, RESERVED

_PYTHON = ("super", "range", "tuple", "int", "float")
"""What the constructors of the generated source call."""
_KNOWN = (CHANNELS, EXTENT, *OWN, "per", "branches", "rows", *_PYTHON)


def read_signature(document: Document, key: str) -> tuple[str, tuple[str, ...], dict[str, Value]]:
    """Return the name, the arguments without and those with a default that a key of `blocks` says.

    Raises:
        SpaceError: If it is none; with the place.
    """
    place: Place = ("blocks", key)
    match = re.fullmatch(r"([^()]*?)\s*\((.*)\)", key)
    if not match:
        return key, (), {}
    needs: list[str] = []
    defaults: dict[str, Value] = {}
    for part in filter(None, split_arguments(match[2])):
        argument, equals, default = (piece.strip() for piece in part.partition("="))
        law = argument_law(argument, (*needs, *defaults))
        if not law and defaults and not equals:
            law = f"'{argument}' needs a default: it follows an argument that has one"
        if law:
            raise document.error(place, law, at_key=True)
        if equals:
            defaults[argument] = _default(document, place, argument, default)
        else:
            needs.append(argument)
    return match[1], tuple(needs), defaults


def argument_law(name: str, others: Collection[str]) -> str:
    """Return why an argument cannot have a name, beside the others of its block, or nothing."""
    if not re.fullmatch("[a-z][A-Za-z0-9_]*", name) or len(name) > MAX_NAME:
        return f"an argument is a name in small letters, as in fire(squeeze, expand = 64), but got '{name}'"
    if name in RESERVED or keyword.iskeyword(name):
        return f"'{name}' is a word of PyTorch or Python, or of the language; choose another name"
    if name in others or name in _KNOWN:
        return f"the argument '{name}' has that name already; choose another"
    return ""


def _default(document: Document, place: Place, argument: str, written: str) -> Value:
    try:
        value = parse(written)
    except ExpressionError as error:
        raise document.error(place, f"{argument}: {error}", at_key=True) from None
    if is_open(value):
        law = f"the default of '{argument}' is a value, but got '{written}'"
        raise document.error(place, law, at_key=True)
    return value  # type: ignore[return-value]
