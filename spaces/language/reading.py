"""Reading tables: a document becomes a network or a space, section by section."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..blocks import BLOCKS
from ..vocabulary import nearest
from .arithmetic import ExpressionError
from .document import Document, Place, Tree
from .expressions import Choice, Expr
from .functions import Formula, name_law
from .limits import Limit, read_limits
from .parser import parse
from .rows import INPUT, Composed, Row
from .shapes import read_input
from .signature import argument_law, argument_of_function_law, read_outputs, read_signature
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
    tree = _top(document, word, (word, *readers))
    if "functions" in tree:
        document = _declare_functions(document, tree["functions"])
    sections: dict[str, Any] = {"name": _scalar(document, tree[word], (word,))}
    sections |= {name: read(document, tree[name], (name,)) for name, read in readers.items() if name in tree}
    return into(**sections, origin=document)


def is_network(document: Document) -> bool:
    """Return whether a document is to be read as a network: it does not say that it is a space."""
    return not (isinstance(document.tree, dict) and "space" in document.tree)


def is_family(document: Document) -> bool:
    """Return whether a document declares a family of networks."""
    return isinstance(document.tree, dict) and "family" in document.tree


def name_a_member(family: str, members: Iterable[str]) -> str:
    """Return what is wrong where a family stands for a network."""
    return f"{family} is a family; name one of its members: {', '.join(members)}"


def member_names(document: Document) -> tuple[str, ...]:
    """Return the names of the members of a family, as they are written."""
    members = document.tree.get("members") if isinstance(document.tree, dict) else None
    return tuple(members) if isinstance(members, dict) else ()


_MEANT = (
    (r"\^", "a power is written 2 ** 4"),
    (r"\w\([^()]*\w *=[^=]", "numbers are given in order, without names, as in batch(0.001)"),
    (r"&&|\|\|", "conditions are joined by `and` and `or`"),
)
"""What is written otherwise in other languages."""


def expression(document: Document, tree: Tree, place: Place) -> Expr:
    """Return the expression at a place: a scalar's text, a sequence, or a choice."""
    if tree is None:
        raise document.error(place, f"a value is missing{_missing(document, place)}")
    if isinstance(tree, list):
        return tuple(expression(document, item, (*place, i)) for i, item in enumerate(tree))
    if isinstance(tree, dict):
        return _choice(document, tree, place)
    try:
        return parse(tree, document.functions)
    except ExpressionError as error:
        raise document.error(place, f"{error}{_hint(tree)}", offset=error.offset) from None


def _missing(document: Document, place: Place) -> str:
    """Return the remedy for a value that is missing: what was meant by the key alone."""
    key = str(place[-1])
    if ":" in key:
        return f"; a space follows the colon, as in `{key.replace(':', ': ')}`"
    if key[:1].isdigit():
        law = "; parameters have names, as in {width: 16}" if place[0] in ("layers", "blocks") else ""
        return f"{law}; a choice is written {{3, 5}}, with its braces"
    return "; nothing is written `none`"


def _hint(text: str) -> str:
    """Return the remedy for what YAML or the eye reads otherwise than the language."""
    if re.fullmatch(r"\(\s*\d+(\s*,\s*\d+)*\s*,?\s*\)?", text):
        return "; a number for each axis is a sequence, as in [3, 3]"
    if near := next((near for sign, near in _MEANT if re.search(sign, text)), ""):
        return f"; {near}"
    if text.count("(") > text.count(")"):
        flow = '; in {} YAML ends a value at a comma, so quote it, as in "min($a, 2)"'
        return "; a bracket is left open" if "," in text else flow
    return ""


def _choice(document: Document, tree: Mapping[str, Tree], place: Place) -> Choice:
    options = []
    for key, value in tree.items():
        if value is not None:
            law = "a choice lists its options, as in {3, 5, 7}; a mapping has no place here"
            raise document.error((*place, key), law, at_key=True)
        try:
            options.append(parse(key, document.functions))
        except ExpressionError as error:
            raise document.error((*place, key), str(error), at_key=True, offset=error.offset) from None
    return Choice(tuple(options))


def _top(document: Document, word: str, known: tuple[str, ...]) -> Mapping[str, Tree]:
    tree = document.tree
    if not isinstance(tree, dict):
        raise document.error((), f"a {word} is a mapping: `{word}:`, `input:`, `layers:`")
    for other in ("network", "space", "family"):
        if other in tree and word not in tree:
            raise document.error((other,), f"this is a {other}; a {word} is needed here", at_key=True)
    if "search" in tree:
        law = "this is a job, for `archscape search`; a network or a space is needed here"
        raise document.error(("search",), law, at_key=True)
    for key in tree:
        if key not in known:
            raise document.unknown((key,), f"a {word}", known)
    for key in (word, "members" if word == "family" else "input", "layers"):
        if key not in tree:
            raise document.error((), f"a {word} needs `{key}:`")
    return tree


