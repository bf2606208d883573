"""Extents as a figure writes them."""

from __future__ import annotations

from collections.abc import Iterable


def extent_text(extents: Iterable[int]) -> str:
    """Return sizes along axes with the sign of multiplication between them.

    >>> extent_text((224, 224))
    '224×224'
    """
    return "×".join(map(str, extents))
