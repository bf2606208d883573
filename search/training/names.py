"""Patterns over the names of weights: of a row, a part of it, or a single weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from archscape.spaces.errors import JobError, suggest


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that a pattern is about: it may stand for a name, or for what a name begins with.

    >>> matching("stage*", ["conv.weight", "stage1.0.conv1.weight", "stage2.norm.bias"])
    ['stage1.0.conv1.weight', 'stage2.norm.bias']
    >>> matching("*.bias", ["conv.weight", "stage2.norm.bias"])
    ['stage2.norm.bias']
    """
    return [name for name in names if any(fnmatchcase(start, pattern) for start in _starts(name))]


def check_pattern(pattern: str, names: Sequence[str], *, what: str) -> None:
    """Check that a pattern is about a weight at least.

    Args:
        pattern: The pattern.
        names: Those of all weights.
        what: The setting that it stands in, as `freeze`.

    Raises:
        JobError: If it is about none; the message has the nearest name, or those of all rows.
    """
    if matching(pattern, names):
        return
    rows = dict.fromkeys(name.partition(".")[0] for name in names)
    near = suggest(pattern, [start for name in names for start in _starts(name)])
    raise JobError(f"{what}: no weight is called '{pattern}'{near if 'mean' in near else suggest('', rows)}")


def _starts(name: str) -> list[str]:
    """Return a name and all that it begins with, up to a dot."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
