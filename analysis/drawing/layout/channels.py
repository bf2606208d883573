"""Channels: the space between two layers, where lines go across, each at a height of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

from ..diagram import Source
from .layers import Node

ABOVE = 6.0
"""From a box to the first line across below it."""
BELOW = 10.0
"""From the last line across to the box below it: room for an arrow's head."""
TRACK = 5.0
"""Between lines across."""
PITCH = 3.0
"""Lines that go down this near to each other must not do so at one height."""
STRAIGHT = 14.0
"""From a box to the one below it, if no line goes across."""
MOST_TRIED = 5
"""So many lines across are put in every order."""
ON_EACH_OTHER = 1000
"""Crossings that lines on each other count for."""


MOST_BENDS = 3
"""So many lines at most go across in two steps."""


class _Line(NamedTuple):
    """A line that comes down at one place and goes on at others, or the first or second step of one.

    Attributes:
        net: The value that it carries.
        step: 1 of a second step.
        start: Where it comes down.
        ends: Where it goes on.
    """

    net: Source
    step: int
    start: float
    ends: tuple[float, ...]

    @property
    def low(self) -> float:
        """The left end of its line across."""
        return min(self.start, *self.ends)

    @property
    def high(self) -> float:
        """The right end."""
        return max(self.start, *self.ends)


class Across(NamedTuple):
    """Where a line goes across.

    Attributes:
        y: How far below the upper layer.
        bend: Where it goes down again, to go across once more; None where it goes on.
    """

    y: float
    bend: float | None


class Channel(NamedTuple):
    """The space between two layers.

    Attributes:
        height: In points.
        across: For every value whose line is not straight, where it goes across: once, or twice.
    """

    height: float
    across: dict[Source, list[Across]]


def channel_below(row: Sequence[Node]) -> Channel:
    """Return the space below a layer."""
    links = [link for node in row for link in node.downs]
    if not links:
        return Channel(0, {})
    lanes_alone = all(link.lower.lane for link in links)
    lines = list(_bent(row))
    if not lines:
        return Channel(ABOVE if lanes_alone else STRAIGHT, {})
    ordered = _ordered(lines)
    for _ in range(MOST_BENDS):
        if _cost(ordered) >= ON_EACH_OTHER:
            ordered = _ordered(_in_steps(ordered))
    tracks = _tracks(ordered)
    across: dict[Source, list[Across]] = {}
    for line in sorted(ordered, key=lambda line: line.step):
        twice = any(other.net == line.net and other.step > line.step for other in ordered)
        y = ABOVE + TRACK * tracks[line.net, line.step]
        across.setdefault(line.net, []).append(Across(y, line.ends[0] if twice else None))
    return Channel(ABOVE + max(tracks.values()) * TRACK + (ABOVE if lanes_alone else BELOW), across)


def _bent(row: Sequence[Node]) -> Iterator[_Line]:
    """Yield the lines below a layer that are not straight."""
    ends: dict[Source, list[float]] = {}
    starts: dict[Source, float] = {}
    for node in row:
        for link in node.downs:
            starts[link.net] = node.x + link.start
            ends.setdefault(link.net, []).append(link.lower.x + link.end)
    for net, xs in ends.items():
        if set(xs) != {starts[net]}:
            yield _Line(net, 0, starts[net], tuple(xs))


def _in_steps(ordered: Sequence[_Line]) -> list[_Line]:
    """Return lines of which one that lies on another goes across in two steps, and bends far from all."""
    pairs = ((a, b) for index, a in enumerate(ordered) for b in ordered[index + 1 :])
    line = next(a for a, b in pairs if _crossed(a, b) >= ON_EACH_OTHER)
    others = [x for other in ordered for x in (other.start, *other.ends)]
    places = [line.low + (line.high - line.low) * share / 16 for share in range(1, 16)]
    bend = max(places, key=lambda x: min(abs(x - other) for other in others))
    steps = [_Line(line.net, 0, line.start, (bend,)), _Line(line.net, 1, bend, line.ends)]
    return [*(other for other in ordered if other != line), *steps] if not line.step else list(ordered)


def _tracks(ordered: Sequence[_Line]) -> dict[tuple[Source, int], int]:
    """Return how many lines go across above each of some, which are in order from above."""
    tracks: dict[tuple[Source, int], int] = {}
    for index, line in enumerate(ordered):
        beside = [
            tracks[other.net, other.step] + 1
            for other in ordered[:index]
            if other.low <= line.high + TRACK and line.low <= other.high + TRACK
        ]
        tracks[line.net, line.step] = max(beside, default=0)
    return tracks


def _ordered(across: Sequence[_Line]) -> Sequence[_Line]:
    """Return lines across from above so that as few as possible cross."""
    if len(across) <= MOST_TRIED:
        return min(permutations(across), key=_cost)
    ordered: list[_Line] = []
    for line in sorted(across, key=lambda line: line.high - line.low):
        places = [[*ordered[:at], line, *ordered[at:]] for at in range(len(ordered) + 1)]
        ordered = min(places, key=_cost)
    return ordered


def _cost(ordered: Sequence[_Line]) -> int:
    return sum(_crossed(a, b) for index, a in enumerate(ordered) for b in ordered[index + 1 :])


def _crossed(above: _Line, below: _Line) -> int:
    """Return how often two lines cross if one goes across above the other."""
    if above.net == below.net:
        return 0 if above.step < below.step else ON_EACH_OTHER
    count = sum(below.low < end < below.high for end in above.ends) + (above.low < below.start < above.high)
    return count + ON_EACH_OTHER * any(abs(below.start - end) < PITCH for end in above.ends)
