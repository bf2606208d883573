"""`LO..HI log`: numbers in equal ratios, both ends included."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.spaces import Row, Space, span
from archscape.spaces.language.expressions import PER_DECADE, Range
from archscape.spaces.language.parser import parse
from archscape.spaces.values import LogOptions

positive = st.integers(1, 1000) | st.fractions("1/10000", 100, max_denominator=10_000)


def ranged(text: str) -> Range:
    value = parse(text)
    assert isinstance(value, Range)
    return value


def test_whole_ends_give_whole_numbers_each_once() -> None:
    assert ranged("1..8 log").numbers == [1, 2, 3, 4, 5, 6, 8]
    assert ranged("16..64 log").numbers == [16, 20, 25, 32, 40, 51, 64]


def test_other_ends_give_numbers_of_three_digits_written_as_decimals() -> None:
    assert ranged("0.01..0.1 log").options == (
        *("0.01", "0.0126", "0.0158", "0.02", "0.0251", "0.0316"),
        *("0.0398", "0.0501", "0.0631", "0.0794", "0.1"),
    )


def test_ends_are_kept_as_they_are() -> None:
    numbers = ranged("0.012345..0.98765 log").numbers
    assert (numbers[0], numbers[-1]) == (Fraction("0.012345"), Fraction("0.98765"))


def test_a_narrow_range_has_its_ends_alone() -> None:
    assert ranged("0.1..0.11 log").numbers == [Fraction("0.1"), Fraction("0.11")]


@given(positive, st.fractions("6/5", 10_000, max_denominator=100))
def test_numbers_rise_by_nearly_the_same_factor(low: int | Fraction, factor: Fraction) -> None:
    steps = ranged(f"{float(low):.12f}..{float(low * factor) + 1e-9:.12f} log")
    numbers = [float(each) for each in steps.numbers]
    assert all(a < b for a, b in pairwise(numbers))
    if not isinstance(steps.numbers[1], int):
        ratios = [math.log10(b / a) for a, b in pairwise(numbers)]
        assert max(ratios) - min(ratios) < 0.01
        assert abs(len(ratios) - PER_DECADE * math.log10(numbers[-1] / numbers[0])) <= 1


def test_a_space_draws_each_of_them_alike_and_knows_their_order() -> None:
    space = Space(
        name="widths", input=(3, 8, 8), layers=(Row("conv", width=span(8, 32, log=True)), Row("dropout"))
    )
    options = space.paths["conv.width"]
    assert isinstance(options, LogOptions)
    assert tuple(options) == (8, 10, 13, 16, 20, 25, 32)
    rng = Random(0)
    drawn = Counter(space.sample(rng).decisions["conv.width"] for _ in range(700))
    assert set(drawn) == set(options)
    assert min(drawn.values()) > 70
    assert space.encode({"conv.width": 16}) == (0.5,)
    assert space.sample_of_texts({"conv.width": "20"}).network.body.shapes[0][0] == 20


def test_ratios_are_options_as_decimals() -> None:
    space = Space(
        name="drops",
        input=(3, 8, 8),
        layers=(Row("conv", width=8), Row("dropout", rate=span(0.01, 0.5, log=True))),
    )
    sample = space.sample_of_texts({"dropout.rate": "0.0501"})
    assert sample.network.layers[1].args["rate"] == Fraction("0.0501")
    assert space.count() == len(space.paths["dropout.rate"]) == 18
    assert Space.from_yaml(space.to_yaml()).paths == space.paths


@pytest.mark.parametrize(
    ("written", "python"),
    [("16..256 log", span(16, 256, log=True)), ("1e-4..0.1 log", span(1e-4, 0.1, log=True))],
)
def test_python_says_the_same(written: str, python: Range) -> None:
    assert parse(written) == python
    assert eval(repr(python), {"span": span, "Fraction": Fraction}) == python
