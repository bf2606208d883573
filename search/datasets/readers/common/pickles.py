"""Pickles of arrays, as the CIFAR archives hold them, read without running what they name.

A pickle names functions to call. Here it may name the constructors of NumPy arrays and of byte strings alone;
one that names anything else is refused before that is looked up.
"""

from __future__ import annotations

import pickle
from typing import Any, BinaryIO

_ARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")

ALLOWED = frozenset(
    {
        *((module, "_reconstruct") for module in _ARRAYS),
        *((module, "scalar") for module in _ARRAYS),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }
)
"""What a pickle may name: what NumPy of Python 2 and 3 writes of an array, and Python 3 of bytes."""


class ArrayUnpickler(pickle.Unpickler):
    """Reads plain types and arrays of numbers alone."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle may name.

        Raises:
            pickle.UnpicklingError: If it may not name it.
        """
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is neither an array nor plain")
        return super().find_class(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies elsewhere.

        Raises:
            pickle.UnpicklingError: Always.
        """
        raise pickle.UnpicklingError("it refers to an object outside of it")


def load_arrays(file: BinaryIO) -> dict[str, Any]:
    """Return the mapping that a pickle holds, its byte strings as text.

    Raises:
        ValueError: If it holds anything else, or cannot be read.
    """
    try:
        content = ArrayUnpickler(file, encoding="bytes").load()
    except Exception as error:  # what is damaged makes the constructors fail in every way
        raise ValueError(f"not a pickle of arrays: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"not a pickle of arrays: it holds a {type(content).__name__}, not a mapping")
    return {_text(key): value for key, value in content.items()}


def texts(values: Any) -> list[str]:
    """Return a list of texts or byte strings as texts."""
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
