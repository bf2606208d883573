"""Lazy tables: names are known before anything is imported."""

from __future__ import annotations

import doctest
import sys

import pytest

from archscape.spaces import registry
from archscape.spaces.errors import InputError, JobError
from archscape.spaces.registry import LazyTable


def test_worked_examples_hold() -> None:
    assert doctest.testmod(registry).failed == 0


def test_names_are_asked_for_without_an_import() -> None:
    table: LazyTable[object] = LazyTable("thing", "archscape.spaces", {"none": ".nowhere:thing"})
    assert list(table) == ["none"]
    assert len(table) == 1
    assert "none" in table
    assert 3 not in table
    assert "archscape.spaces.nowhere" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        table.load("none")


def test_unknown_name_is_an_error_of_the_tables_kind() -> None:
    homes = {"near": "fractions:Fraction"}
    with pytest.raises(InputError, match="no thing 'naer'; did you mean 'near'"):
        LazyTable[object]("thing", "", homes).load("naer")
    with pytest.raises(JobError, match="no thing 'zebra'; it knows near"):
        LazyTable[object]("thing", "", homes, error=JobError).load("zebra")
