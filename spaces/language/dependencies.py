"""Dependencies between rows: which row reads which, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..errors import suggest
from .document import Document, Place
from .possible_words import possible_words
from .program import Program
from .row_program import RowProgram
from .rows import INPUT
from .scope import outputs_of, unknown_output
from .slots import Fixed, Slot


def resolve_dependencies(document: Document, program: Program) -> Program:
    """Return a program whose rows know which of them are named by others.

    Raises:
        SpaceError: If a row names none above it, or nothing reads a row or an input; with the place.
    """
    named = {*program.outputs, *(name.partition(".")[0] for name in program.outputs)}
    inputs = program.inputs
    above = list(inputs)
    for row in program.rows:
        for name, place in _named(document, program, row):
            if name not in above:
                below = any(name.partition(".")[0] == other.line.name for other in program.rows)
                law = "stands below; a row reads rows above it" if below else "is no row"
                near = "" if below else _near(name, above, program, row)
                if name == INPUT:
                    near = f": the input is named, read {' or '.join(inputs)}"
                raise document.error(place, unknown_output(name, above) or f"'{name}' {law}{near}")
            named |= {name, name.partition(".")[0]}
        above += sorted(_given(program, row))
    for index, name in enumerate(program.outputs):
        if name in program.outputs[:index]:
            raise document.error(("outputs", index), f"'{name}' is an output already")
        if name not in above[len(inputs) :]:
            law = f"'{name}' is no row{suggest(name, above[len(inputs) :])}"
            raise document.error(("outputs", index), unknown_output(name, above) or law)
    _check_inputs_read(document, program, named, inputs)
    _check_read(document, program, named)
    chosen = any(not isinstance(slot, Fixed) for row in program.rows for slot, _ in _slots(row))
    several = any(block.outputs for row in program.rows for block in row.target.blocks())
    rows = tuple(replace(row, binds=row.line.name in named) for row in program.rows)
    return replace(program, rows=rows, prunes=chosen or several)


def _near(name: str, above: Sequence[str], program: Program, reader: RowProgram) -> str:
    """Return the hint for a name that is no row: those above that are like it, rows of branches left out."""
    scope = reader.line.place[:-1]
    within = [
        row.line.name for row in program.rows if row.line.place[:-1] != scope[: len(row.line.place) - 1]
    ]
    meant = [other for other in above if other.partition(".")[0] not in within]
    numbered = [other for other in meant if other.removeprefix(name).isdecimal()]
    if len(numbered) > 1:
        return f"; did you mean {' or '.join(map(repr, numbered[-2:]))}?"
    return suggest(name, meant)


def _given(program: Program, row: RowProgram) -> set[str]:
    """Return the names of what a row gives, whatever its word comes down to."""
    source = row if row.like is None else program.rows[row.like]
    return set.intersection(*(outputs_of(row.line.name, block) for block in source.target.blocks()))


def _named(document: Document, program: Program, row: RowProgram) -> Iterator[tuple[str, Place]]:
    """Yield every name that a row may read by name, with the place."""
    if not row.line.follows:
        yield from ((name, row.line.place) for name in row.line.joined)
    for slot, place in _slots(row):
        if slot is row.source and row.line.follows and isinstance(slot, Fixed) and not row.joins:
            continue
        with document.at(place):
            names = possible_words(slot, program.lets)
        yield from ((name, place) for name in names)


def _slots(row: RowProgram) -> Iterator[tuple[Slot, Place]]:
    """Yield the slots that hold names of rows."""
    if not row.line.ends or any(not block.variadic for block in row.target.blocks()):
        yield row.source, (*row.line.inner, "from")
    for _, alternative in row.target.leaves():
        yield from ((slot, (*row.line.inner, key)) for key, slot in alternative.maps.items())


def _check_inputs_read(document: Document, program: Program, named: set[str], inputs: Sequence[str]) -> None:
    read = {*named, inputs[0]} if program.rows[0].line.follows else named
    for name in inputs:
        if name not in read and len(inputs) > 1:
            law = f"nothing reads the input '{name}'; read it with `from` or `with`, or take it out"
            raise document.error(("input", name), law, at_key=True)


def _check_read(document: Document, program: Program, named: set[str]) -> None:
    rows = program.rows
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        last = following is None and not program.outputs
        if not (last or row.line.name in named or (following is not None and following.line.follows)):
            law = f"nothing reads '{row.line.name}'; name it under `outputs`, or take it out"
            raise document.error(row.line.place, law)
