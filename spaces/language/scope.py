"""A scope: rows that can name each other. Branches, rows within rows, become lines of one list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple, cast

from ..blocks import BLOCKS, Block
from ..blocks.idle import idle_law
from ..blocks.kinds import SOURCE, SOURCES, Kind
from ..errors import suggest
from ..values import Value
from .calls import RowError
from .document import Document, Place
from .expression_parts import is_open
from .expressions import Expr
from .rows import BEFORE, BESIDE_LIKE, INPUT, LIKE, MAX_ROWS, STYLE, Row, check_name, is_numeral, row_names
from .writing import holds_rows, inline


class Line(NamedTuple):
    """One row of a scope.

    Attributes:
        name: Its name, given or made from its word.
        source: What it reads: the name of a line, or the expression of its `from`.
        ends: The last line of each of its branches; of an empty one, what the row reads.
        follows: Whether it reads the line above it.
    """

    row: Row
    place: Place
    name: str
    source: Expr
    ends: tuple[Expr, ...]
    follows: bool

    @property
    def joined(self) -> tuple[str, ...]:
        """The names that its branches end with, in `layers`, where these are not chosen."""
        return cast("tuple[str, ...]", self.ends)

    @property
    def inner(self) -> Place:
        """Where its parameters stand."""
        return (*self.place, self.row.word)


def lines(
    document: Document, rows: Sequence[Row], place: Place, inputs: Sequence[str] = (INPUT,)
) -> list[Line]:
    """Return the rows of a scope in the order in which they are computed, branches before what joins them.

    The first row reads the first of the inputs; no row has the name of one.

    Raises:
        SpaceError: If a name cannot be one, or stands twice, or there are too many; with the place.
    """
    unnamed: list[Line] = []
    first = inputs[0]
    _collect(document, rows, place, (first, first), repeat(""), unnamed)
    ordered: list[Line] = []
    _collect(document, rows, place, (first, first), iter(_names(document, unnamed, inputs)), ordered)
    return ordered


def _collect(
    document: Document,
    rows: Sequence[Row],
    place: Place,
    reads: tuple[Expr, str],
    names: Iterator[str],
    order: list[Line],
) -> str:
    """Append the lines of rows that stand one after the other; return the name of the last one.

    `reads` is what the first of them reads, and the first input of the scope.
    """
    (source, first), name = reads, ""
    for index, row in enumerate(rows):
        here = (*place, index)
        base = row.args.get("from", source)
        ends: list[Expr] = []
        for number, branch in enumerate(row.branches):
            inner = (*here, row.word, number)
            if not branch and holds_rows(row.word):
                raise document.error(inner, f"{row.word} has at least one row within")
            end = _collect(document, branch, inner, (base, first), names, order) if branch else base
            ends.append(end)
        above = order[-1].name if order else first
        name = source = next(names)
        order.append(Line(row, here, name, base, tuple(ends), not ends and base == above))
        if len(order) > MAX_ROWS:
            law = f"at most {MAX_ROWS:,} rows stand together, those of branches included"
            raise document.error(here, law)
    return name


def _names(document: Document, order: Sequence[Line], inputs: Sequence[str]) -> list[str]:
    """Return the name of every row, given or made from its word."""
    written: list[str | None] = []
    for line in order:
        name = line.row.args.get("name")
        if "name" in line.row.args and not isinstance(name, str):
            place = (*line.inner, "name")
            shown = document.written(place) or inline(name)
            number = f"; '{shown}' reads as a number" if is_numeral(shown) else ""
            raise document.error(place, f"a name is a word, but got '{shown}'{number}")
        written.append(name if isinstance(name, str) else None)
    names = row_names([line.row.word for line in order], written, inputs)
    taken: set[str] = set()
    for name, line in zip(names, order, strict=True):
        where = line.inner
        if "name" in line.row.args:
            where = (*where, "name")
            check_row_name(document, name, where)
        if name in inputs:
            raise document.error(where, f"'{name}' is an input; name the row apart")
        if name in taken:
            raise document.error(where, f"two rows have the name '{name}'; name them apart")
        taken.add(name)
    return names


def check_joined(line: Line, block: Block[Any], args: Collection[str]) -> None:
    """Raise unless a row gives its block the maps that it reads; `args` are all that the block is given."""
    missing = [key for key in block.maps[1:] if key not in args and key != BEFORE]
    others = line.row.args.get("with", ())
    joined = [line.source, *(others if isinstance(others, tuple) else (others,))]
    twice = next((name for name in joined if isinstance(name, str) and joined.count(name) > 1), "")
    law, place = "", line.inner
    if line.ends and not block.variadic and len(block.maps) != 1 + len(line.ends):
        law = f"{block.word} takes no branches, or not {len(line.ends)}"
    elif line.ends and "with" in args:
        law, place = f"{block.word} has branches already; take `with` out", (*place, "with")
    elif missing and not line.ends:
        law = f"{block.word} needs '{missing[0]}': {SOURCE.law}"
    elif block.variadic and not line.ends and "with" not in args:
        law = f"{block.word} joins several maps: name them, as in `with: conv1`, or list branches"
    elif twice:
        law, place = f"'{twice}' is joined already; take it out of `with`", (*place, "with")
    if law:
        raise RowError(law, place, at_key=place == line.inner)


def outputs_of(name: str, block: Block[Any] | None) -> set[str]:
    """Return the names of what a row gives; where its block is not known yet, `NAME.` stands for them."""
    if block is None:
        return {name, f"{name}."}
    return {name, *(f"{name}.{output}" for output in block.outputs)}


def is_known(name: str, known: Collection[str]) -> bool:
    """Tell whether the name of a map is among those that are known."""
    return name in known or ("." in name and f"{name.partition('.')[0]}." in known)


def unknown_output(name: str, known: Collection[str]) -> str:
    """Return what is wrong with a name such as `down1.skip`, if there is a row `down1`, or nothing."""
    row, dot, output = name.partition(".")
    if not dot or row not in known:
        return ""
    outputs = [other.partition(".")[2] for other in known if other.startswith(f"{row}.")]
    if not outputs:
        return f"'{row}' gives one map, and no '{output}'"
    return f"'{row}' has no output '{output}'; it has {', '.join(sorted(outputs))}"


def no_block(word: str, place: Place, rows: Collection[str], words: Collection[str]) -> str:
    """Return what is wrong with a word at a place that is none: the name of a row, or misspelt."""
    if word not in rows:
        return f"there is no block '{word}'{suggest(word, words)}"
    join = place[-4] if len(place) > 5 else ""
    if not isinstance(join, str) or join not in BLOCKS or not BLOCKS[join].variadic:
        return f"'{word}' is the name of a row, and no block; a row is read by name, as in `from: {word}`"
    return (
        f"'{word}' is the name of a row, and no block; it is joined by name, as in `{join}: {{with: {word}}}`"
    )


def check_clash(line: Line, block: Block[Any]) -> None:
    """Raise if a row gives its block two parameters of which one means nothing beside the other."""
    if clash := block.clash(line.row.args):
        key, law = clash
        raise RowError(law, (*line.inner, key), at_key=True)


def check_idle(line: Line, block: Block[Any]) -> None:
    """Raise if a row of a composed block gives its block a value that changes nothing beside the others."""
    written: dict[str, Value] = {k: v for k, v in line.row.args.items() if not is_open(v)}  # type: ignore[misc]
    args = {key: value for key, value in block.defaults if key not in line.row.args} | written
    style = {key: value for key, value in written.items() if key not in block.parameters}
    if law := idle_law(block, written, args, style):
        raise RowError(law[1], (*line.inner, law[0]), at_key=True)


def shares(row: Row, block: Block[Any]) -> bool:
    """Tell whether a row shares the weights of another."""
    return LIKE in row.args and LIKE not in block.maps and LIKE not in block.parameters


def check_like(line: Line, block: Block[Any] | None, above: Mapping[str, Line]) -> str:
    """Return the name of the row whose weights a row shares; `block` is what its word stands for, if one.

    Raises:
        RowError: If it names no row above it, one of another word or without weights of its own, or gives
            what is that row's to give.
    """
    named, place = line.row.args[LIKE], (*line.inner, LIKE)
    other = above.get(named) if isinstance(named, str) else None
    if other is None:
        near = suggest(named, above) if isinstance(named, str) else ""
        raise RowError(f"like is the name of a row above, but got '{inline(named)}'{near}", place)
    if other.row.word != line.row.word:
        law = f"'{other.name}' is a row of {other.row.word}; a row that shares its weights is one too"
        raise RowError(law, line.inner, at_key=True)
    if LIKE in other.row.args:
        law = f"'{other.name}' shares the weights of '{inline(other.row.args[LIKE])}'; name that row"
        raise RowError(law, place)
    if line.row.branches or other.row.branches:
        law = "the weights of branches are in their rows; share those of each"
        raise RowError(law, place)
    maps = block.maps[1:] if block else ()
    joins = () if block is None or block.variadic else ("with",)
    for key in line.row.args:
        if key not in {*BESIDE_LIKE, *maps}.difference(joins):
            law = f"a row takes all but its maps from the row whose weights it shares; take '{key}' out"
            raise RowError(law, (*line.inner, key), at_key=True)
    if "depth" in line.row.args and block and (maps or block.variadic):
        law = f"{block.word} reads several maps; it cannot be repeated"
        raise RowError(law, (*line.inner, "depth"), at_key=True)
    return other.name


def argument_kinds(block: Block[Any]) -> dict[str, Kind]:
    """Return the kinds of all that a row can give a block."""
    kinds = {key: kind for key, kind in STYLE.items() if block.styled and key not in block.lacks}
    kinds |= {name: SOURCE for name in block.maps[1:] if name != BEFORE}
    if block.variadic:
        kinds["with"] = SOURCES
    return kinds | {name: parameter.kind for name, parameter in block.parameters.items()}


def check_row_name(document: Document, name: str, place: Place) -> None:
    """Raise, with the place, unless a row can have this name."""
    with document.at(place):
        check_name(name)
