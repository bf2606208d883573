"""Brackets in a text: its parts between the outermost commas, and brackets where something follows it."""

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


def bracketed(text: str) -> str:
    """Return a text that an index or an operator may follow: a sum or a product in brackets."""
    depth = 0
    for character in text:
        depth += (character in PAIRS) - (character in PAIRS.values())
        if character == " " and depth == 0:
            return f"({text})"
    return text
