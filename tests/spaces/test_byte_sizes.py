"""Sizes in bytes: read exactly, and written back as the same number."""

from __future__ import annotations

import doctest
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archscape.spaces import byte_sizes as module
from archscape.spaces.byte_sizes import MOST, UNIT_NAMES, UNITS, parse_size, read_size, size_text
from archscape.spaces.errors import InputError


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("2kB", 2000),
        ("2 KiB", 2048),
        ("0.1 MB", 100_000),
        (" 1.5MiB ", 1_572_864),
        ("3GB", 3 * 10**9),
    ],
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "256", "KiB", "1e3kB", "-1B", "1 TB", "256 kib", "1..2kB", "1KiBs"])
def test_what_is_none_is_refused_with_the_units(text: str) -> None:
    assert parse_size(text) is None
    with pytest.raises(InputError, match=f"a number and one of {UNIT_NAMES}, as in 16GiB, but got '{text}'"):
        read_size(text)


def test_a_unit_in_another_case_is_met_with_the_one_that_is_meant() -> None:
    with pytest.raises(InputError, match="did you mean 'KiB'"):
        read_size("256KIB")


@settings(derandomize=True)
@given(st.one_of(st.integers(0, 10**15), st.floats(1, MOST)))
def test_a_size_is_read_as_it_was_written(size: float) -> None:
    written = parse_size(size_text(size))
    assert written == Fraction(str(size))


@pytest.mark.parametrize("unit", UNITS)
def test_a_round_number_of_a_unit_is_written_in_it(unit: str) -> None:
    assert size_text(3 * UNITS[unit]) == f"3{unit}"
