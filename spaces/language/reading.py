"""Reading tables: a document becomes a network or a space, section by section."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ..blocks import BLOCKS
from ..errors import SpaceError
from ..graph import Shape
from .document import Document, Place, Tree
from .expressions import Choice, Expr, ExpressionError
from .limits import Limit, read_limits
from .parser import parse
from .rows import Composed, Row
from .signature import read_signature
from .table import Declared, Table
from .uses import used_files
from .writing import holds_rows

T = TypeVar("T", bound=Table)
_WITHIN = ("branches", "rows")
"""Where the branches of a row stand beside its parameters."""


def read(document: Document, into: type[T]) -> T:
    """Return the network or the space that a document declares.

    Raises:
        SpaceError: At the first part that does not follow the language.
    """
    word = into.word
    readers = {name: read for name, read in READERS.items() if name in into.settable()}
    tree = _top(document, word, (word, *readers), other="space" if word == "network" else "network")
    sections: dict[str, Any] = {"name": _scalar(document, tree[word], (word,))}
    sections |= {name: read(document, tree[name], (name,)) for name, read in readers.items() if name in tree}
    return into(**sections, origin=document)


def is_network(document: Document) -> bool:
    """Return whether a document is to be read as a network: it does not say that it is a space."""
    return not (isinstance(document.tree, dict) and "space" in document.tree)


def expression(document: Document, tree: Tree, place: Place) -> Expr:
    """Return the expression at a place: a scalar's text, a sequence, or a choice."""
    if tree is None:
        key = str(place[-1])
        hint = f"; a space follows the colon, as in `{key.replace(':', ': ')}`" if ":" in key else ""
        raise document.error(place, f"a value is missing{hint or '; nothing is written `none`'}")
    if isinstance(tree, list):
        return tuple(expression(document, item, (*place, i)) for i, item in enumerate(tree))
    if isinstance(tree, dict):
        return _choice(document, tree, place)
    try:
        return parse(tree)
    except ExpressionError as error:
        raise document.error(place, f"{error}{_hint(tree)}", offset=error.offset) from None


def _hint(text: str) -> str:
    """Return the remedy for what YAML or the eye reads otherwise than the language."""
    if re.fullmatch(r"\d+(x\d+)+", text):
        return f"; a size is one number, or a sequence as in [{text.replace('x', ', ')}]"
    if text.count("(") > text.count(")"):
        return '; in {} YAML ends a value at a comma, so quote it, as in "min($a, 2)"'
    return ""


def _choice(document: Document, tree: Mapping[str, Tree], place: Place) -> Choice:
    options = []
    for key, value in tree.items():
        if value is not None:
            law = "a choice lists its options, as in {3, 5, 7}; a mapping has no place here"
            raise document.error((*place, key), law, at_key=True)
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


def _scalar(document: Document, tree: Tree, place: Place) -> str:
    if not isinstance(tree, str):
        raise document.error(place, f"`{place[0]}:` is one word")
    return tree


def read_shape(text: str) -> Shape:
    """Return the shape that `3x224x224` means.

    Raises:
        SpaceError: If it is not channels and one to three extents.
    """
    if not re.fullmatch(r"[0-9]{1,9}(x[0-9]{1,9}){1,3}", text):
        raise SpaceError(f"an input is channels and one to three extents, as in 3x224x224, but got '{text}'")
    return tuple(map(int, text.split("x")))


def _shape(document: Document, tree: Tree, place: Place) -> Shape:
    value = _scalar(document, tree, place)
    with document.at(place):
        return read_shape(value)


def _mapping(document: Document, tree: Tree, place: Place) -> Mapping[str, Tree]:
    if not isinstance(tree, dict):
        raise document.error(place, f"`{place[0]}:` is a mapping of names to values")
    return tree


def _expressions(document: Document, tree: Tree, place: Place) -> dict[str, Expr]:
    table = _mapping(document, tree, place)
    return {name: expression(document, value, (*place, name)) for name, value in table.items()}


def _outputs(document: Document, tree: Tree, place: Place) -> tuple[str, ...]:
    if not isinstance(tree, list) or not tree or not all(isinstance(name, str) for name in tree):
        raise document.error(place, "`outputs:` is a list of row names, as in [classifier, aux]")
    return tuple(map(str, tree))


def _uses(document: Document, tree: Tree, place: Place) -> tuple[str, ...]:
    names = tree if isinstance(tree, list) else [tree]
    if not all(isinstance(name, str) for name in names):
        raise document.error(place, "`uses:` is a Python file or a module, or a list of these")
    return used_files(document, tuple(map(str, names)))


