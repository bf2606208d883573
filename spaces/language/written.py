"""A network as it is written, for those who only look: nothing that it uses is run, nothing is counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..blocks import BLOCKS, Block
from .table import Table
from .uses import remedy, used_name
from .writing import to_yaml


@dataclass(frozen=True, kw_only=True, eq=False)
class WrittenNetwork(Table):
    """The rows of a network; those whose word is no block of archscape, nor of the table, are opaque."""

    word: ClassVar[str] = "network"

    def read_users(self) -> tuple[Block[Any], ...]:
        """Return no block: what is used is not run."""
        return ()

    @property
    def opaque(self) -> tuple[str, ...]:
        """The words that the files under `uses` would give."""
        rows = [*self.layers, *(row for composed in self.composed.values() for row in composed.rows)]
        words: dict[str, None] = {}
        while rows:
            row = rows.pop(0)
            words[row.word] = None
            rows += [inner for branch in row.branches for inner in branch]
        return tuple(word for word in words if word not in BLOCKS and word not in self.blocks)

    @property
    def note(self) -> str:
        """What is opaque, and why, in one line."""
        files = ", ".join(Path(used_name(use)).name for use in self.uses)
        return f"{', '.join(self.opaque)}: opaque layers of {files}, which is code and was not run"

    @property
    def remedy(self) -> str:
        """What to do to have it run."""
        return remedy(map(used_name, self.uses))

    def to_yaml(self) -> str:
        """Return the network as YAML, with a comment on what is opaque."""
        return f"# {self.note}\n{to_yaml(self)}"
