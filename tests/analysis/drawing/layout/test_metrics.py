"""Widths of text: those of the widest font that figures are drawn with."""

from __future__ import annotations

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from archscape.analysis.drawing.layout.metrics import fitted, text_width

TEXTS = ("7×7 conv, 64, /2", "global avg pool", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "×16")


def width_in_dejavu(text: str, weight: str) -> float:
    font = FontProperties(family="DejaVu Sans", weight=weight, size=100)
    return float(TextPath((0, 0), text, prop=font).get_extents().x1)


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_as_wide_as_dejavu_sans_makes_it(text: str) -> None:
    assert text_width(text, 100) == pytest.approx(width_in_dejavu(text, "normal"), rel=0.1)
    assert text_width(text, 100) > width_in_dejavu(text, "normal")


def test_other_letters_fit() -> None:
    assert text_width("größer – é, Ω ℝ", 100) > width_in_dejavu("größer – é, Ω ℝ", "normal")


def test_bold_signs_fit_too() -> None:
    assert text_width("×1234567890", 100, bold=True) > width_in_dejavu("×1234567890", "bold")


def test_letters_of_the_east_are_wide_and_accents_take_no_room() -> None:
    assert text_width("畳", 10) > 10
    assert text_width("e\u0301", 10) == text_width("e", 10)


def test_text_is_cut_where_it_does_not_fit() -> None:
    assert fitted("short", 8, 100) == "short"
    cut = fitted("a name that is far too long for its box", 8, 60)
    assert cut.endswith("…")
    assert text_width(cut, 8) <= 60
