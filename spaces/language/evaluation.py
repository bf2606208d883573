"""Evaluation of expressions that leave no choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeGuard

from ..values import Value, text
from .arithmetic import LOGIC, ExpressionError, apply, call, condition
from .expression_parts import operands
from .expressions import Arithmetic, Conditional, Expr, Function, Item, OpenExpression, Ref

_NONE: Mapping[str, Callable[[tuple[Value, ...]], Value]] = MappingProxyType({})
MAX_ITEMS = 1000
"""Values in a computed sequence, sequences within and their values included."""


def item_of(of: Value, index: int) -> Value:
    """Return an item of a sequence; raise if it is none, or shorter."""
    if not isinstance(of, tuple):
        raise ExpressionError(f".{index} is an item of a sequence, but got '{text(of)}'")
    if not -len(of) <= index < len(of):
        counted = "from 0" if index >= 0 else "from the last, -1"
        raise ExpressionError(f".{index} is beyond the {len(of)} items of {text(of)}, counted {counted}")
    return of[index]


def evaluate(
    expression: Expr,
    names: Mapping[str, Value],
    functions: Mapping[str, Callable[[tuple[Value, ...]], Value]] = _NONE,
) -> Value:
    """Return the value of an expression that leaves no choice.

    Args:
        expression: The expression.
        names: What it may refer to.
        functions: What the functions of a table do.

    Raises:
        ExpressionError: If it cannot be computed.
    """
    if not isinstance(expression, OpenExpression):
        if isinstance(expression, tuple):
            return sequence(tuple([evaluate(part, names, functions) for part in expression]))
        return expression
    if isinstance(expression, Ref):
        return names[expression.name]
    if isinstance(expression, Item):  # as `compute` has it, without the detour: a draw spends much time here
        return item_of(evaluate(expression.of, names, functions), expression.index)
    if isinstance(expression, Arithmetic) and expression.operator not in LOGIC:
        left = evaluate(expression.left, names, functions)
        return apply(expression.operator, left, evaluate(expression.right, names, functions))
    if decides(expression):
        within = operands(expression)
        return decide(expression, lambda name: evaluate(within[name], names, functions))
    assert isinstance(expression, Function)
    values = tuple([evaluate(part, names, functions) for part in operands(expression).values()])
    if expression.name in functions:
        return functions[expression.name](values)
    return call(expression.name, values)


def compute(expression: Arithmetic | Item | Function, values: tuple[Value, ...]) -> Value:
    """Return what an expression gives for the values of its operands; raise as `evaluate` does."""
    if isinstance(expression, Arithmetic):
        return apply(expression.operator, *values)
    if isinstance(expression, Item):
        return item_of(values[0], expression.index)
    return call(expression.name, values)


def decides(expression: Expr) -> TypeGuard[Arithmetic | Conditional]:
    """Tell whether an operand decides which others are asked: a condition, or two joined by `and` or `or`."""
    if isinstance(expression, Arithmetic):
        return expression.operator in LOGIC
    return isinstance(expression, Conditional)


def decide(expression: Arithmetic | Conditional, operand: Callable[[str], Value]) -> Value:
    """Return what an expression gives that `decides`; operands that are not asked may have no value.

    Args:
        expression: The expression.
        operand: Gives the value of an operand by its name in `operands`.

    Raises:
        ExpressionError: If a condition is neither true nor false.
    """
    if isinstance(expression, Conditional):
        return operand("then" if condition(operand("if")) else "else")
    left = condition(operand("left"))
    return left if left == LOGIC[expression.operator] else condition(operand("right"))


def sequence(items: tuple[Value, ...]) -> Value:
    """Return a computed sequence; raise if it is too long."""
    if (length := _length(items)) > MAX_ITEMS:
        raise ExpressionError(f"a computed sequence holds at most {MAX_ITEMS:,} values, but got {length:,}")
    return items


def _length(value: Value) -> int:
    return 1 + sum(map(_length, value)) if isinstance(value, tuple) else 1
