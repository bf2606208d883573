"""Layout of generated source: long calls are broken as formatters break them."""

from __future__ import annotations

from ..brackets import PAIRS, split_arguments


def indent(text: str, columns: int) -> str:
    """Return a text with every line moved to the right."""
    pad = " " * columns
    return "\n".join(f"{pad}{line}".rstrip() for line in text.splitlines())


def fit(line: str, width: int) -> list[str]:
    """Return a line as it is where it fits, else its outermost call broken.

    The arguments go on one line if they fit it, else one a line.

    >>> fit("f(aaaa, bbbb)", 8)
    ['f(', '    aaaa,', '    bbbb,', ')']
    """
    if len(line) <= width and "nn.Sequential(" not in line:
        return [line]
    start, end = _outermost(line)
    several = "nn.Sequential(" in line[: start + 1] and len(split_arguments(line[start + 1 : end])) > 1
    if start < 0 or (len(line) <= width and not several):
        return [line]
    pad = " " * (len(line) - len(line.lstrip()) + 4)
    lines = [line[: start + 1]]
    parts = split_arguments(line[start + 1 : end])
    element, loop = generator(line[start + 1 : end])
    if loop and len(pad) + len(line[start + 1 : end]) > width:
        return [*lines, *fit(pad + element, width), pad + loop, f"{pad[4:]}{line[end:]}"]
    together = pad + ", ".join(parts)
    if len(together) <= width and not several and "def " not in line:
        return [*lines, together, f"{pad[4:]}{line[end:]}"]
    for argument in parts:
        lines += fit(f"{pad}{argument},", width)
    return [*lines, f"{pad[4:]}{line[end:]}"]


def generator(text: str) -> tuple[str, str]:
    """Return the element and the loop of a generator's text, or the text and nothing.

    >>> generator("f(i) for i in range(3)")
    ('f(i)', 'for i in range(3)')
    """
    depth = 0
    for at, character in enumerate(text):
        depth += (character in PAIRS) - (character in PAIRS.values())
        if depth == 0 and text.startswith(" for ", at):
            return text[:at], text[at + 1 :]
    return text, ""


def _outermost(line: str) -> tuple[int, int]:
    """Return the bracket that opens last at depth 0 and where it closes, or (-1, -1)."""
    depth, start, bracket = 0, -1, (-1, -1)
    for at, character in enumerate(line):
        if character in PAIRS:
            start = at if depth == 0 else start
            depth += 1
        elif character in PAIRS.values():
            depth -= 1
            if depth == 0 and at > start + 1:
                bracket = start, at
    return bracket
