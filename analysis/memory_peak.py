"""A peak of memory, and the running sum that finds it."""

from __future__ import annotations

from math import prod as elements
from typing import NamedTuple

__all__ = ["Peak", "Tally", "elements"]


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
