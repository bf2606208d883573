"""The examples in the docstrings run, and say what comes out."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import archscape.spaces

RUNNERS = "archscape.spaces.codegen.formats.runners."
"""Programs that stand alone, without examples: they import what is there where exported files are used."""
MODULES = [
    info.name
    for info in pkgutil.walk_packages(archscape.spaces.__path__, "archscape.spaces.")
    if not info.name.startswith(RUNNERS)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, "every file says what it holds"
    assert doctest.testmod(module).failed == 0
