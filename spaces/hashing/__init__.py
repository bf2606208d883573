"""Equivalence of networks: the hash by which two of them are one, as `alike:` has it."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Graph
from .canonical import canonical_hash
from .formula import formula_hash

HASHES: dict[str, Callable[[Graph], str]] = {"graph": canonical_hash, "formula": formula_hash}
"""What `alike:` may say; `graph` unless a table says otherwise."""


def graph_hash(graph: Graph, alike: str) -> str:
    """Return sixteen hexadecimal digits; networks that are alike share them."""
    return HASHES[alike](graph)
