"""A table as it was read, before anybody asks which of its cells are numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .numbers import Cell


class RawTable(NamedTuple):
    """Cells as they are written.

    Attributes:
        columns: The heads as they stand, some of them perhaps empty or twice there.
        rows: The cells, row by row: texts, or numbers where the file tells them apart.
        notes: What was understood, a few words each.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: list[str]
