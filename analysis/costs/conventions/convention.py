"""A convention of counting: one rule for each operator that it counts, in words and as a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

from archscape.spaces.graph import Op, Shape, Totals


class Use(NamedTuple):
    """An operator where it stands in a network: the shapes it reads and writes, its costs as we count."""

    op: Op
    inputs: tuple[Shape, ...]
    output: Shape
    costs: Totals

    @property
    def rank(self) -> int:
        """Number of spatial axes of what it reads."""
        return len(self.inputs[0]) - 1

    @property
    def read(self) -> int:
        """Elements of its first input."""
        return prod(self.inputs[0])

    @property
    def written(self) -> int:
        """Elements of its output."""
        return prod(self.output)

    @property
    def bias(self) -> bool:
        """Whether it is a convolution or a linear layer that adds a bias."""
        return bool(getattr(self.op, "bias", False))


class Rule(NamedTuple):
    """How one or more operators are counted.

    Attributes:
        operators: Their classes.
        text: The rule in words. K is the kernel's volume, C and M are channels in and out, g groups, HW the
            positions of the output, N elements.
        counts: Returns the count for one input; None for a use that the tool passes over.
    """

    operators: tuple[type[Op], ...]
    text: str
    counts: Callable[[Use], int | None]


@dataclass(frozen=True, kw_only=True)
class Convention:
    """What a tool or a benchmark counts.

    Attributes:
        name: Its word on the command line.
        about: What its total means, in a sentence.
        source: Where the rules are from: the version of the tool, and the file that says so.
        rules: What is counted; an operator that no rule names is not.
        params_of_counted: Whether it counts the parameters of those operators alone.
        traced: Whether it counts only what the outputs need at inference, as a tracer sees it.
    """

    name: str
    about: str
    source: str
    rules: tuple[Rule, ...]
    params_of_counted: bool = False
    traced: bool = False

    def count(self, use: Use) -> int | None:
        """Return what one operator counts, or None where it is not counted."""
        rule = self._by_operator.get(type(use.op))
        return None if rule is None else rule.counts(use)

    @cached_property
    def _by_operator(self) -> Mapping[type[Op], Rule]:
        return {operator: rule for rule in self.rules for operator in rule.operators}


def products(use: Use) -> int:
    """Return the multiply-accumulates of our own convention: no bias."""
    return use.costs.macs


def products_and_bias(use: Use) -> int:
    """Return them with one for each element that a bias is added to."""
    return use.costs.macs + use.bias * use.written


def parameters(use: Use) -> int:
    """Return the parameters, bias among them."""
    return use.costs.params


def per_element(factor: int) -> Callable[[Use], int]:
    """Return a count of so many for each element that is read."""
    return lambda use: factor * use.read


def per_normed(affine: int, plain: int) -> Callable[[Use], int]:
    """Return a count of so many for each element, by whether the norm that reads it has gamma and beta."""
    return lambda use: (affine if getattr(use.op, "affine", True) else plain) * use.read


def free(use: Use) -> int:
    """Return nothing: the tool knows the operator, and gives it for free."""
    return 0
