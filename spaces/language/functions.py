"""Functions that a table declares: expressions with arguments.

::

    let: {w: 1.1}
    functions:
      wide(c): "divisible($w * $c, 8)"

A function knows its arguments and the names of `let`; it may call others, and none calls itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from ..blocks.kinds import TERMS
from ..errors import suggest
from ..values import Value, text
from .arithmetic import FUNCTIONS, ExpressionError
from .evaluation import evaluate
from .expression_parts import has_choice, is_open, nesting, parts, references
from .expressions import Expr, Function

MAX_NESTING = 60
"""Levels of expressions that a call comes down to."""
MAX_SIZE = 1000
"""Operations that a call comes down to."""

Calls: TypeAlias = "Mapping[str, Callable[[tuple[Value, ...]], Value]]"
Arity: TypeAlias = tuple[int, int]
"""The least and the largest number of arguments."""


@dataclass(frozen=True)
class Formula:
    """A function of one's own: an expression in its arguments and in the names of `let`.

    Attributes:
        expression: What it gives.
        needs: Arguments that it must be given.
        defaults: Arguments that it may be given.

    >>> from archscape.spaces import ref
    >>> Formula(2 * ref("c"), needs=("c",)).arguments
    ('c',)
    """

    expression: Expr
    _: KW_ONLY
    needs: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        needs = (self.needs,) if isinstance(self.needs, str) else tuple(self.needs)
        object.__setattr__(self, "needs", needs)
        object.__setattr__(self, "defaults", MappingProxyType(dict(self.defaults)))

    def __repr__(self) -> str:
        """Return the Python that makes it."""
        defaults = f", defaults={dict(self.defaults)!r}" if self.defaults else ""
        return f"Formula({self.expression!r}, needs={self.needs!r}{defaults})"

    def __hash__(self) -> int:
        return hash((self.expression, self.needs, tuple(self.defaults.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return partial(Formula, self.expression, needs=self.needs, defaults=dict(self.defaults)), ()

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument, those that it must be given first."""
        return (*self.needs, *self.defaults)

    @property
    def arity(self) -> Arity:
        """The least and the largest number of arguments."""
        return len(self.needs), len(self.arguments)

    @property
    def outer(self) -> set[str]:
        """The names that it reads besides its arguments."""
        return set(references(self.expression)) - set(self.arguments)


Formulas: TypeAlias = Mapping[str, Formula]
NO_FUNCTIONS: Formulas = MappingProxyType({})


def called(expressions: Iterable[Expr], functions: Formulas) -> set[str]:
    """Return the functions of a table that expressions call, themselves or through others."""
    names: set[str] = set()
    todo = list(expressions)
    while todo:
        for part in parts(todo.pop()):
            if isinstance(part, Function) and part.name in functions and part.name not in names:
                names.add(part.name)
                todo.append(functions[part.name].expression)
    return names


def names_read(expressions: Iterable[Expr], functions: Formulas) -> set[str]:
    """Return every name that expressions refer to, themselves or through functions."""
    listed = list(expressions)
    names = {name for value in listed for name in references(value)}
    return names.union(*(functions[name].outer for name in called(listed, functions)))


def bound(functions: Formulas, let: Mapping[str, Value]) -> Calls:
    """Return what each function does, given the values of `let` that it reads."""
    calls: dict[str, Callable[[tuple[Value, ...]], Value]] = {}
    for name, formula in functions.items():
        calls[name] = partial(_call, name, formula, let, calls)
    return calls


def _call(
    name: str, formula: Formula, let: Mapping[str, Value], calls: Calls, arguments: tuple[Value, ...]
) -> Value:
    names = {**let, **formula.defaults, **dict(zip(formula.arguments, arguments, strict=False))}
    try:
        return evaluate(formula.expression, names, calls)
    except ExpressionError as error:
        raise ExpressionError(f"{name}({', '.join(map(text, arguments))}): {error}") from None


def name_law(name: str, arguments: Collection[str]) -> str:
    """Return why a function with some arguments cannot have a name, or nothing."""
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        return f"a name is letters, digits and '_', and starts with a letter, but got '{name}'"
    if name in FUNCTIONS or name in TERMS:
        return f"'{name}' is a word of the language already; choose another"
    if not arguments:
        return f"a function has arguments, as in {name}(c); what has none is a name of `let`"
    return ""


def function_law(name: str, functions: Formulas, let: Iterable[str], choices: Iterable[str]) -> str:
    """Return why a function cannot be what it is declared to be, or nothing."""
    formula = functions[name]
    used = set(references(formula.expression))
    if has_choice(formula.expression):
        return "a function leaves nothing open; make what is chosen an argument of it"
    for reference in sorted(formula.outer - set(let)):
        if reference in choices:
            return f"'{reference}' is drawn anew wherever it is used; make it an argument of '{name}'"
        known = [*formula.arguments, *let]
        return f"nothing in '{name}' is named '${reference}'{suggest(reference, known)}"
    for argument in formula.arguments:
        if argument not in used:
            return f"nothing in '{name}' uses the argument '{argument}'"
    return _size_law(name, functions)


def _size_law(name: str, functions: Formulas) -> str:
    """Return why a function comes down to too much, or nothing."""
    costs: dict[str, tuple[int, int]] = {}
    try:
        levels, size = _measure(name, functions, costs, ())
    except ExpressionError as law:
        return str(law)
    if levels > MAX_NESTING:
        return f"nested too deep; at most {MAX_NESTING} levels, but got {levels:,}"
    if size > MAX_SIZE:
        return f"a function comes down to at most {MAX_SIZE:,} operations, but got {size:,}"
    return ""


def _measure(
    name: str, functions: Formulas, costs: dict[str, tuple[int, int]], chain: tuple[str, ...]
) -> tuple[int, int]:
    """Return the levels and the operations that a function comes down to; raise where it calls itself."""
    if name in chain:
        raise ExpressionError(f"'{chain[0]}' is defined by itself: {' -> '.join([*chain, name])}")
    if len(chain) > MAX_NESTING:
        raise ExpressionError(f"nested too deep; at most {MAX_NESTING} levels")
    if name not in costs:
        expression = functions[name].expression
        within = [part.name for part in parts(expression) if isinstance(part, Function)]
        inner = [_measure(word, functions, costs, (*chain, name)) for word in within if word in functions]
        levels = nesting(expression) + max([levels for levels, _ in inner], default=0)
        costs[name] = levels, sum(map(is_open, parts(expression))) + sum(size for _, size in inner)
    return costs[name]
