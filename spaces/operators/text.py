"""Text of operators: strided slices."""

from __future__ import annotations

from ..brackets import bracketed


def every(x: str, stride: str, rank: int) -> str:
    """Return the text of every s-th position of each axis; a sum or a product in brackets.

    >>> every("x", "2", 2), every("F.relu(x + y)", "1", 3), every("x + y", "1", 1)
    ('x[..., ::2, ::2]', 'F.relu(x + y)', '(x + y)')
    """
    x = bracketed(x)
    return x if stride == "1" or not rank else f"{x}[..., {', '.join([f'::{stride}'] * rank)}]"
