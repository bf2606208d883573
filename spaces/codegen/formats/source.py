"""A network as a Python module that needs torch alone."""

from __future__ import annotations

from pathlib import Path

from ..source import source
from .base import Export, Format


def write(export: Export) -> Path:
    """Write the source."""
    return export.write(".py", source(export.network))


SOURCE = Format(
    summary="A network as a Python module that needs torch alone.",
    takes=frozenset({"fold"}),
    reader=("torch",),
    write=write,
)
