"""Values of the user's own in a document."""

from __future__ import annotations

import doctest

import pytest

from archscape.spaces.language import plain as module
from archscape.spaces.language.plain import plain_mapping


def test_worked_examples_hold() -> None:
    assert doctest.testmod(module) == (0, 2)


def test_a_mapping_is_read_with_its_numbers() -> None:
    kind = plain_mapping("a mapping, as in {a: 1}")
    assert kind.read({"a": "1", "b": ["0.5", "no"]}) == {"a": 1, "b": [0.5, "no"]}
    for wrong in ("1", ["1"], None):
        with pytest.raises(ValueError, match="a mapping, as in"):
            kind.read(wrong)
    with pytest.raises(ValueError, match="a mapping, as in"):
        kind.accept({"a": object()})
