"""Layout of generated source: long calls are broken as formatters break them."""

from __future__ import annotations

from ..brackets import PAIRS, split_arguments

WIDTH = 88
"""Longest line."""


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
    if conditional := _conditional(line, width):
        return conditional
    start, end = _outermost(line)
    several = "nn.Sequential(" in line[: start + 1] and len(split_arguments(line[start + 1 : end])) > 1
    if start < 0 or (len(line) <= width and not several):
        return [line]
    pad = " " * (len(line) - len(line.lstrip()) + 4)
    lines = [line[: start + 1]]
    parts = split_arguments(line[start + 1 : end])
    element, loop = generator(line[start + 1 : end])
    if loop and (len(pad) + len(line[start + 1 : end]) > width or " in ((" in loop):
        return [*lines, *fit(pad + element, width), *_table(pad + loop, width), f"{pad[4:]}{line[end:]}"]
    together = pad + ", ".join(parts)
    if len(together) <= width and not several and "def " not in line:
        return [*lines, together, f"{pad[4:]}{line[end:]}"]
    comma = "" if len(parts) == 1 and parts[0].startswith("[") else ","
    for argument in parts:
        lines += fit(f"{pad}{argument}{comma}", width)
    return [*lines, f"{pad[4:]}{line[end:]}"]


def _conditional(line: str, width: int) -> list[str]:
    """Return `name = a if b else c` in brackets, on one line or three; nothing for any other line."""
    condition, otherwise = top_level(line, " if "), top_level(line, " else ")
    equals = line.find(" = ")
    if len(line) <= width or condition < 0 or otherwise < condition or not 0 <= equals < condition:
        return []
    pad = " " * (len(line) - len(line.lstrip()) + 4)
    value = line[equals + 3 :]
    lines = [pad + value]
    if len(lines[0]) > width:
        parts = (line[equals + 3 : condition], line[condition + 1 : otherwise], line[otherwise + 1 :])
        lines = [broken for part in parts for broken in fit(pad + part, width)]
    return [line[: equals + 2] + " (", *lines, f"{pad[4:]})"]


def _table(line: str, width: int) -> list[str]:
    """Return the loop of a generator; a table that it goes over has a row a line."""
    start = line.find("(")
    if len(line) <= width and " in ((" not in line:
        return [line]
    pad = " " * (len(line) - len(line.lstrip()) + 4)
    rows = split_arguments(line[start + 1 : -1])
    return [line[: start + 1], *(f"{pad}{row}," for row in rows), f"{pad[4:]})"]


def top_level(text: str, words: str) -> int:
    """Return where some words stand outside every bracket, or -1.

    >>> top_level("f(a if b else c) if d else e", " if ")
    16
    """
    depth = 0
    for at, character in enumerate(text if words in text else ""):
        depth += (character in PAIRS) - (character in PAIRS.values())
        if depth == 0 and text.startswith(words, at):
            return at
    return -1


def generator(text: str) -> tuple[str, str]:
    """Return the element and the loop of a generator's text, or the text and nothing.

    >>> generator("f(i) for i in range(3)")
    ('f(i)', 'for i in range(3)')
    """
    at = top_level(text, " for ")
    return (text, "") if at < 0 else (text[:at], text[at + 1 :])


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
