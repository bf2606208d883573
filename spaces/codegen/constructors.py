"""Constructors as text: blocks with their arguments, and many of them as loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from .literals import Literal

POSITIONAL = ("inputs", "width")
FEWEST = 3
"""Blocks that differ in a number and become a loop over it; fewer are written out."""
FEWEST_ROWS = 4
"""Blocks that differ in several numbers and become a loop over a table of these."""


class Construction(NamedTuple):
    """A block that is made.

    Attributes:
        name: Its class, or a whole text that is no class.
        arguments: What it is given.
    """

    name: str
    arguments: Mapping[str, Literal]

    @property
    def text(self) -> str:
        """It, with every argument written out."""
        return constructor(self.name, {key: repr(value) for key, value in self.arguments.items()})


def constructor(name: str, arguments: Mapping[str, str]) -> str:
    """Return `Name(inputs, width, other=...)`."""
    if not arguments:
        return name if name.endswith(")") else f"{name}()"
    items = list(arguments.items())
    leading = 0
    while leading < len(items) and items[leading][0] in POSITIONAL:
        leading += 1
    positional = [value for _, value in items[:leading]]
    named = [f"{key}={value}" for key, value in items[leading:]]
    return f"{name}({', '.join([*positional, *named])})"


def sequential(parts: Sequence[Construction]) -> str:
    """Return an `nn.Sequential` of blocks."""
    return f"nn.Sequential({', '.join(_runs(parts))})"


def module_list(parts: Sequence[Construction]) -> str:
    """Return an `nn.ModuleList` of blocks."""
    items = list(_runs(parts))
    if len(items) == 1:
        return f"nn.ModuleList({items[0].removeprefix('*(').removesuffix(')')})"
    return f"nn.ModuleList([{', '.join(items)}])"


def _runs(parts: Sequence[Construction]) -> Iterator[str]:
    """Yield the blocks of a sequence; equal ones, and those of one class, as one generator."""
    for _, alike in groupby(parts, key=lambda part: (part.name, *part.arguments)):
        run = list(alike)
        equal = [list(group) for _, group in groupby(run, key=lambda part: part.text)]
        fewest = FEWEST if len(_varying(run)) == 1 else FEWEST_ROWS
        if len(equal) < fewest or 2 * len(equal) <= len(run):
            yield from _written(equal)
        else:
            yield _loop(run)


def _written(groups: Sequence[Sequence[Construction]]) -> Iterator[str]:
    """Yield each group of equal blocks."""
    for group in groups:
        text = group[0].text
        yield text if len(group) == 1 else f"*({text} for _ in range({len(group)}))"


def _loop(run: Sequence[Construction]) -> str:
    """Return blocks of one class as a generator over what differs between them."""
    name, first = run[0]
    varying = _varying(run)
    texts = {key: key if key in varying else repr(value) for key, value in first.items()}
    made = constructor(name, texts)
    if len(varying) == 1:
        values = [part.arguments[varying[0]] for part in run]
        return f"*({made} for {varying[0]} in {_progression(values)})"
    rows = [f"({', '.join(repr(part.arguments[key]) for key in varying)})" for part in run]
    return f"*({made} for {', '.join(varying)} in ({', '.join(rows)}))"


def _varying(run: Sequence[Construction]) -> list[str]:
    """Return the arguments in which blocks of one class differ."""
    return [key for key in run[0].arguments if len({part.arguments[key] for part in run}) > 1]


def _progression(values: Sequence[Literal]) -> str:
    """Return a `range` where numbers grow evenly, else a tuple.

    >>> _progression([64, 96, 128]), _progression([1, 2, 4])
    ('range(64, 160, 32)', '(1, 2, 4)')
    """
    numbers = [value for value in values if isinstance(value, int)]
    steps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) == len(values) and len(steps) == 1 and (step := steps.pop()) > 0:
        return f"range({numbers[0]}, {numbers[-1] + step}, {step})"
    return repr(tuple(values))
