"""The exceptions of archscape.

::

    ArchscapeError
    ├── InputError        what the user gave is wrong: place, what was given, the law, the nearest right word
    │   ├── SpaceError    in a network or a space
    │   │   ├── ShapeError     a map too small or channels that do not divide: the network cannot be built
    │   │   └── Infeasible     no network of the space meets its limits
    │   └── JobError      in a job file or its data
    └── StudyError        the study cannot go on (storage, workers)
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ArchscapeError(Exception):
    """Base of every error that archscape raises on purpose."""


class InputError(ArchscapeError, ValueError):
    """What the user gave is wrong; the message names the place and the remedy. Exit status 2."""


class SpaceError(InputError):
    """A network or a space does not follow the language."""


class ShapeError(SpaceError):
    """The rows are well formed, but their shapes do not fit: a map too small, channels that do not divide."""


class Infeasible(SpaceError):  # noqa: N818 - the word of the field
    """No network of the space meets its limits."""


class JobError(InputError):
    """A job file, or what it names, is wrong."""


class StudyError(ArchscapeError):
    """The study cannot go on."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'kernel'?"`, or the list of what is known when nothing is near.

    >>> suggest("kernal", ["kernel", "width"])
    "; did you mean 'kernel'?"
    >>> suggest("zebra", ["kernel", "width"])
    '; it knows kernel, width'
    """
    words = sorted(set(known))
    near = get_close_matches(word, words, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; it knows {', '.join(words)}" if words else ""
