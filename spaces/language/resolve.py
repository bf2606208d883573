"""Resolving references: an expression becomes a slot, and all its values are checked.

What an expression comes down to is bounded, however few characters declare it: how deep it is nested, how
many expressions its choices expand to, how many of its values are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial

from ..blocks.kinds import Kind
from ..errors import suggest
from ..values import Option, Term, Value, option
from .arithmetic import FUNCTIONS
from .document import Document, Place
from .evaluation import compute, decide, decides, sequence
from .expression_parts import is_open, operands, parts, reference_meant
from .expressions import MAX_OPTIONS, Arithmetic, Choice, Expr, Function, Item, Range, Ref, expression_text
from .functions import NO_FUNCTIONS, Formulas, bound, called
from .slots import (
    Checked,
    Computed,
    Decided,
    Fixed,
    Index,
    OneOf,
    Sequenced,
    Slot,
    Taken,
    Variable,
    possible_values,
)
from .writing import inline

MAX_NESTING = 60
"""Levels of expressions, of words, and of names that are defined by others."""
MAX_CHOICE = 1000
MAX_OPTION = 1000
"""Characters of an option: YAML reads no longer key."""
MAX_SLOTS = 100_000
"""Expressions that a table may come down to once its words and choices are expanded."""
PROBES = 1000
"""Assignments tried when an expression's values are checked at declaration."""
PROBES_IN_ALL = 200_000
"""Assignments tried for all expressions of a table together; beyond, a draw checks what it draws."""


