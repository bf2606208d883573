"""What a format needs beyond archscape: packages that are installed on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archscape.spaces.errors import InputError


@contextmanager
def needing(extra: str, network: str) -> Iterator[None]:
    """Import what a format is written with.

    Args:
        extra: The extra of archscape that has it.
        network: The name of the network that is exported.

    Raises:
        InputError: If it is not installed; the message says how it is.
    """
    try:
        yield
    except ImportError as error:
        remedy = f"pip install 'archscape[{extra}]'"
        raise InputError(f"network {network}: this format needs {error.name}: {remedy}") from None
