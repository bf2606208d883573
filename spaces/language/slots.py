"""Slots: the expressions of a compiled table. A slot knows how to be drawn, counted and listed.

A choice is drawn through one seam, `choose(path, options) -> option`, whatever draws from the space.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import TypeAlias, TypeVar

from ..blocks.kinds import Kind
from ..errors import SpaceError
from ..values import Option, Value, text

Choose: TypeAlias = Callable[[str, Sequence[Option]], Option]
Paths: TypeAlias = Iterator[tuple[str, Sequence[Option]]]
T = TypeVar("T")
MAX_TERMS = 1_000_000
INDEX = "$i"
"""Where a draw notes the number of the block that it draws."""


class Count(dict[frozenset[str], int]):
    """Number of decision lists by the variables of `let` that they read.

    A variable is drawn once however often it is read, so its options multiply in only at the end.
    """

    @property
    def variables(self) -> frozenset[str]:
        """Every variable that some list reads."""
        return frozenset(name for read in self for name in read)

    def __mul__(self, other: Count) -> Count:
        if len(self) * len(other) > MAX_TERMS:
            law = "the decision lists cannot be counted: too many variables are read in one row"
            raise SpaceError(f"{law}, {len(self) * len(other):,} sets of them; at most {MAX_TERMS:,}")
        result = Count()
        for a, n in self.items():
            for b, m in other.items():
                result[a | b] = result.get(a | b, 0) + n * m
        return result

    def __add__(self, other: Count) -> Count:
        result = Count(self)
        for key, n in other.items():
            result[key] = result.get(key, 0) + n
        return result

    def __pow__(self, exponent: int) -> Count:
        result, square = ONE, self
        while exponent:
            if exponent & 1:
                result = result * square
            exponent >>= 1
            square = square * square if exponent else square
        return result


ONE = Count({frozenset(): 1})


def product(slots: Iterable[Slot]) -> Count:
    """Return the number of ways to draw several slots."""
    ways = ONE
    for slot in slots:
        ways = ways * slot.count()
    return ways


@dataclass(slots=True, eq=False)
class Draw:
    """One draw from a space: the seam, and the variables drawn so far."""

    choose: Choose
    lets: Mapping[str, Slot]
    drawn: dict[str, Value] = field(default_factory=dict)
    failed: dict[str, ArithmeticError] = field(default_factory=dict)

    def remembering(self) -> Draw:
        """Return the same draw that is asked each path once: asked again, it gives what it gave."""
        taken: dict[str, Option] = {}

        def choose(path: str, options: Sequence[Option]) -> Option:
            if path not in taken:
                taken[path] = self.choose(path, options)
            return taken[path]

        return Draw(choose, self.lets, self.drawn, self.failed)

    def let(self, name: str) -> Value:
        """Return a variable; it is drawn when it is first read.

        Raises:
            ArithmeticError: If it has no value.
        """
        if name not in self.drawn:
            if name in self.failed:
                raise self.failed[name]
            try:
                self.drawn[name] = self.lets[name].draw(self, "")
            except ArithmeticError as error:
                self.failed[name] = error
                raise
        return self.drawn[name]


class Slot(ABC):
    """A part of a row that a draw fills in."""

    __slots__ = ()

    @abstractmethod
    def draw(self, draw: Draw, prefix: str) -> Value:
        """Return a value, choosing where something is open; paths begin with the prefix."""

    def parts(self) -> Iterable[Slot]:
        """Return the slots that it draws."""
        return ()

    def count(self) -> Count:
        """Return the number of ways to draw it: the product over its parts unless it says otherwise."""
        return product(self.parts())

    def paths(self, prefix: str) -> Paths:
        """Yield every path it can ask for, with the options."""
        for part in self.parts():
            yield from part.paths(prefix)


@dataclass(slots=True, eq=False)
class Fixed(Slot):
    """A value."""

    value: Value

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Return the value."""
        return self.value


@dataclass(slots=True, eq=False)
class OneOf(Slot):
    """A choice or a range at a path; an option may itself be open."""

    label: str
    options: Sequence[Option]
    values: Mapping[Option, Slot] | None

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Choose an option, and draw it where it is open itself."""
        option = draw.choose(prefix + self.label, self.options)
        if self.values is None:
            return option
        return self.values[option].draw(draw, prefix)

    def parts(self) -> Iterable[Slot]:
        """Return what the options stand for."""
        return (self.values or {}).values()

    def count(self) -> Count:
        """Return the sum over the options."""
        if self.values is None:
            return Count({frozenset(): len(self.options)})
        return sum((slot.count() for slot in self.parts()), Count())

    def paths(self, prefix: str) -> Paths:
        """Yield its own path, then those within its options."""
        yield prefix + self.label, self.options
        yield from Slot.paths(self, prefix)


@dataclass(slots=True, eq=False)
class Variable(Slot):
    """A reference to a variable of `let`, which has the paths."""

    name: str

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Return the variable's value."""
        return draw.let(self.name)

    def count(self) -> Count:
        """Return one way, which reads the variable."""
        return Count({frozenset([self.name]): 1})