def _scalar(document: Document, tree: Tree, place: Place) -> str:
    if not isinstance(tree, str):
        raise document.error(place, f"`{place[0]}:` is one word")
    return tree


def _mapping(document: Document, tree: Tree, place: Place) -> Mapping[str, Tree]:
    if not isinstance(tree, dict):
        raise document.error(place, f"`{place[0]}:` is a mapping of names to values")
    return tree


def _expressions(document: Document, tree: Tree, place: Place) -> dict[str, Expr]:
    table = _mapping(document, tree, place)
    return {name: expression(document, value, (*place, name)) for name, value in table.items()}


def _declare_functions(document: Document, tree: Tree) -> Document:
    """Return a document whose expressions may call the functions that it declares."""
    arities: dict[str, tuple[int, int]] = {}
    for key in _mapping(document, tree, ("functions",)):
        name, needs, defaults = read_signature(document, key, argument_of_function_law, "functions")
        law = name_law(name, (*needs, *defaults))
        if law or name in arities:
            raise document.error(
                ("functions", key), law or f"'{name}' stands twice in `functions`", at_key=True
            )
        document.stands_as(("functions", key), ("functions", name))
        arities[name] = len(needs), len(needs) + len(defaults)
    return replace(document, functions=arities)


def _functions(document: Document, tree: Tree, place: Place) -> dict[str, Formula]:
    functions = {}
    for key, value in _mapping(document, tree, place).items():
        name, needs, defaults = read_signature(document, key, argument_of_function_law, "functions")
        inner = expression(document, value, (*place, key))
        functions[name] = Formula(inner, needs=needs, defaults=defaults)
    return functions


def _members(document: Document, tree: Tree, place: Place) -> dict[str, dict[str, Any]]:
    members: dict[str, dict[str, Any]] = {}
    for name, given in _mapping(document, tree, place).items():
        if not isinstance(given, dict):
            law = f"a member is a mapping, as in `{name}: {{input: 3x240x240, w: 1.1}}`"
            raise document.error((*place, name), law)
        members[name] = {
            key: (read_input if key == INPUT else expression)(document, value, (*place, name, key))
            for key, value in given.items()
        }
    return members


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
            kind = next((tree[key] for key in ("type", "op", "layer", "class_name") if key in tree), None)
            hint += f"; did you mean `- {kind}: {{...}}`?" if isinstance(kind, str) else ""
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
    if word not in BLOCKS and word.partition(" ")[0] in BLOCKS and "{" in word:
        law = f"a colon follows the word, as in `{word.partition(' ')[0]}: {{width: 64}}`"
        raise document.error(place, law, at_key=True)
    if isinstance(tree, list) and joins:
        return Row(word, *_branches(document, word, tree, place, place))
    if not isinstance(tree, dict):
        written = f"'{tree}'" if isinstance(tree, str) else "a sequence"
        law = f"{word} takes a mapping, as in {_example(word, tree)}, but got {written}"
        if tree == "global" and word in BLOCKS and "kernel" in BLOCKS[word].parameters:
            whole = word if BLOCKS[word].parameters["kernel"].default is None else f"{word}: {{kernel: none}}"
            law = f"pooling of the whole map is written `{whole}`, but got {written}"
        near = nearest(word, BLOCKS) if word not in BLOCKS else ""
        raise document.error(place, law + (f"; did you mean {near}?" if near else ""))
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


def _example(word: str, tree: Tree) -> str:
    """Return a mapping for a row that was given a value alone: the value of its first parameter."""
    if word in BLOCKS and BLOCKS[word].variadic:
        return f"{{with: {tree}}}" if isinstance(tree, str) else "{with: [a, b]}"
    parameters = BLOCKS[word].parameters if word in BLOCKS else {}
    names = sorted(parameters, key=lambda name: not parameters[name].required)
    if not names:
        return "{width: 64}"
    return f"{{{names[0]}: {tree}}}" if isinstance(tree, str) else f"{{{names[0]}: ...}}"


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
        name, needs, defaults = read_signature(document, key, argument_law)
        if name in declared:
            raise document.error(place, f"'{name}' stands twice in `blocks`", at_key=True)
        if isinstance(value, list):
            document.stands_as(place, ("blocks", name))
            rows = _rows(document, value, ("blocks", name))
            declared[name] = Composed(
                rows, needs=needs, defaults=defaults, outputs=read_outputs(document, key)
            )
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
    "input": read_input,
    "members": _members,
    "layers": _layers,
    "defaults": _expressions,
    "choices": _expressions,
    "let": _expressions,
    "functions": _functions,
    "blocks": _blocks,
    "outputs": _outputs,
    "uses": _uses,
    "alike": _scalar,
    "within": _within,
}
"""What reads each section of a table, in the order in which they are read."""
