"""A metric that a function of the user's gives for a network."""

from __future__ import annotations

import math
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from archscape.spaces.errors import InputError
from archscape.spaces.language.user_errors import failures
from archscape.spaces.language.user_function import UserFunction

if TYPE_CHECKING:
    from archscape.spaces import Network


def call(name: str, function: UserFunction, network: Network) -> float:
    """Return what a function of the user's gives for a network.

    Raises:
        InputError: If that is no finite number, or it raises; with the place of the function.
    """
    loaded = function.load()
    with failures(f"{function.name}, the metric {name}"), redirect_stdout(sys.stderr):
        value = loaded(network)
    is_number = isinstance(value, int | float) or hasattr(value, "item")
    number = math.nan if isinstance(value, bool) or not is_number else _number(value)
    if not math.isfinite(number):
        code = getattr(loaded, "__code__", None)
        place = f"{function.file}:{code.co_firstlineno}" if code else function.file
        shown = repr(value) if isinstance(value, float | str | bool | None) else type(value).__name__
        law = f"{function.function} returns {shown} as the metric {name}; it returns a finite number"
        raise InputError(f"{place}: {law}")
    return number


def _number(value: Any) -> float:
    """Return a number, also that of an array or tensor of one element; NaN if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return math.nan
