"""What a search has left in a folder, counted without a study."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from archscape.search.study.remains import count_rows


@pytest.mark.parametrize(
    "cells",
    [[], ["plain"], ['{"stem": 3}', 'lines\n\nand "quotes", commas'], ["x" * 200_000], ["\r\n", '"']],
    ids=["none", "plain", "lines", "large", "ends"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_trials_of_a_table_are_counted_whatever_their_cells_hold(
    cells: list[str], end: str, tmp_path: Path
) -> None:
    path, limit = tmp_path / "trials.csv", csv.field_size_limit()
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator=end).writerows([["number", "network"], *enumerate(cells)])
    assert count_rows(path) == len(cells)
    assert csv.field_size_limit() == limit, "it is of the whole process"


def test_a_table_that_is_not_there_or_cut_short_is_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    assert count_rows(path) == 0
    path.write_text('number,network\n0,"{\n')
    assert count_rows(path) == 1
