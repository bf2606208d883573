"""A network as its table, which archscape reads back."""

from __future__ import annotations

from pathlib import Path

from archscape.spaces.language.writing import to_yaml

from .base import Export, Format


def write(export: Export) -> Path:
    """Write the table as YAML."""
    return export.write(".yaml", to_yaml(export.table, uses=export.uses))


SPEC = Format(summary="A network as its table, which archscape reads back.", write=write)
