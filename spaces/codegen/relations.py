"""Relations: expressions in the arguments of a class, and conditions on them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import add, mul, sub
from typing import NamedTuple, TypeAlias

from .literals import Literal, whole
from .trials import Trial

Numbers: TypeAlias = "Mapping[str, Literal]"

PAIRED: Mapping[str, Callable[[int, int], int]] = {
    "*": mul,
    "+": add,
    "-": sub,
    "//": lambda a, b: a // b if b else 0,
}
"""Expressions in two arguments."""
USUAL = ("inputs", "width", "stride")
"""Arguments on which conditions depend, also where they are the same in all members."""


class Relation(NamedTuple):
    """An expression in arguments of a class.

    Attributes:
        text: It, as a format of the arguments.
        reads: The arguments.
        value: What it gives.
    """

    text: str
    reads: tuple[str, ...]
    value: Callable[[Numbers], Literal]


def holds(relation: Relation, values: Iterable[tuple[Trial, Literal]]) -> bool:
    """Tell whether a relation gives the values of all trials, and each argument was tried."""
    tried = agrees(relation, values)
    return tried is not None and tried.issuperset(relation.reads)


def agrees(relation: Relation, values: Iterable[tuple[Trial, Literal]]) -> set[str] | None:
    """Return the numbers that were tried where a relation gives the values of all trials, else None."""
    tried: set[str] = set()
    for trial, value in values:
        try:
            expected = relation.value(trial.numbers)
        except LookupError:
            continue
        if value != expected:
            return None
        tried.update(trial.changed)
    return tried


def scaled(name: str, number: int, value: int) -> Iterator[Relation]:
    """Yield `4 * width` or `width // 4`."""
    if number and value and value % number == 0:
        factor = value // number
        yield Relation(f"{factor} * {{{name}}}", (name,), lambda n: factor * whole(n[name]))
    for divisor in dict.fromkeys((number // max(value, 1), 2)):
        if divisor > 1:
            yield _shared(name, divisor)


def _shared(name: str, divisor: int) -> Relation:
    """Return `width // 4`."""
    return Relation(f"{{{name}}} // {divisor}", (name,), lambda numbers: whole(numbers[name]) // divisor)


def pair(a: str, sign: str, b: str) -> Relation:
    """Return `a * b`, or with another sign."""
    return Relation(
        f"{{{a}}} {sign} {{{b}}}",
        (a, b),
        lambda numbers: PAIRED[sign](whole(numbers[a]), whole(numbers[b])),
    )


def moved(name: str, more: int) -> Relation:
    """Return `inputs + 32`."""
    text = f"{{{name}}} {'+' if more > 0 else '-'} {abs(more)}"
    return Relation(text, (name,), lambda numbers: whole(numbers[name]) + more)


def exceeds_one(name: str) -> Relation:
    """Return `expand > 1`."""
    return Relation(f"{{{name}}} > 1", (name,), lambda numbers: whole(numbers[name]) > 1)


def is_not(name: str, neutral: int) -> Relation:
    """Return `scale != 1` or `drop > 0`: the number changes something."""
    sign = "!=" if neutral else ">"
    return Relation(
        f"{{{name}}} {sign} {neutral}",
        (name,),
        lambda numbers: numbers[name] != neutral if neutral else _real(numbers[name]) > 0,
    )


def differs(name: str) -> Relation:
    """Return `expanded != inputs`."""
    return Relation(
        f"{{{name}}} != {{inputs}}", (name, "inputs"), lambda numbers: numbers[name] != numbers["inputs"]
    )


def keeps_shape(names: Collection[str]) -> Iterator[Relation]:
    """Yield whether a block keeps the channels of what it reads, or changes them; then of the extents too."""
    if not {"inputs", "width"} <= {*names}:
        return
    reads = ("inputs", "width")
    yield Relation("{inputs} != {width}", reads, lambda n: n["inputs"] != n["width"])
    yield Relation("{inputs} == {width}", reads, lambda n: n["inputs"] == n["width"])
    if "stride" in names:
        yield Relation(
            "{stride} > 1 or {inputs} != {width}",
            USUAL,
            lambda n: n["stride"] != 1 or n["inputs"] != n["width"],
        )
        yield Relation(
            "{stride} == 1 and {inputs} == {width}",
            USUAL,
            lambda n: n["stride"] == 1 and n["inputs"] == n["width"],
        )


def _real(value: object) -> float:
    assert isinstance(value, int | float)
    return value
