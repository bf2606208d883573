"""What the user's own Python raises, as one line with its place."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

from ..errors import InputError

HERE = Path(__file__).parents[2]
FLOORS = [str((HERE / floor).resolve()) for floor in ("spaces", "analysis", "search")]
LIBRARIES = (str(HERE), *FLOORS, sysconfig.get_path("stdlib"), "<frozen", "<archscape")
"""Where frames of a traceback begin that are not the user's; installed packages are not either."""


@contextmanager
def failures(what: str = "", *, where: str = "") -> Iterator[None]:
    """Turn whatever the user's code raises into one line: where, during what, and the error.

    Args:
        what: What was being done.
        where: The file, if the traceback does not show a line of the user's.
    """
    try:
        yield
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(": ".join(filter(None, [place_of(error) or where, what, text]))) from error


def place_of(error: BaseException) -> str:
    """Return the file and line of the user's code where an error arose; "" if it did in none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = extract_tb(error.__traceback__)
    user_frames = [
        f for f in frames if "-packages" not in f.filename and not f.filename.startswith(LIBRARIES)
    ]
    return f"{user_frames[-1].filename}:{user_frames[-1].lineno}" if user_frames else ""
