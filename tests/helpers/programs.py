"""Programs that some tests need and pip does not install: a browser, a database server."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from . import browser, postgres

PROGRAMS: Mapping[str, Callable[[], str | Path | None]] = {
    "Chromium": browser.executable,
    "PostgreSQL": postgres.programs,
}
"""By name, what finds the program: its path, or None if it is not on this machine."""


def need_program(name: str) -> None:
    """Skip the test that asks if a program of `PROGRAMS` is missing; under CI, where `CI` is set, fail it."""
    if PROGRAMS[name]() is not None:
        return
    reason = f"no {name} on this machine: `make programs` installs it"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
