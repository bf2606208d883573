import csv
import doctest
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from archscape.analysis.reports import tables as writing
from archscape.analysis.reports.tables import latex, latex_text, markdown, write_table
from archscape.spaces.display import decimals
from archscape.spaces.errors import InputError

COLUMNS = ("network", "params", "accuracy")
ROWS = [("resnet_50", 25_557_032, 80.5), ("50% | more", np.int64(1000), float("nan")), ("*a&b", None, 9.125)]


def test_markdown_sets_numbers_to_the_right_with_equal_decimals() -> None:
    assert markdown(COLUMNS, ROWS, "Three networks.").splitlines() == [
        "| network | params | accuracy |",
        "|:--|--:|--:|",
        "| resnet_50 | 25,557,032 | 80.500 |",
        r"| 50% \| more | 1,000 |  |",
        "| *a&b |  | 9.125 |",
        "",
        "Three networks.",
    ]


def test_latex_has_the_rules_of_booktabs_and_escapes_every_cell() -> None:
    assert latex(("a_b", "100%"), [("#1 {x}", 1), ("[3, 5]", 2)], "One\ntwo").splitlines() == [
        "% One",
        "% two",
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"a\_b & 100\% \\",
        r"\midrule",
        r"\#1 \{x\} & 1 \\",
        r"{[}3, 5] & 2 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize("mark", '\\&%$#_{}~^<>|"×±−≤≥→–\n[*')
def test_no_mark_reaches_latex_as_it_is(mark: str) -> None:
    text = latex_text(f"a{mark}b")
    assert text != f"a{mark}b"
    assert text.startswith("a")
    assert text.endswith("b")
    assert text.isascii()


def test_a_quote_needs_no_other_encoding_than_the_default() -> None:
    assert "textquotedbl" not in latex_text('6"')


def test_decimals_are_those_of_the_finite_numbers() -> None:
    assert decimals([float("inf"), 0.5, float("-inf")]) == 1


def test_every_row_of_latex_has_every_column() -> None:
    for line in latex(COLUMNS, ROWS).splitlines():
        if line.endswith(r"\\"):
            assert line.replace(r"\&", "").count("&") == len(COLUMNS) - 1


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([90.056, 89.9], ["90.056", "89.900"]),
        ([0.93125, 0.5], ["0.93125", "0.50000"]),
        ([1234.5678, 0.03], ["1,234.568", "0.030"]),
        ([1e20, 2.0], ["100,000,000,000,000,000,000", "2"]),
        ([float("inf"), 0.5], ["inf", "0.5"]),
        ([0.0, 0.0], ["0", "0"]),
        ([True, "x"], ["True", "x"]),
    ],
)
def test_numbers_of_a_column_are_written_alike(numbers: list[object], texts: list[str]) -> None:
    cells = [line.strip("| ") for line in markdown(["n"], [[number] for number in numbers]).splitlines()]
    assert cells[2:] == texts


def test_programs_get_every_number_in_full(tmp_path: Path) -> None:
    frame = pd.DataFrame({"name": ['a"b,c', "d"], "share": [1 / 3, np.nan], "macs": [4_089_184_256, 5]})
    rows = list(frame.itertuples(index=False))
    read = json.loads(write_table(list(frame), rows, tmp_path / "t.json").read_text())
    assert read == [
        {"name": 'a"b,c', "share": 1 / 3, "macs": 4_089_184_256},
        {"name": "d", "share": None, "macs": 5},
    ]
    with write_table(list(frame), rows, tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["name", "share", "macs"],
            ['a"b,c', str(1 / 3), "4089184256"],
            ["d", "", "5"],
        ]


def test_a_table_without_rows_keeps_its_heads(tmp_path: Path) -> None:
    for suffix, text in ((".md", "| a |\n|:--|\n"), (".csv", "a\n"), (".json", "[]\n")):
        assert write_table(["a"], [], tmp_path / f"t{suffix}").read_text() == text


def test_another_suffix_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.tx: a table is \.md, .*; did you mean '\.tex'"):
        write_table(["a"], [], tmp_path / "t.tx")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        write_table(["a"], [], tmp_path / "nowhere" / "t.md")


def test_its_examples_hold() -> None:
    assert doctest.testmod(writing).failed == 0
