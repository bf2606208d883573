"""Dependencies between rows: which row reads which, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..errors import suggest
from .document import Document, Place
from .program import Program, RowProgram
from .rows import INPUT
from .slots import Fixed, Slot, possible_values

MAX_NAMES = 10_000


def resolve_dependencies(document: Document, program: Program) -> Program:
    """Return a program whose rows know which of them are named by others.

    Raises:
        SpaceError: If a row names none above it, or nothing reads a row; with the place.
    """
    named = set(program.outputs)
    above: list[str] = [INPUT]
    for row in program.rows:
        for name, place in _named(program, row):
            if name not in above:
                below = any(name == other.line.name for other in program.rows)
                law = "stands below; a row reads rows above it" if below else "is no row"
                near = "" if below else suggest(name, above)
                raise document.error(place, f"'{name}' {law}{near}")
            named.add(name)
        above.append(row.line.name)
    for index, name in enumerate(program.outputs):
        if name in program.outputs[:index]:
            raise document.error(("outputs", index), f"'{name}' is an output already")
        if name not in above[1:]:
            raise document.error(("outputs", index), f"'{name}' is no row{suggest(name, above[1:])}")
    _check_read(document, program, named)
    chosen = any(not isinstance(slot, Fixed) for row in program.rows for slot, _ in _slots(row))
    rows = tuple(replace(row, binds=row.line.name in named) for row in program.rows)
    return replace(program, rows=rows, prunes=chosen)


def _named(program: Program, row: RowProgram) -> Iterator[tuple[str, Place]]:
    """Yield every name that a row may read by name, with the place."""
    if not row.line.follows:
        yield from ((name, row.line.place) for name in row.line.ends)
    for slot, place in _slots(row):
        if slot is row.source and row.line.follows and isinstance(slot, Fixed) and not row.joins:
            continue
        for value in possible_values(slot, program.lets, MAX_NAMES):
            for name in value if isinstance(value, tuple) else (value,):
                assert isinstance(name, str)
                yield name, place


def _slots(row: RowProgram) -> Iterator[tuple[Slot, Place]]:
    """Yield the slots that hold names of rows."""
    if not row.line.ends or any(not block.variadic for block in row.target.blocks()):
        yield row.source, (*row.line.inner, "from")
    for _, alternative in row.target.leaves():
        yield from ((slot, (*row.line.inner, key)) for key, slot in alternative.maps.items())


def _check_read(document: Document, program: Program, named: set[str]) -> None:
    rows = program.rows
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        last = following is None and not program.outputs
        if not (last or row.line.name in named or (following is not None and following.line.follows)):
            law = f"nothing reads '{row.line.name}'; name it under `outputs`, or take it out"
            raise document.error(row.line.place, law)
