"""The examples in the docstrings run, and say what comes out."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import archscape.spaces

MODULES = [info.name for info in pkgutil.walk_packages(archscape.spaces.__path__, "archscape.spaces.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, "every file says what it holds"
    assert doctest.testmod(module).failed == 0
