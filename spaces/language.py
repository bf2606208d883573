"""Reading tables: a document becomes a network or a space."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .document import Document, Place, Tree
from .errors import SpaceError
from .expressions import Choice, Expr, ExpressionError
from .graph import Shape
from .limits import Limit, read_limits
from .network import Network
from .parser import parse
from .rows import Row
from .space import Space

_NETWORK = ("network", "input", "defaults", "layers")
_SPACE = ("space", "input", "defaults", "choices", "let", "blocks", "layers", "within")


def read_network(document: Document) -> Network:
    """Return the network that a document declares.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    tree = _top(document, "network", _NETWORK, other="space")
    return Network(
        name=_scalar(document, tree, "network"),
        input=_shape(document, tree),
        layers=_layers(document, tree),
        defaults=_expressions(document, tree, "defaults"),
        origin=document,
    )


def read_space(document: Document) -> Space:
    """Return the space that a document declares.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    tree = _top(document, "space", _SPACE, other="network")
    return Space(
        name=_scalar(document, tree, "space"),
        input=_shape(document, tree),
        layers=_layers(document, tree),
        defaults=_expressions(document, tree, "defaults"),
        choices=_expressions(document, tree, "choices"),
        let=_expressions(document, tree, "let"),
        blocks=_blocks(document, tree),
        within=_within(document, tree),
        origin=document,
    )


def read_table(document: Document) -> Network | Space:
    """Return the network or the space that a document declares, by its first word."""
    tree = document.tree
    if isinstance(tree, dict) and "space" in tree:
        return read_space(document)
    return read_network(document)


def expression(document: Document, tree: Tree, place: Place) -> Expr:
    """Return the expression at a place: a scalar's text, a sequence, or a choice."""
    if tree is None:
        raise document.error(place, "a value is missing")
    if isinstance(tree, list):
        return tuple(expression(document, item, (*place, i)) for i, item in enumerate(tree))
    if isinstance(tree, dict):
        return _choice(document, tree, place)
    try:
        return parse(tree)
    except ExpressionError as error:
        raise document.error(place, str(error), offset=error.offset) from None


def _choice(document: Document, tree: Mapping[str, Tree], place: Place) -> Choice:
    options = []
    for key, value in tree.items():
        if value is not None:
            raise document.error(
                (*place, key),
                "a choice lists its options, as in {3, 5, 7}; a mapping has no place here",
                at_key=True,
            )
        try:
            options.append(parse(key))
        except ExpressionError as error:
            raise document.error((*place, key), str(error), at_key=True, offset=error.offset) from None
    return Choice(tuple(options))


def _top(document: Document, word: str, known: tuple[str, ...], *, other: str) -> Mapping[str, Tree]:
    tree = document.tree
    if not isinstance(tree, dict):
        raise document.error((), f"a {word} is a mapping: `{word}:`, `input:`, `layers:`")
    if other in tree and word not in tree:
        raise document.error((other,), f"this is a {other}; a {word} is needed here", at_key=True)
    for key in tree:
        if key not in known:
            raise document.unknown((key,), f"a {word}", known)
    for key in (word, "input", "layers"):
        if key not in tree:
            raise document.error((), f"a {word} needs `{key}:`")
    return tree


def _scalar(document: Document, tree: Mapping[str, Tree], key: str) -> str:
    value = tree[key]
    if not isinstance(value, str):
        raise document.error((key,), f"`{key}:` is one word")
    return value


def read_shape(text: str) -> Shape:
    """Return the shape that `3x224x224` means.

    Raises:
        SpaceError: If it is not channels and one to three extents.
    """
    if not re.fullmatch(r"[0-9]{1,9}(x[0-9]{1,9}){1,3}", text):
        raise SpaceError(f"an input is channels and one to three extents, as in 3x224x224, but got '{text}'")
    return tuple(map(int, text.split("x")))


def _shape(document: Document, tree: Mapping[str, Tree]) -> Shape:
    value = _scalar(document, tree, "input")
    try:
        return read_shape(value)
    except SpaceError as error:
        raise document.error(("input",), str(error)) from None


def _mapping(document: Document, tree: Mapping[str, Tree], key: str) -> Mapping[str, Tree]:
    value = tree.get(key)
    if key in tree and not isinstance(value, dict):
        raise document.error((key,), f"`{key}:` is a mapping of names to values")
    return value if isinstance(value, dict) else {}


def _expressions(document: Document, tree: Mapping[str, Tree], key: str) -> dict[str, Expr]:
    table = _mapping(document, tree, key)
    return {name: expression(document, value, (key, name)) for name, value in table.items()}


def _layers(document: Document, tree: Mapping[str, Tree]) -> tuple[Row, ...]:
    rows = tree["layers"]
    if not isinstance(rows, list):
        raise document.error(("layers",), "`layers:` is a list of rows, as in `- conv: {width: 64}`")
    return tuple(_row(document, row, ("layers", index)) for index, row in enumerate(rows))


def _row(document: Document, tree: Tree, place: Place) -> Row:
    if isinstance(tree, str):
        return Row(tree)
    if not isinstance(tree, dict) or len(tree) != 1:
        hint = "a row is one word with its parameters, as in `- conv: {width: 64}`"
        if isinstance(tree, dict) and len(tree) > 1:
            hint += f", but got {len(tree)} words: {', '.join(map(str, tree))}"
        raise document.error(place, hint)
    word, args = next(iter(tree.items()))
    return _arguments(document, word, args, (*place, word))


def _arguments(document: Document, word: str, tree: Tree, place: Place) -> Row:
    if tree is None:
        return Row(word)
    if not isinstance(tree, dict):
        given = f"'{tree}'" if isinstance(tree, str) else "a sequence"
        raise document.error(place, f"{word} takes a mapping, as in {{width: 64}}, but got {given}")
    return Row(word, **{key: expression(document, value, (*place, key)) for key, value in tree.items()})


def _blocks(document: Document, tree: Mapping[str, Tree]) -> dict[str, tuple[Row, ...]]:
    declared = {}
    for name, alternatives in _mapping(document, tree, "blocks").items():
        place: Place = ("blocks", name)
        if not isinstance(alternatives, dict) or not alternatives:
            raise document.error(
                place, f"'{name}' is a mapping of blocks to their parameters: one of them is drawn"
            )
        declared[name] = tuple(
            _arguments(document, word, args, (*place, word)) for word, args in alternatives.items()
        )
    return declared


def _within(document: Document, tree: Mapping[str, Tree]) -> dict[str, Limit]:
    return read_limits(document, _mapping(document, tree, "within"), ("within",))
