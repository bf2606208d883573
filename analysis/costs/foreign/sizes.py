"""Sizes that a file leaves open: what each is here, by its name, and what follows from that."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from math import prod

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.values import shape_text

Size = int | str
"""A size as a file has it: a number, or the name of one that is open; "" where nothing is said."""

LONGEST = 500
"""Characters of an expression that is computed."""
LARGEST_POWER = 8
MOST = 2**31 - 1
"""A size that no map reaches."""
_SYMBOL = re.compile(r"Symbol\('(\w+)'[^()]*\)")
_BINARY: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
    ast.Pow: lambda base, power: base ** min(int(power), LARGEST_POWER),
}
_CALLS: Mapping[str, Callable[..., Fraction | int]] = {
    "Add": lambda *terms: sum(terms),
    "Mul": lambda *factors: prod(factors),
    "Pow": _BINARY[ast.Pow],
    "Rational": operator.truediv,
    "Integer": lambda number: number,
    "FloorDiv": operator.floordiv,
    "CleanDiv": operator.floordiv,
    **dict.fromkeys(("Mod", "PythonMod"), operator.mod),
    "Max": max,
    "Min": min,
    "floor": math.floor,
    **dict.fromkeys(("ceiling", "CeilToInt"), math.ceil),
}
"""The functions of the expressions that PyTorch writes."""


def named(wanted: Mapping[str, Shape], inputs: Collection[str]) -> Mapping[str, Shape]:
    """Return shapes by name, where the only input has none."""
    only = next(iter(inputs), "")
    return {name or only: shape for name, shape in wanted.items()} if len(inputs) == 1 else wanted


def bind(
    inputs: Mapping[str, Sequence[Size]], wanted: Mapping[str, Shape], *, path: str
) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Return all shapes of the inputs, and the value of each size that is open by its name.

    The batch, an open size in front, is one. Other open sizes are as `wanted` says for a sample of an input.

    Raises:
        InputError: If a size is open and not wanted, or what is wanted does not fit.
    """
    if unknown := next((name for name in wanted if name not in inputs), ""):
        raise InputError(f"--input: {path} has no input '{unknown}'; it reads {', '.join(inputs)}")
    shapes: dict[str, list[int]] = {}
    values: dict[str, int] = {}
    for name, sizes in inputs.items():
        shapes[name] = []
        sample = _sample(name, sizes, wanted.get(name), path=path)
        for size, number in zip(sizes, sample, strict=True):
            shapes[name].append(number)
            if isinstance(size, str) and size and values.setdefault(size, number) != number:
                law = f"'{size}' is {values[size]} elsewhere, and {number} in {name}"
                raise InputError(f"--input: {path}: {law}")
    return shapes, values


def _sample(name: str, sizes: Sequence[Size], wanted: Shape | None, *, path: str) -> list[int]:
    """Return the numbers of one input, its batch among them."""
    open_sizes = [size for size in sizes[1:] if isinstance(size, str)]
    shown = "x".join(str(size) or "?" for size in sizes[1:]) or "nothing but a batch"
    first = [1 if isinstance(sizes[0], str) else sizes[0]] if sizes else []
    if wanted is None:
        if open_sizes:
            law = f"the sizes {', '.join(size or '?' for size in open_sizes)} of '{name}' are open ({shown})"
            raise InputError(f"{path}: {law}; give --input, as in --input {_example(sizes[1:])}")
        return [*first, *(int(size) for size in sizes[1:])]
    fits = len(wanted) == len(sizes) - 1 and all(
        isinstance(size, str) or size == number for size, number in zip(sizes[1:], wanted, strict=True)
    )
    if not fits:
        raise InputError(f"--input: {path} reads {shown} as '{name}', but got {shape_text(wanted)}")
    if max(wanted, default=0) > MOST:
        raise InputError(f"--input: a size is at most {MOST:,}, but got {shape_text(wanted)} for '{name}'")
    return [*first, *wanted]


def _example(sizes: Sequence[Size]) -> str:
    return "x".join(str(size) if isinstance(size, int) else "224" for size in sizes)


def plain(expression: str) -> str:
    """Return an expression of PyTorch with its symbols by their names alone.

    >>> plain("Mul(Integer(2), Symbol('s6', positive=True, integer=True))")
    'Mul(Integer(2), s6)'
    """
    return _SYMBOL.sub(r"\1", expression)


def evaluate(expression: str, values: Mapping[str, int]) -> int | None:
    """Return what an expression of open sizes comes to; None if it cannot be told.

    Whole numbers, names, and sums, products, powers and divisions of them are computed; nothing is run.

    >>> evaluate("2*s0 + ((s1 - 1)//2)", {"s0": 1, "s1": 33}), evaluate("Mul(Integer(2), s6)", {"s6": 3})
    (18, 6)
    """
    if expression in values:
        return values[expression]
    if len(expression) > LONGEST:
        return None
    try:
        value = _value(ast.parse(expression, mode="eval").body, values)
    except (SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError, RecursionError, MemoryError):
        return None
    return int(value) if value.denominator == 1 else None


def _value(node: ast.expr, values: Mapping[str, int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return Fraction(node.value)
    if isinstance(node, ast.Name):
        return Fraction(values[node.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, values)
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return Fraction(_CALLS[node.func.id](*[_value(argument, values) for argument in node.args]))
    raise ValueError(ast.dump(node))
