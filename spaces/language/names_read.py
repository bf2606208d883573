"""What rows read of their table by name: constants and variables of `let`, functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain

from .arithmetic import ExpressionError
from .expression_parts import words_in
from .expressions import Expr
from .functions import Formula, Formulas, called, names_read
from .parser import parse
from .rows import Composed, Row


def row_expressions(row: Row) -> Iterator[Expr]:
    """Yield every expression of a row: what it is given, its word where that is one, its branches' too."""
    yield from row.args.values()
    if row.word.startswith("$"):
        with suppress(ExpressionError):
            yield parse(row.word)
    for branch in row.branches:
        for inner in branch:
            yield from row_expressions(inner)


def words_of_row(row: Row) -> Iterator[str]:
    """Yield the words of a row and of its branches."""
    yield row.word
    for branch in row.branches:
        for inner in branch:
            yield from words_of_row(inner)


def values_in(rows: Iterable[Row], others: Iterable[Expr], composed: Mapping[str, Composed]) -> set[str]:
    """Return every word that is a value somewhere in a table: what an argument may name as a block."""
    every = [*rows, *chain.from_iterable(definition.rows for definition in composed.values())]
    expressions = chain.from_iterable(map(row_expressions, every))
    defaults = chain.from_iterable(definition.defaults.values() for definition in composed.values())
    return set(words_in([*expressions, *others, *defaults]))


def let_of_blocks(
    composed: Mapping[str, Composed],
    functions: Formulas,
    let: Collection[str],
    values: Collection[str],
) -> dict[str, tuple[str, ...]]:
    """Return the names of `let` that each composed block reads, in the blocks within it too.

    Args:
        composed: The composed blocks of a table.
        functions: Its functions.
        let: The names of its `let`.
        values: The words among the table's values; a row whose word is an argument may stand for any.
    """
    own: dict[str, set[str]] = {}
    within: dict[str, set[str]] = {}
    for word, definition in composed.items():
        expressions = list(chain.from_iterable(map(row_expressions, definition.rows)))
        outer = chain.from_iterable(functions[name].outer for name in called(expressions, functions))
        own[word] = {name for name in names_read(expressions, {}) if name not in definition.arguments}
        own[word] |= set(outer)
        words = set(chain.from_iterable(map(words_of_row, definition.rows)))
        named = set(values) if any(name.startswith("$") for name in words) else set[str]()
        within[word] = (words | named) & composed.keys()
    read = {word: _closure(word, own, within) for word in composed}
    return {word: tuple(name for name in let if name in read[word]) for word in composed}


def _closure(word: str, own: Mapping[str, set[str]], within: Mapping[str, set[str]]) -> set[str]:
    reached, todo = {word}, [word]
    while todo:
        inner = within[todo.pop()] - reached
        reached |= inner
        todo += inner
    return set[str]().union(*(own[name] for name in reached))


def kept(
    rows: Sequence[Row],
    defaults: Collection[Expr],
    composed: Mapping[str, Composed],
    let: Mapping[str, Expr],
    functions: Formulas,
) -> tuple[dict[str, Expr], dict[str, Formula]]:
    """Return the constants and the functions of a table that its rows use."""
    initial = [*chain.from_iterable(map(row_expressions, rows)), *defaults]
    values = values_in(rows, [*defaults, *let.values()], composed)
    todo = names_read(initial, functions)
    todo |= set(chain.from_iterable(let_of_blocks(composed, functions, let, values).values()))
    used: set[str] = set()
    while todo:
        name = todo.pop()
        if name in let and name not in used:
            used.add(name)
            todo |= names_read([let[name]], functions)
    constants = {name: value for name, value in let.items() if name in used}
    if len(constants) < len(let):  # a word among their values may go with them
        return kept(rows, defaults, composed, constants, functions)
    inner = [row for definition in composed.values() for row in definition.rows]
    expressions = [*initial, *chain.from_iterable(map(row_expressions, inner)), *constants.values()]
    calls = called(expressions, functions)
    return constants, {name: formula for name, formula in functions.items() if name in calls}
