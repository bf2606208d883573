"""A grid over a space: its decision lists one by one, in an order that spreads them out.

The lists are numbered as the digits of a clock are, each choice a digit, those that a list does not ask for
too. The walk goes through the numbers in equal steps of about the golden section of them all, which has no
divisor in common with their number. So it meets every number once; the choices that come last take their
options in turn, and those that come first fill the largest gap again and again (a Weyl sequence). That holds
for a space of any size: of a huge one, a search of n trials sees n points that are spread out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, isqrt
from typing import TYPE_CHECKING, ClassVar

from .walk import Walk, WalkSampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space
    from archscape.spaces.values import Option


@dataclass(frozen=True, kw_only=True)
class GridSampler(WalkSampler):
    """Every list of decisions in a fixed order, spread out over the space; nothing is drawn at random."""

    name: ClassVar[str] = "grid"

    def walk(self, space: Space, seed: str) -> Walk:
        """Return the walk through all numbers, from the middle of the space on."""
        values, total = place_values(space)
        step = golden_step(total)

        def point(place: int) -> Sample | None:
            if place == total:
                return None
            number = (total // 2 + place * step) % total

            def choose(path: str, options: Sequence[Option]) -> Option:
                return options[number // values[path] % len(options)]

            return space.decide(choose)

        return Walk(space=space, point=point)


def place_values(space: Space) -> tuple[dict[str, int], int]:
    """Return what the digit of each choice counts for, 1 for the last; and how many numbers there are."""
    values, total = dict[str, int](), 1
    for path, options in reversed(space.paths.items()):
        values[path] = total
        total *= len(options)
    return values, total


def golden_step(total: int) -> int:
    """Return a number near the golden section of a total that has no divisor in common with it.

    >>> [golden_step(total) for total in (1, 10, 100, 3**8)]
    [1, 7, 61, 4054]
    """
    step = max(1, (isqrt(5 * total * total) - total) // 2)
    while gcd(step, total) > 1:
        step += 1
    return step