class Resolver:
    """The names that expressions can refer to, and what they were found to stand for.

    Attributes:
        lets: The slot of every variable, after those it reads.
        used: Section and name of everything that something refers to.
        callable: Every function that an expression may call.
        indexed: Whether `$i` has been met; `$i` is known only where `index` says.
    """

    def __init__(
        self,
        document: Document,
        choices: Mapping[str, Expr],
        let: Mapping[str, Expr],
        functions: Formulas = NO_FUNCTIONS,
    ) -> None:
        self.error = document.error
        self.functions = functions
        self.callable = (*FUNCTIONS, *functions)
        self.choices = choices
        self.let = let
        self.lets: dict[str, Slot] = {}
        self.used: set[tuple[str, str]] = set()
        self.index = self.indexed = False
        self._acyclic: set[str] = set()
        self._heights: dict[str, int] = {}
        self._probed: dict[tuple[str, Kind], list[Value]] = {}
        self._pending: list[str] = []
        self._probes = self._slots = self._level = self._height = 0

    def declare_variables(self) -> None:
        """Resolve every variable of `let`."""
        for name in self.let:
            self._variable(name)

    def checked(self, value: Expr, label: str, place: Place, kind: Kind, name: str) -> Slot:
        """Return the slot of a value that must be of a kind; its values are checked now, if they are few."""

        def fail(message: str) -> Exception:
            return self.error(place, f"{name}{' ' if message.startswith('is ') else ': '}{message}")

        if not is_open(value):
            try:
                return Fixed(kind.accept(value))
            except ValueError:
                if meant := reference_meant(value, {*self.let, *self.choices}):
                    raise fail(f"is {kind.law}, but got '{value}'{meant}") from None
                raise fail(kind.refusal(value, f"'{inline(value)}'", self.callable)) from None
        inner = self.slot(value, label, place)
        slot = Checked(inner, kind, fail, self.callable)
        values = self._probe(slot, value, kind)
        if not isinstance(inner, OneOf) or len(values) < len(inner.options):
            return slot
        if inner.values is None:
            return inner if all(isinstance(number, int) for number in values) else slot
        if not all(isinstance(option, Fixed) for option in inner.values.values()):
            return slot
        # Normal forms are worked out once, so that a draw only looks them up.
        normal = {key: Fixed(value) for key, value in zip(inner.options, values, strict=True)}
        return OneOf(inner.label, inner.options, normal)

    def slot(self, value: Expr, label: str, place: Place) -> Slot:
        """Return an expression, ready to be drawn at the path that ends in a label."""
        self.grow(place)
        self._level += 1
        self._reach(place, self._level)
        slot = self._made(value, label, place)
        self._level -= 1
        return slot

    def grow(self, place: Place) -> None:
        """Note one more expression that the table comes down to."""
        self._slots += 1
        if self._slots > MAX_SLOTS:
            raise self.error(place, f"the table comes down to more than {MAX_SLOTS:,} expressions")

    def check_chain(self, place: Place, chain: tuple[str, ...]) -> None:
        """Raise where a name is defined through too many others."""
        if len(chain) > MAX_NESTING:
            raise self.error(place, f"defined through more than {MAX_NESTING} others", at_key=True)

    def _variable(self, name: str) -> None:
        """Resolve a variable after those it reads."""
        if name in self._heights:
            return
        place: Place = ("let", name)
        if name in self._pending:
            way = " -> ".join([*self._pending, name])
            raise self.error(place, f"'{name}' is defined by itself: {way}", at_key=True)
        base, above = self._level, self._height
        self._height = base
        self._pending.append(name)
        self.lets[name] = self.slot(self.let[name], name, place)
        self._pending.pop()
        self._heights[name] = self._height - base
        self._height = max(self._height, above)

    def _probe(self, slot: Slot, value: Expr, kind: Kind) -> list[Value]:
        """Return the first values of a slot, checked; the same expression is looked at once."""
        key = (expression_text(value), kind)
        if key not in self._probed:
            most = MAX_OPTIONS if isinstance(value, Range) else PROBES
            most = max(1, min(most, PROBES_IN_ALL - self._probes))
            self._probed[key] = possible_values(slot, self.lets, most)
            self._probes += len(self._probed[key])
        return self._probed[key]

    def _made(self, value: Expr, label: str, place: Place) -> Slot:
        if isinstance(value, Ref):
            return self._reference(value, label, place)
        if isinstance(value, Choice):
            return self._choice(value, label, place)
        if isinstance(value, Range):
            numbers = value.numbers
            if isinstance(numbers, range):
                return OneOf(label, numbers, None)
            options = value.options
            if all(isinstance(each, int) for each in options):
                return OneOf(label, options, None)
            fixed = map(Fixed, numbers)
            return OneOf(label, options, dict(zip(options, fixed, strict=True)))
        if isinstance(value, Function) and value.name in self.functions:
            return self._call(value, label, place)
        if decides(value):
            inner = operands(value)
            slots = zip(inner, self._parts(inner, label, place), strict=True)
            return Decided(partial(decide, value), dict(slots))
        if isinstance(value, Item):
            return Taken(partial(compute, value), self._parts(operands(value), label, place), value.index)
        if isinstance(value, Arithmetic | Function):
            return Computed(partial(compute, value), self._parts(operands(value), label, place))
        if isinstance(value, tuple):
            items = tuple(self.slot(item, f"{label}.{i}", (*place, i)) for i, item in enumerate(value))
            if all(isinstance(item, Fixed) for item in items):
                return Fixed(tuple(item.value for item in items if isinstance(item, Fixed)))
            return Sequenced(sequence, items)
        if not (value is None or isinstance(value, int | str | Fraction | Term)):
            raise self.error(place, f"{value!r} is not a value of the language")
        return Fixed(value)

    def _parts(self, parts: Mapping[str, Expr], label: str, place: Place) -> tuple[Slot, ...]:
        """Return the slots of operands; where several draw anew, each has a path of its own."""
        several = sum(map(self._draws_anew, parts.values())) > 1
        return tuple(
            self.slot(part, f"{label}.{name}" if several else label, place) for name, part in parts.items()
        )

    def _call(self, value: Function, label: str, place: Place) -> Slot:
        """Return what a function of the table gives: it is drawn with the variables that it reads."""
        inner = called([value], self.functions)
        self.used |= {("functions", name) for name in inner}
        outer = set().union(*(self.functions[name].outer for name in inner))
        read = [name for name in self.let if name in outer]
        variables = [self.slot(Ref(name), label, place) for name in read]
        count = len(value.arguments)
        functions = {name: self.functions[name] for name in inner}

        def compute_call(values: tuple[Value, ...]) -> Value:
            calls = bound(functions, dict(zip(read, values[count:], strict=True)))
            return calls[value.name](values[:count])

        return Computed(compute_call, (*self._parts(operands(value), label, place), *variables))

    def _reference(self, value: Ref, label: str, place: Place) -> Slot:
        name = value.name
        if name in self.let:
            self.used.add(("let", name))
            self._variable(name)
            self._reach(place, self._level + self._heights[name])
            return Variable(name)
        if name == "i" and self.index and name not in self.choices:
            self.indexed = True
            return Index()
        if name not in self.choices:
            known = [*self.let, *self.choices]
            raise self.error(place, f"nothing is named '${name}'{suggest(name, known)}")
        self.used.add(("choices", name))
        self._check_cycle(name, ())
        return self.slot(self.choices[name], label, ("choices", name))

    def _choice(self, value: Choice, label: str, place: Place) -> Slot:
        if len(value.options) < 2:
            raise self.error(place, "a choice of one leaves nothing open; write the value itself")
        if len(value.options) > MAX_CHOICE:
            law = f"a choice holds at most {MAX_CHOICE:,} options; a range can hold more"
            raise self.error(place, f"{law}; this one has {len(value.options):,}")
        slots: dict[Option, Slot] = {}
        for item in value.options:
            key = expression_text(item) if is_open(item) else option(item)  # type: ignore[arg-type]
            if len(str(key)) > MAX_OPTION:
                law = f"an option holds at most {MAX_OPTION:,} characters, but got {len(str(key)):,}"
                raise self.error(place, law)
            if key in slots:
                raise self.error((*place, str(key)), f"the choice lists '{key}' twice", at_key=True)
            slots[key] = self.slot(item, f"{label}.{key}" if self._draws_anew(item) else label, place)
        return OneOf(label, tuple(slots), slots)

    def _draws_anew(self, value: Expr) -> bool:
        return any(
            isinstance(part, Choice | Range) or (isinstance(part, Ref) and part.name in self.choices)
            for part in parts(value)
        )

    def _check_cycle(self, name: str, chain: tuple[str, ...]) -> None:
        place: Place = ("choices", name)
        if name in chain:
            way = " -> ".join([*chain, name])
            raise self.error(place, f"'{name}' is defined by itself: {way}", at_key=True)
        if name in self._acyclic:
            return
        self.check_chain(place, chain)
        for part in parts(self.choices[name]):
            if isinstance(part, Ref) and part.name in self.choices:
                self._check_cycle(part.name, (*chain, name))
        self._acyclic.add(name)

    def _reach(self, place: Place, level: int) -> None:
        """Note how deep expressions are nested, through what they refer to."""
        self._height = max(self._height, level)
        if level > MAX_NESTING:
            raise self.error(place, f"nested too deep; at most {MAX_NESTING} levels")
