"""The parts of expressions: what they compute with, refer to, and leave open."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from .expressions import Arithmetic, Choice, Conditional, Expr, Function, Item, OpenExpression, Range, Ref


def parts(expression: Expr) -> Iterator[Expr]:
    """Yield an expression and every expression in it."""
    yield expression
    for part in _within(expression):
        yield from parts(part)


def _within(expression: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is directly made of."""
    if not isinstance(expression, OpenExpression):
        return expression if isinstance(expression, tuple) else ()
    return expression.options if isinstance(expression, Choice) else tuple(operands(expression).values())


def operands(expression: Expr) -> dict[str, Expr]:
    """Return what an expression computes with, by the words that tell the operands apart in a path."""
    if isinstance(expression, Arithmetic):
        return {"left": expression.left, "right": expression.right}
    if isinstance(expression, Function):
        return {str(at): argument for at, argument in enumerate(expression.arguments)}
    if isinstance(expression, Conditional):
        return {"then": expression.then, "if": expression.condition, "else": expression.otherwise}
    return {"of": expression.of} if isinstance(expression, Item) else {}


def nesting(expression: Expr) -> int:
    """Return how deep an expression is nested; a value alone has 1."""
    deepest, todo = 1, [(part, 2) for part in _within(expression)]
    while todo:
        part, level = todo.pop()
        deepest = max(deepest, level)
        todo += [(inner, level + 1) for inner in _within(part)]
    return deepest


def scalars(expression: Expr) -> Iterator[Expr]:
    """Yield the parts of an expression that are each written as one text: items of sequences, options."""
    if isinstance(expression, tuple):
        for item in expression:
            yield from scalars(item)
    else:
        yield from expression.options if isinstance(expression, Choice) else (expression,)


def is_open(expression: Expr) -> bool:
    """Tell whether an expression is more than a value: it refers, computes or leaves a choice."""
    if isinstance(expression, tuple):
        return any(map(is_open, expression))
    return isinstance(expression, OpenExpression)


def has_choice(expression: Expr) -> bool:
    """Tell whether an expression itself leaves a choice."""
    return any(isinstance(part, Choice | Range) for part in parts(expression))


def references(expression: Expr) -> Iterator[str]:
    """Yield every name that an expression refers to."""
    return (part.name for part in parts(expression) if isinstance(part, Ref))


def reference_meant(value: object, names: Collection[str]) -> str:
    """Return the hint that a word, which is a name that can be referred to, lacks its `$`, or nothing.

    >>> reference_meant("width", ["width"]), reference_meant("wide", ["width"])
    ('; did you mean $width?', '')
    """
    return f"; did you mean ${value}?" if isinstance(value, str) and value in names else ""


def words_in(expressions: Iterable[Expr]) -> Iterator[str]:
    """Yield every word in expressions, such as the name of a row, of a block or of an activation."""
    return (part for value in expressions for part in parts(value) if isinstance(part, str))
