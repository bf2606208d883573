"""What a runtime of small devices states of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from archscape.spaces import Network
from archscape.spaces.printing import Printed, Printout

from .missing import Missing


@dataclass(frozen=True, kw_only=True, repr=False)
class TargetMemory(Printed):
    """What a network takes on a small device, in bytes, for one input.

    Attributes:
        network: The network.
        target: A name of the table of targets.
        dtype: `int8` or `float32`.
        arena: The planned part of the working memory: maps, and what kernels hold beside them.
        persistent: The part of it that the runtime keeps about each operator and tensor; an upper bound.
        sram: The working memory that the runtime starts with: both parts, or what it needs to plan them.
        flash: The file that stands in flash memory: weights, and what describes the network.
        place: The operator during which most of the arena is in use.
        unsupported: Operators that the runtime lacks or of which no conversion is known, by full name; each
            is counted as if it made its output and nothing else, so that the arena is a lower bound.
    """

    network: Network
    target: str
    dtype: str
    arena: int
    persistent: int
    sram: int
    flash: int
    place: str
    unsupported: tuple[str, ...]

    def printout(self) -> Printout:
        """Return what it takes, part by part."""
        rows = [(part, getattr(self, part)) for part in ("arena", "persistent", "sram", "flash")]
        title = f"{self.network.name} on {self.target}, {self.dtype}; most of the arena at {self.place}"
        return Printout(title=title, columns=("part", "bytes"), rows=rows)


class Target(NamedTuple):
    """A runtime of small devices.

    Attributes:
        title: What it is called.
        source: Where its operators are listed.
        memory: From a network and a type to what it takes there.
        missing: From the same to the operators that the runtime does not have as they are.
    """

    title: str
    source: str
    memory: Callable[[Network, str], TargetMemory]
    missing: Callable[[Network, str], Iterator[Missing]]
