"""Formats of export: each writes one file of a network. A new one is a file here and a line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from archscape.spaces.registry import LazyTable

if TYPE_CHECKING:
    from .export import Export

Writer: TypeAlias = "Callable[[Export], Path]"
"""Writes an export and returns the file."""

FORMATS: LazyTable[Writer] = LazyTable(
    "format",
    __name__,
    {"source": ".source:write", "spec": ".spec:write", "weights": ".weights:write"},
)
"""What writes a network in a format, by its name on the command line."""