class Index(Slot):
    """`$i`: the number of a block in its row, from 0."""

    __slots__ = ()

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Return the number."""
        return draw.drawn.get(INDEX, 0)


@dataclass(slots=True, eq=False)
class Computed(Slot):
    """What a function of the language gives for its operands, each a slot of its own."""

    function: Callable[[tuple[Value, ...]], Value]
    operands: tuple[Slot, ...]

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Draw every operand in order, and compute.

        Raises:
            ArithmeticError: If the function does not take them.
        """
        operands = _drawn(self.operands, draw, prefix)
        try:
            return self.function(tuple(map(_value, operands)))
        except ValueError as error:
            raise ArithmeticError(str(error)) from None

    def parts(self) -> Iterable[Slot]:
        """Return the operands."""
        return self.operands


@dataclass(slots=True, eq=False)
class Sequenced(Computed):
    """A sequence of what its operands give."""


@dataclass(slots=True, eq=False)
class Taken(Computed):
    """An item of the sequence that its operand gives."""

    index: int


@dataclass(slots=True, eq=False)
class Decided(Slot):
    """A condition, or two joined by `and` or `or`: of its operands, by name, some need no value."""

    function: Callable[[Callable[[str], Value]], Value]
    operands: Mapping[str, Slot]

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Draw every operand in order, and compute with those that are asked for.

        Raises:
            ArithmeticError: If one of these has no value, or a condition is neither true nor false.
        """
        drawn = dict(zip(self.operands, _drawn(self.operands.values(), draw, prefix), strict=True))
        try:
            return self.function(lambda name: _value(drawn[name]))
        except ValueError as error:
            raise ArithmeticError(str(error)) from None

    def parts(self) -> Iterable[Slot]:
        """Return the operands."""
        return self.operands.values()


def _drawn(slots: Iterable[Slot], draw: Draw, prefix: str) -> list[Value | ArithmeticError]:
    """Return what slots give, or why one has no value: whatever fails, the same decisions are asked for."""
    drawn: list[Value | ArithmeticError] = []
    for slot in slots:
        try:
            drawn.append(slot.draw(draw, prefix))
        except ArithmeticError as error:
            drawn.append(error)
    return drawn


def _value(drawn: Value | ArithmeticError) -> Value:
    if isinstance(drawn, ArithmeticError):
        raise drawn
    return drawn


@dataclass(slots=True, eq=False)
class Checked(Slot):
    """A slot whose value must be of a kind; `functions` are suggested for what looks like a call of one."""

    inner: Slot
    kind: Kind
    fail: Callable[[str], Exception]
    functions: tuple[str, ...] = ()

    def draw(self, draw: Draw, prefix: str) -> Value:
        """Draw the value and check it.

        Raises:
            InputError: If it is not of the kind; the message has the place it was declared at.
        """
        try:
            value = self.inner.draw(draw, prefix)
        except ArithmeticError as error:
            raise self.fail(str(error)) from None
        try:
            return self.kind.accept(value)
        except ValueError:
            raise self.fail(self.kind.refusal(value, f"'{text(value)}'", self.functions)) from None

    def parts(self) -> Iterable[Slot]:
        """Return the slot that is checked."""
        return (self.inner,)


def possible_values(slot: Slot, lets: Mapping[str, Slot], most: int) -> list[Value]:
    """Return the values of a slot, at most so many of them."""
    return list(islice(enumerate_results(lambda choose: slot.draw(Draw(choose, lets), "")), most))


def uniform(rng: Random) -> Choose:
    """Return the uniform choice among the options."""
    # Random.choice without its checks: sampling spends much of its time here.
    random = rng.random
    return lambda _, options: options[int(random() * len(options))]


def enumerate_results(program: Callable[[Choose], T]) -> Iterator[T]:
    """Yield the result of a program for every list of decisions, in the order of the options.

    >>> list(enumerate_results(lambda choose: (choose("a", [1, 2]), choose("b", ["x", "y"]))))
    [(1, 'x'), (1, 'y'), (2, 'x'), (2, 'y')]
    """
    script: list[tuple[Sequence[Option], int]] = []
    while True:
        step = 0

        def choose(path: str, options: Sequence[Option]) -> Option:
            nonlocal step
            if step == len(script):
                script.append((options, 0))
            option = script[step][0][script[step][1]]
            step += 1
            return option

        yield program(choose)
        while script and script[-1][1] + 1 == len(script[-1][0]):
            script.pop()
        if not script:
            return
        script[-1] = (script[-1][0], script[-1][1] + 1)