def _layers(document: Document, tree: Tree, place: Place) -> tuple[Row, ...]:
    if not isinstance(tree, list):
        raise document.error(place, "`layers:` is a list of rows, as in `- conv: {width: 64}`")
    return _rows(document, tree, place)


def _rows(document: Document, rows: Sequence[Tree], place: Place) -> tuple[Row, ...]:
    return tuple(_row(document, row, (*place, index)) for index, row in enumerate(rows))


def _row(document: Document, tree: Tree, place: Place) -> Row:
    if isinstance(tree, str):
        return Row(tree)
    if not isinstance(tree, dict) or len(tree) != 1:
        hint = "a row is one word with its parameters, as in `- conv: {width: 64}`"
        if isinstance(tree, dict) and len(tree) > 1:
            hint += f", but got {len(tree)} words: {', '.join(map(str, tree))}"
        raise document.error(place, hint)
    word, args = next(iter(tree.items()))
    if ":" in word:
        raise document.error(
            (*place, word), "a space follows the colon, as in `conv: {width: 64}`", at_key=True
        )
    return _arguments(document, word, args, (*place, word))


def _arguments(document: Document, word: str, tree: Tree, place: Place) -> Row:
    """Return a row: a word with a mapping of parameters, with a list of branches, or with both."""
    if tree is None and ":" in word:
        raise document.error(place, "a space follows the colon, as in `conv: {width: 64}`", at_key=True)
    if tree is None:
        return Row(word)
    joins = word not in BLOCKS or BLOCKS[word].variadic or holds_rows(word)
    if isinstance(tree, list) and joins:
        return Row(word, *_branches(document, word, tree, place, place))
    if not isinstance(tree, dict):
        written = f"'{tree}'" if isinstance(tree, str) else "a sequence"
        raise document.error(place, f"{word} takes a mapping, as in {{width: 64}}, but got {written}")
    branches: list[tuple[Row, ...]] = []
    args = {}
    for key, value in tree.items():
        if key in _WITHIN:
            if not isinstance(value, list):
                raise document.error((*place, key), f"`{key}:` is a list of rows")
            branches = _branches(document, word, value, place, (*place, key))
        else:
            args[key] = expression(document, value, (*place, key))
    return Row(word, *branches, **args)


def _branches(
    document: Document, word: str, tree: list[Tree], place: Place, at: Place
) -> list[tuple[Row, ...]]:
    """Return the branches of a row: each a row or a list of rows; of a row of one branch, its rows.

    They are found under the place of the row; `at` is where their list stands.
    """
    if holds_rows(word):
        document.stands_as(at, (*place, 0))
        return [_rows(document, tree, (*place, 0))]
    branches = []
    for number, branch in enumerate(tree):
        here = (*place, number)
        document.stands_as((*at, number), here)
        if isinstance(branch, list):
            branches.append(_rows(document, branch, here))
        else:
            document.stands_as(here, (*here, 0))
            branches.append((_row(document, branch, (*here, 0)),))
    return branches


def _blocks(document: Document, tree: Tree, section: Place) -> dict[str, Declared]:
    declared: dict[str, Declared] = {}
    for key, value in _mapping(document, tree, section).items():
        place = (*section, key)
        name, needs, defaults = read_signature(document, key)
        if name in declared:
            raise document.error(place, f"'{name}' stands twice in `blocks`", at_key=True)
        if isinstance(value, list):
            document.stands_as(place, ("blocks", name))
            rows = _rows(document, value, ("blocks", name))
            declared[name] = Composed(rows, needs=needs, defaults=defaults)
        elif isinstance(value, dict) and value and name == key:
            declared[name] = tuple(
                _arguments(document, word, args, (*place, word)) for word, args in value.items()
            )
        else:
            law = f"'{name}' is a mapping of blocks, one of which is drawn, or a list of rows"
            raise document.error(place, law)
    return declared


def _within(document: Document, tree: Tree, place: Place) -> dict[str, Limit]:
    return read_limits(document, _mapping(document, tree, place), place)


READERS: dict[str, Callable[[Document, Tree, Place], Any]] = {
    "input": _shape,
    "layers": _layers,
    "defaults": _expressions,
    "choices": _expressions,
    "let": _expressions,
    "blocks": _blocks,
    "outputs": _outputs,
    "uses": _uses,
    "alike": _scalar,
    "within": _within,
}
"""What reads each section of a table, in the order in which they are read."""
