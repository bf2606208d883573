"""An export: the network that a format writes, and the file to write it to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.atomic import write_whole
from archscape.spaces.errors import CodeNotRun
from archscape.spaces.language.closed_table import ClosedTable
from archscape.spaces.language.written import WrittenNetwork

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Export:
    """What a format writes, and where.

    Attributes:
        table: The network, or only how it is written if the code that it uses was not run.
        path: The file, without its suffix, in a folder that exists.
        uses: How the network names the user's own files, which lie beside what is written.
        weights: The state dict of a trained network, if there is one.
        metadata: What the weights' file says of itself, such as `mean` and `std` of the data.
    """

    table: ClosedTable | WrittenNetwork
    path: Path
    uses: Sequence[str] = ()
    weights: Mapping[str, Tensor] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def network(self) -> ClosedTable:
        """The network, for the formats that build it.

        Raises:
            CodeNotRun: If it is only known how it is written.
        """
        if isinstance(self.table, WrittenNetwork):
            raise CodeNotRun(f"network {self.table.name}: {self.table.remedy}, or take `--format spec` alone")
        return self.table

    def write(self, suffix: str, content: str | bytes) -> Path:
        """Write the file, whole or not at all; a text is UTF-8 with the same line ends on every system."""
        path = self.path.with_name(self.path.name + suffix)
        write_whole(path, content)
        return path
