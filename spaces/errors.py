"""The exceptions of archscape.

::

    ArchscapeError
    ├── InputError        what the user gave is wrong: place, what was given, the law, the nearest right word
    │   ├── SpaceError    in a network or a space
    │   │   ├── CodeNotRun     it uses a Python file that nobody here named
    │   │   ├── ShapeError     a map too small or channels that do not divide: the network cannot be built
    │   │   └── Infeasible     no network of the space meets its limits
    │   └── JobError      in a job file or its data
    ├── ExportError       an exported file does not compute what the network computes
    └── StudyError        the study cannot go on (storage, workers)
        ├── StorageError  none can be opened at the address that was given; an InputError too
        └── StudyGone     it was deleted, or its file was
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .vocabulary import nearest


class ArchscapeError(Exception):
    """Base of every error that archscape raises on purpose."""


class InputError(ArchscapeError, ValueError):
    """What the user gave is wrong; the message names the place and the remedy. Exit status 2.

    Attributes:
        setting: The setting of a job that is wrong, where the message does not name its place: `data`.
    """

    setting: str = ""


class SpaceError(InputError):
    """A network or a space does not follow the language."""


class CodeNotRun(SpaceError):  # noqa: N818 - nothing went wrong: it was not run
    """A stored table uses a Python file or a module, and nobody here named it to be run."""


class ShapeError(SpaceError):
    """The rows are well formed, but their shapes do not fit: a map too small, channels that do not divide."""


class Infeasible(SpaceError):  # noqa: N818 - the word of the field
    """No network of the space meets its limits."""


class JobError(InputError):
    """A job file, or what it names, is wrong."""


class ExportError(ArchscapeError):
    """An exported file does not compute what the network computes."""


class StudyError(ArchscapeError):
    """The study cannot go on."""


class StorageError(StudyError, InputError):
    """No study can be opened at the address that was given: it is wrong, or what it names is no storage."""


class StudyGone(StudyError):  # noqa: N818 - it is not there, whatever is tried
    """The study was deleted, or the file of its database was deleted, replaced or damaged."""


@contextmanager
def about(setting: str) -> Iterator[None]:
    """Let an input error that is raised meanwhile be about a setting of a job."""
    try:
        yield
    except InputError as error:
        error.setting = error.setting or setting
        raise


def first_line(error: BaseException) -> str:
    r"""Return the first line of what an error says; its kind where it says nothing.

    >>> first_line(ValueError("too wide\nat line 3")), first_line(ValueError())
    ('too wide', 'ValueError')
    """
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'kernel'?"`, or the list of what is known when nothing is near.

    >>> suggest("kernal", ["kernel", "width"])
    "; did you mean 'kernel'?"
    >>> suggest("zebra", ["kernel", "width"])
    '; it knows kernel, width'
    """
    words = sorted(set(known))
    near = nearest(word, words)
    if near:
        return f"; did you mean {near}?"
    return f"; it knows {', '.join(words)}" if words else ""
