"""Decisions as vectors: the distances of choices and ranges."""

from __future__ import annotations

import numpy as np
import pytest

from archscape.search.samplers.bayes.description import Path
from archscape.search.samplers.bayes.encoding import Encoder


def square(path: Path, first: int, second: int) -> float:
    vectors = Encoder(paths=[path]).vectors(np.array([[first], [second]]))
    return float(((vectors[0] - vectors[1]) ** 2).sum())


@pytest.mark.parametrize(("first", "second", "expected"), [(0, 0, 0), (0, 1, 1), (2, 0, 1), (-1, 1, 2 / 6)])
def test_options_of_a_choice_are_1_apart(first: int, second: int, expected: float) -> None:
    assert square(Path("kind", 3, False), first, second) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"), [(0, 4, 1), (1, 2, 0.25), (-1, 0, 0.4), (-1, 2, 0.4), (3, 3, 0)]
)
def test_numbers_are_apart_by_their_ranks(first: int, second: int, expected: float) -> None:
    assert square(Path("depth", 5, True), first, second) == pytest.approx(expected)


def test_a_long_range_has_few_coordinates_and_keeps_its_order() -> None:
    path = Path("range", 1001, True)
    assert len(Encoder(paths=[path]).groups) < 20
    distances = [square(path, 0, rank) for rank in range(0, 1001, 50)]
    assert distances == sorted(distances)
    assert distances[-1] == pytest.approx(1)


def test_coordinates_say_which_path_they_are_of() -> None:
    encoder = Encoder(paths=[Path("kind", 3, False), Path("depth", 5, True), Path("switch", 2, True)])
    assert encoder.groups.tolist() == [0] * 3 + [1] * 5 + [2] * 2
    assert encoder.vectors(np.zeros((4, 3), dtype=np.int64)).shape == (4, 10)
