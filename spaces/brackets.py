"""Brackets: the parts of a text between its outermost commas."""

from __future__ import annotations

PAIRS = {"(": ")", "[": "]", "{": "}"}
"""Brackets, and what closes each."""


def split_arguments(text: str) -> list[str]:
    """Return the parts of a text between its outermost commas.

    >>> split_arguments("a, f(b, c)")
    ['a', 'f(b, c)']
    """
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character in PAIRS) - (character in PAIRS.values())
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()] if current.strip() else parts
