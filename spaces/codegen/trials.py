"""Trials: a block of a network, traced with other numbers than those of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeAlias

from ..errors import SpaceError
from ..graph import Body
from ..naming import variable
from ..values import Term, Value
from .literals import Literal, is_number, literal, whole

Extract: TypeAlias = "Callable[[Body], Literal]"
"""Finds a value in a body; a LookupError where the body has none."""

CHANGES: tuple[Callable[[int], int], ...] = (
    lambda n: 3 * n,
    lambda n: n + 2,
    lambda n: 2 * n,
    lambda n: n + 1,
    lambda n: n - 1,
    lambda n: n // 2,
)
"""Other numbers to trace a block with, first those that stay odd; the first few that it takes."""
TRIED = 2
FURTHER: tuple[Callable[[int], int], ...] = (
    lambda n: n + 4,
    lambda n: n + 8,
    lambda n: n + 24,
    lambda n: 5 * n,
)
"""More numbers for what is computed, odd ones stay odd: `exp // 4` and exp / 4 rounded to 8 often agree."""
REMEMBERED = 2**12
"""Blocks whose changes are remembered, one argument each: networks of a space have many in common."""


class Trial(NamedTuple):
    """A block traced with other numbers.

    Attributes:
        changed: The numbers of the class that are not as in the network.
        numbers: All of these.
        member: What it was made from.
        body: What it came to.
        alike: Whether it has the steps of the member.
    """

    changed: set[str]
    numbers: dict[str, Literal]
    member: Body
    body: Body
    alike: bool


@dataclass(eq=False)
class Series:
    """Trials of one member.

    Attributes:
        member: What they are made from.
        changed: The arguments that are changed.
        further: Whether with the numbers of `FURTHER`.
        made: The trials, once they are made.
    """

    member: Body
    changed: tuple[str, ...]
    further: bool = False
    made: list[Trial] | None = None

    def trials(self, added: Sequence[tuple[str, Extract]]) -> list[Trial]:
        """Return the trials, with the numbers that were added to the class."""
        if self.made is None:
            self.made = [
                Trial({*self.changed}, {**numbers}, self.member, body, alike)
                for numbers, body, alike in _remembered(self.member, self.changed, self.further)
            ]
            for name, extract in added:
                add_number(name, extract, self.made)
        return self.made


def add_number(name: str, extract: Extract, trials: Iterable[Trial]) -> None:
    """Add a number of the class to the trials that have it."""
    for trial in trials:
        with suppress(LookupError):
            trial.numbers[name] = extract(trial.body)
            if trial.numbers[name] != extract(trial.member):
                trial.changed.add(name)


def values_in(trials: Iterable[Trial], extract: Extract, alike: bool) -> list[tuple[Trial, Literal]]:
    """Return the trials that have a value, with it; `alike` ones alone have the steps of their member."""
    values = []
    for trial in trials:
        if not alike or trial.alike:
            with suppress(LookupError):
                values.append((trial, extract(trial.body)))
    return values


@lru_cache(maxsize=REMEMBERED)
def _remembered(
    body: Body, names: tuple[str, ...], further: bool
) -> tuple[tuple[dict[str, Literal], Body, bool], ...]:
    return tuple(changed(body, names, FURTHER) if further else islice(changed(body, names, CHANGES), TRIED))


def changed(
    body: Body, names: tuple[str, ...], changes: Iterable[Callable[[int], int]]
) -> Iterator[tuple[dict[str, Literal], Body, bool]]:
    """Yield a body with some arguments changed alike: its numbers, what it comes to, if with equal steps."""
    assert body.definition
    args = {variable(name): value for name, value in body.args}
    channels = dict(zip(_inputs(body), [shape[0] for shape in body.inputs], strict=True))
    steps = [node.name for node in body.nodes]
    for change in changes:
        new: dict[str, Value] = {}
        for name in names:
            if (other := _other(channels.get(name, args.get(name)), change)) is not None:
                new[name] = other
        if len(new) < len(names) or not new:
            continue
        made = tuple((name, new.get(variable(name), value)) for name, value in body.args)
        shapes = tuple(
            (whole(new.get(name, shape[0])), *shape[1:])
            for name, shape in zip(channels, body.inputs, strict=True)
        )
        try:
            traced = body.definition.trace(shapes, made)
        except (SpaceError, ArithmeticError):
            continue
        others = {name: literal(value) for name, value in new.items() if is_number(value)}
        numbers = {**numbers_of(body), **others}
        alike = [node.name for node in traced.nodes] == steps
        yield numbers, traced, alike


def _other(value: Value, change: Callable[[int], int]) -> Value:
    """Return another value for an argument; None if there is none of its kind."""
    if isinstance(value, Term):
        changed = [change(number) for number in value.args if isinstance(number, int)]
        return Term(value.word, tuple(changed)) if changed and min(changed) > 0 else None
    if isinstance(value, Fraction):
        return (value or Fraction(1)) * Fraction(change(4), 16)
    number = literal(value) if is_number(value) else None
    return change(number) if isinstance(number, int) and change(number) > 0 else None


def numbers_of(body: Body) -> dict[str, Literal]:
    """Return the arguments of a body that are numbers, and the channels that it reads."""
    numbers: dict[str, Literal] = {
        variable(name): literal(value) for name, value in body.args if is_number(value)
    }
    return {**numbers, **{name: shape[0] for name, shape in zip(_inputs(body), body.inputs, strict=True)}}


def _inputs(body: Body) -> list[str]:
    return ["inputs", *(f"{name}_inputs" for name in body.names[1:])]
