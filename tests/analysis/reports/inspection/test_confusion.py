"""The section that shows what is taken for what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archscape.analysis.inspection.confusion import Confusion
from archscape.analysis.reports.inspection.confusion import confusion_section
from archscape.analysis.reports.results.page import RunResults, write_report

if TYPE_CHECKING:
    from helpers.browser import Browser

    from tests.analysis.conftest import Page

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
COUNTS = np.array([[8, 2, 0], [1, 9, 0]])


def section(confusion: Confusion) -> str:
    return str(confusion_section(confusion, heading="By class", text="Trial 3."))


def cells(text: str) -> list[str]:
    return re.findall(r'<td class="number cell[^>]*>(\d*)</td>', text)


def test_every_count_stands_in_the_matrix() -> None:
    text = section(Confusion(counts=COUNTS, names=("cat", "dog")))
    assert cells(text) == ["8", "2", "1", "9"]
    assert "80.0%" in text
    assert "dog (2)" in text


def test_what_is_not_finite_has_a_column_where_there_is_any() -> None:
    assert "not finite" not in section(Confusion(counts=COUNTS))
    counts = COUNTS.copy()
    counts[1, 2] = 4
    text = section(Confusion(counts=counts))
    assert cells(text) == ["8", "2", "", "1", "9", "4"]
    assert "not finite (4), 0 (1)" in text


def test_of_many_classes_the_worst_are_shown() -> None:
    counts = np.zeros((100, 101), dtype=np.int64)
    np.fill_diagonal(counts, 10)
    counts[42, 42], counts[42, 7] = 4, 6
    counts[99] = 0
    text = section(Confusion(counts=counts))
    assert cells(text) == []
    assert re.findall(r'<th scope="row">(\d+)</th>', text)[0] == "42"
    assert "7 (6)" in text
    assert "80 more classes are told better." in text
    assert '<th scope="row">99</th>' not in text


def test_pixels_are_measured_by_iou() -> None:
    text = section(Confusion(counts=COUNTS, unit="pixels"))
    assert "72.7%" in text  # 8 of 8 + 2 + 1
    assert ">IoU</th>" in text


def test_names_are_escaped() -> None:
    text = section(Confusion(counts=COUNTS, names=(HOSTILE, "dog")))
    assert "<script" not in text
    assert "<img" not in text


def test_the_report_shows_that_of_the_best_trial_and_nothing_where_none_was_kept(
    synthetic: Callable[..., RunResults], read_page: Callable[[Path], Page], tmp_path: Path
) -> None:
    page = read_page(write_report(synthetic(), tmp_path / "report.html"))
    assert not page.find("section", id="classes")
    kept = replace(
        synthetic(), confusion_of=lambda number: Confusion(counts=COUNTS, names=("cat", str(number)))
    )
    best = kept.best
    assert best is not None
    page = read_page(write_report(kept, tmp_path / "report.html"))
    (index,) = page.find("section", id="classes")
    text = page.text(index)
    assert f"Trial {best['number']} on the validation part, 20 samples: 85.00% are right." in text
    assert str(best["number"]) in text


def test_a_browser_shows_it_at_every_width(
    browser: Browser, synthetic: Callable[..., RunResults], tmp_path: Path
) -> None:
    from helpers.pages import faults

    names = (HOSTILE, *("a-class-with-a-rather-long-name" * 2 for _ in range(11)))
    counts = np.random.default_rng(0).integers(0, 5000, (12, 13))
    results = replace(synthetic(), confusion_of=lambda number: Confusion(counts=counts, names=names))
    page = browser.page()
    page.go(write_report(results, tmp_path / "report.html").as_uri())
    page.wait("document.querySelectorAll('#classes td').length > 100")
    assert faults(page) == []
