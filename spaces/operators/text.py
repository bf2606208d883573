"""Text of operators: brackets around what an index or an operator follows, and strided slices."""

from __future__ import annotations

from ..brackets import PAIRS


def every(x: str, stride: str, rank: int) -> str:
    """Return the text of every s-th position of each axis; a sum or a product in brackets.

    >>> every("x", "2", 2), every("F.relu(x + y)", "1", 3), every("x + y", "1", 1)
    ('x[..., ::2, ::2]', 'F.relu(x + y)', '(x + y)')
    """
    x = bracketed(x)
    return x if stride == "1" or not rank else f"{x}[..., {', '.join([f'::{stride}'] * rank)}]"


def bracketed(text: str) -> str:
    """Return a text that an index or an operator may follow: a sum or a product in brackets."""
    depth = 0
    for character in text:
        depth += (character in PAIRS) - (character in PAIRS.values())
        if character == " " and depth == 0:
            return f"({text})"
    return text
