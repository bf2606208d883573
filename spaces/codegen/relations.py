"""Relations: how a number of a class follows from its arguments, by the definition of the block itself.

Numbers of a few uses fit many expressions by chance: `width // 4` and `width - 192`. So the block is traced
with other numbers than those of the network, and only what holds there too is a relation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import chain, islice, permutations
from operator import add, itemgetter, mul, sub
from typing import NamedTuple, TypeAlias

from ..errors import SpaceError
from ..graph import Body
from ..naming import variable
from ..values import Term, Value
from .literals import Literal, is_number, literal

Numbers: TypeAlias = "Mapping[str, Literal]"
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
class _Series:
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


class Arguments:
    """The numbers that the members of a class are made from.

    Attributes:
        columns: For each argument of the block, and the channels of each input, its value in every member.
        varied: Those that are not the same in all.
    """

    def __init__(self, members: Sequence[Body], kinds: Sequence[object]) -> None:
        """Take the members, and which of these differ in their steps."""
        self.members, self.kinds = members, kinds
        self.added: list[tuple[str, Extract]] = []
        self.made: dict[bool, list[Trial]] = {}
        tables = [numbers_of(body) for body in members]
        common = [name for name in tables[0] if all(name in table for table in tables)]
        self.columns = {name: [table[name] for table in tables] for name in common}
        self.varied = [name for name, column in self.columns.items() if len(set(column)) > 1]
        self.given = frozenset(self.varied)
        pairs = zip(*(body.args for body in members), strict=True)
        self.others = [
            variable(column[0][0])
            for column in pairs
            if len(set(column)) > 1 and variable(column[0][0]) not in self.given
        ]

    @cached_property
    def series(self) -> list[_Series]:
        """Trials to make of one member of each kind, with one argument changed, and with all channels."""
        usual = [name for name in USUAL if name in self.columns and name not in self.given]
        names = [*(name for name in self.columns if name in self.given), *usual, *self.others]
        sets = [(name,) for name in names]
        channels = tuple(name for name in names if name == "width" or name.endswith("inputs"))
        return [_Series(body, changed) for body in self.first for changed in (*sets, channels)]

    @cached_property
    def further(self) -> Mapping[str, list[_Series]]:
        """More trials of each argument alone."""
        return {name: [_Series(body, (name,), further=True) for body in self.first] for name in self.columns}

    @cached_property
    def first(self) -> list[Body]:
        """One member of each kind."""
        return [*dict(zip(reversed(self.kinds), reversed(self.members), strict=True)).values()]

    @cached_property
    def rows(self) -> list[dict[str, Literal]]:
        """The numbers of each member."""
        columns = zip(*self.columns.values(), strict=True)
        return [dict(zip(self.columns, values, strict=True)) for values in columns]

    def trials(self, narrow: bool) -> list[Trial]:
        """Return all trials, or those of numbers that differ between members; made when first needed."""
        if narrow not in self.made:
            of = [s for s in self.series if not narrow or self.given.issuperset(s.changed)]
            self.made[narrow] = [trial for series in of for trial in self._series_trials(series)]
        return self.made[narrow]

    def _series_trials(self, series: _Series) -> list[Trial]:
        if series.made is None:
            series.made = [
                Trial({*series.changed}, {**numbers}, series.member, body, alike)
                for numbers, body, alike in _changed(series.member, series.changed, series.further)
            ]
            for name, extract in self.added:
                _add(name, extract, series.made)
        return series.made

    def add(self, name: str, column: Sequence[Literal], extract: Extract) -> None:
        """Add a number that follows from none of the arguments, and is one of the class."""
        self.columns[name] = list(column)
        for row, value in zip(self.rows, column, strict=True):
            row[name] = value
        self.varied.append(name)
        self.added.append((name, extract))
        for series in chain(self.series, *self.further.values()):
            _add(name, extract, series.made or ())

    def relation(
        self, column: Sequence[Literal | None], have: Sequence[bool], extract: Extract, *, itself: bool
    ) -> Relation | None:
        """Return how a number follows from the arguments; None if it does not.

        Args:
            column: The number in each member.
            have: Which members have it at all.
            extract: Finds it in a body.
            itself: Whether it may be an argument alone, and no expression in some.
        """
        at = have.index(True)
        numbers = {name: values[at] for name, values in self.columns.items()}
        candidates = self._arguments() if itself else self._candidates(numbers, column[at])
        return self._first(candidates, column, have, extract, alike=True)

    def condition(self, present: Sequence[bool], extract: Extract) -> Relation | None:
        """Return on which condition members have a step; None if it is none of the usual ones."""
        return self._first(self._conditions(), present, [True] * len(present), extract, alike=False)

    def _first(
        self,
        candidates: Iterable[Relation],
        column: Sequence[Literal | None],
        have: Sequence[bool],
        extract: Extract,
        *,
        alike: bool,
    ) -> Relation | None:
        """Return the first candidate that holds in all members that have the value, and in the trials.

        `alike` trials alone have the steps of the member that they were made from.
        """
        found: dict[bool, list[tuple[Trial, Literal]]] = {}
        rows = [row for row, has in zip(zip(self.rows, column, strict=True), have, strict=True) if has]
        for candidate in candidates:
            if any(candidate.value(numbers) != value for numbers, value in rows):
                continue
            # What is the same in all members is a number in the text, whatever it may follow from.
            narrow = not self.given.isdisjoint(candidate.reads)
            if narrow not in found:
                found[narrow] = _found(self.trials(narrow), extract, alike)
            if _holds(candidate, found[narrow]) and self._holds_further(candidate, extract, alike):
                return candidate
        return None

    def _holds_further(self, relation: Relation, extract: Extract, alike: bool) -> bool:
        """Tell whether what is computed holds with more numbers too, each argument changed alone."""
        if relation.text == f"{{{relation.reads[0]}}}":
            return True
        names = self.given.intersection(relation.reads) or relation.reads
        series = [series for name in names for series in self.further.get(name, ())]
        trials = [trial for one in series for trial in self._series_trials(one)]
        return _agrees(relation, _found(trials, extract, alike)) is not None

    def _arguments(self) -> Iterator[Relation]:
        """Yield each argument by itself."""
        for name in self.varied:
            yield Relation(f"{{{name}}}", (name,), itemgetter(name))

    def _candidates(self, numbers: Numbers, value: Literal | None) -> Iterator[Relation]:
        """Yield what the value of one member may come from, the simplest first."""
        yield from self._arguments()
        if not _is_whole(value):
            return
        names = [name for name in self.varied if all(map(_is_whole, self.columns[name]))]
        for name in names:
            yield from _scaled(name, _whole(numbers[name]), _whole(value))
        for a, b in permutations(names, 2):
            yield from [_pair(a, sign, b) for sign in PAIRED if a < b or sign not in "*+"]
        for name in names:
            yield _moved(name, _whole(value) - _whole(numbers[name]))

    def _conditions(self) -> Iterator[Relation]:
        """Yield conditions on the arguments, the simplest first."""
        for name in self.columns:
            if name in self.given and all(map(_is_whole, self.columns[name])):
                yield _exceeds_one(name)
        for name in self.columns:
            values = [value for value in self.columns[name] if _is_real(value)]
            if name in self.given and len(values) == len(self.columns[name]):
                yield from [_is_not(name, neutral) for neutral in (0, 1) if neutral in values]
        for name in self.columns:
            if name in self.given - {"inputs", "width"}:
                yield _differs(name)
        if {"inputs", "width"} <= self.columns.keys():
            reads = ("inputs", "width")
            yield Relation("{inputs} != {width}", reads, lambda n: n["inputs"] != n["width"])
            yield Relation("{inputs} == {width}", reads, lambda n: n["inputs"] == n["width"])
            if "stride" in self.columns:
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


def _add(name: str, extract: Extract, trials: Iterable[Trial]) -> None:
    """Add a number of the class to the trials that have it."""
    for trial in trials:
        with suppress(LookupError):
            trial.numbers[name] = extract(trial.body)
            if trial.numbers[name] != extract(trial.member):
                trial.changed.add(name)


def _found(trials: Iterable[Trial], extract: Extract, alike: bool) -> list[tuple[Trial, Literal]]:
    """Return the trials that have a value, with it."""
    found = []
    for trial in trials:
        if not alike or trial.alike:
            with suppress(LookupError):
                found.append((trial, extract(trial.body)))
    return found


def _holds(relation: Relation, found: Iterable[tuple[Trial, Literal]]) -> bool:
    """Tell whether a relation gives what was found in all trials, and each argument was tried."""
    tried = _agrees(relation, found)
    return tried is not None and tried.issuperset(relation.reads)


def _agrees(relation: Relation, found: Iterable[tuple[Trial, Literal]]) -> set[str] | None:
    """Return the numbers that were tried where a relation gives what was found in all trials, else None."""
    tried: set[str] = set()
    for trial, value in found:
        try:
            expected = relation.value(trial.numbers)
        except LookupError:
            continue
        if value != expected:
            return None
        tried.update(trial.changed)
    return tried


@lru_cache(maxsize=REMEMBERED)
def _changed(
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
            (_whole(new.get(name, shape[0])), *shape[1:])
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


def _scaled(name: str, number: int, value: int) -> Iterator[Relation]:
    """Yield `4 * width` or `width // 4`."""
    if number and value and value % number == 0:
        factor = value // number
        yield Relation(f"{factor} * {{{name}}}", (name,), lambda n: factor * _whole(n[name]))
    for divisor in dict.fromkeys((number // max(value, 1), 2)):
        if divisor > 1:
            yield _shared(name, divisor)


def _shared(name: str, divisor: int) -> Relation:
    """Return `width // 4`."""
    return Relation(f"{{{name}}} // {divisor}", (name,), lambda numbers: _whole(numbers[name]) // divisor)


def _pair(a: str, sign: str, b: str) -> Relation:
    """Return `a * b`, or with another sign."""
    return Relation(
        f"{{{a}}} {sign} {{{b}}}",
        (a, b),
        lambda numbers: PAIRED[sign](_whole(numbers[a]), _whole(numbers[b])),
    )


def _moved(name: str, more: int) -> Relation:
    """Return `inputs + 32`."""
    text = f"{{{name}}} {'+' if more > 0 else '-'} {abs(more)}"
    return Relation(text, (name,), lambda numbers: _whole(numbers[name]) + more)


def _exceeds_one(name: str) -> Relation:
    """Return `expand > 1`."""
    return Relation(f"{{{name}}} > 1", (name,), lambda numbers: _whole(numbers[name]) > 1)


def _is_not(name: str, neutral: int) -> Relation:
    """Return `scale != 1` or `drop > 0`: the number changes something."""
    sign = "!=" if neutral else ">"
    return Relation(
        f"{{{name}}} {sign} {neutral}",
        (name,),
        lambda numbers: numbers[name] != neutral if neutral else _real(numbers[name]) > 0,
    )


def _differs(name: str) -> Relation:
    """Return `expanded != inputs`."""
    return Relation(
        f"{{{name}}} != {{inputs}}", (name, "inputs"), lambda numbers: numbers[name] != numbers["inputs"]
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _real(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value
