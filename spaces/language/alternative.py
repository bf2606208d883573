"""What the word of a row stands for: one block with its slots, or one of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..blocks import Block
from ..graph import Style
from .slots import Count, Paths, Slot, product


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One block with its slots; or a word that stands for one of several.

    Attributes:
        word: The block's word: an option where a word stands for several.
        block: The block, if it is one.
        slots: Its arguments that are given.
        maps: The names of the maps it reads besides its input, by the word that names them.
        style: Its norm, act and bias where they are set, by `defaults` or by the row.
        fixed_style: The same where nothing in it is open.
        inner: The alternatives of a word of its own.
    """

    word: str
    block: Block[Any] | None = None
    slots: Mapping[str, Slot] = field(default_factory=dict)
    maps: Mapping[str, Slot] = field(default_factory=dict)
    style: Mapping[str, Slot] = field(default_factory=dict)
    fixed_style: Style | None = None
    inner: tuple[Alternative, ...] = ()

    def drawn(self, *, first: bool) -> Iterator[Slot]:
        """Yield the slots that one block draws; only the first one of a row has a stride."""
        for word, slot in self.slots.items():
            if first or word != "stride":
                yield slot
        yield from self.maps.values()
        yield from self.style.values()

    def reads(self) -> frozenset[str]:
        """Return the variables that it reads."""
        variables = {name for slot in self.drawn(first=True) for name in slot.count().variables}
        return frozenset(variables.union(*(alternative.reads() for alternative in self.inner)))

    def leaves(self) -> Iterator[tuple[Block[Any], Alternative]]:
        """Yield every block it can come down to, with its alternative."""
        if self.block:
            yield self.block, self
        for alternative in self.inner:
            yield from alternative.leaves()

    def blocks(self) -> list[Block[Any]]:
        """Return every block it can come down to."""
        return [block for block, _ in self.leaves()]

    def count(self, *, first: bool) -> Count:
        """Return the ways to draw one block."""
        inner = (alternative.count(first=first) for alternative in self.inner)
        return product(self.drawn(first=first)) if self.block else sum(inner, Count())

    def paths(self, prefix: str, path: str, *, first: bool) -> Paths:
        """Yield the paths of one block; `path` is that of the choice among the alternatives within."""
        if len(self.inner) > 1:
            yield path, tuple(alternative.word for alternative in self.inner)
        for alternative in self.inner:
            yield from alternative.paths(prefix, f"{path}.{alternative.word}", first=first)
        for slot in self.drawn(first=first):
            yield from slot.paths(prefix)
