"""What finds a peak of memory: how long each piece lives, and a running sum of those that do."""

from __future__ import annotations

from math import prod as elements
from typing import NamedTuple

from archscape.spaces.graph import Flat

__all__ = ["Peak", "Tally", "elements", "lifetimes"]


class Peak(NamedTuple):
    """The most that is held.

    Attributes:
        bytes: How much.
        place: The operator that runs then.
    """

    bytes: int
    place: str


class Tally:
    """Pieces of memory with a count of who holds each; a piece that nobody holds is free.

    Attributes:
        live: Bytes held now.
        top: Most bytes held so far.
        place: The operator that ran then.
    """

    __slots__ = ("counts", "live", "place", "sizes", "top")

    def __init__(self) -> None:
        self.live = self.top = 0
        self.place = "input"
        self.sizes: list[int] = []
        self.counts: list[int] = []

    def new(self, size: int) -> int:
        """Return a new piece with one holder."""
        self.live += size
        self.sizes.append(size)
        self.counts.append(1)
        return len(self.sizes) - 1

    def hold(self, piece: int) -> int:
        """Add a holder and return the piece."""
        self.counts[piece] += 1
        return piece

    def release(self, piece: int) -> None:
        """Take a holder away."""
        self.counts[piece] -= 1
        if not self.counts[piece]:
            self.live -= self.sizes[piece]

    def look(self, place: str, more: int = 0) -> None:
        """Compare what is held, with more for a moment, with the most so far."""
        if self.live + more > self.top:
            self.top, self.place = self.live + more, place


def lifetimes(flat: Flat, views: list[bool]) -> tuple[list[int], list[int]]:
    """Return for each value the one in whose memory it lies, and the node after which that memory is free."""
    owners, last = [0], [-1]
    for index, (node, view) in enumerate(zip(flat.nodes, views, strict=True)):
        owners.append(owners[node.inputs[0]] if view else index + 1)
        last.append(index)
        for value in node.inputs:
            last[owners[value]] = index
    for value in flat.outputs:
        last[owners[value]] = len(flat.nodes)
    return owners, last
