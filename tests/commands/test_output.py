"""How rows of a result are printed."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Sequence

import pytest

from archscape.output import Format, emit

COLUMNS = ("network", "input", "params", "macs", "flops")
ROWS = [("lenet5", "1x32x32", 61_706, 416_520, 845_850), ("vgg16", "3x224x224", 138_357_544, 1.5, 2)]


class Terminal(io.StringIO):
    """Standard output as a terminal of some width."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[list[str]]]:
    """The words of a table, line by line, on a terminal of some width."""

    def show(rows: Sequence[Sequence[object]], width: int) -> list[list[str]]:
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(width))
            patch.setenv("TERM", "xterm")  # rich takes a dumb one to be 80 wide, whatever it says
            patch.setattr(sys, "stdout", terminal := Terminal())
            emit(COLUMNS, rows, Format.table)
        plain = re.sub(r"\x1b\[\d*m", "", terminal.getvalue())
        assert max(map(len, plain.splitlines())) <= width
        return [line.split() for line in plain.splitlines() if line.strip()]

    return show


def test_a_table_too_wide_for_the_terminal_lies_on_its_side(
    shown: Callable[..., list[list[str]]],
) -> None:
    assert shown(ROWS, 100)[0] == [*COLUMNS]
    heads, _, *lines = shown(ROWS, 40)
    assert heads == ["network", "lenet5", "vgg16"]
    assert lines[1] == ["params", "61,706", "138,357,544"]
    assert len(lines) == len(COLUMNS) - 1


def test_more_rows_than_columns_stay_rows(shown: Callable[..., list[list[str]]]) -> None:
    assert [line[0] for line in shown(ROWS * 4, 54)].count("lenet5") == 4


def test_a_pipe_is_as_wide_as_it_must(capsys: pytest.CaptureFixture[str]) -> None:
    emit(COLUMNS, ROWS, Format.table)
    assert capsys.readouterr().out.split()[: len(COLUMNS)] == [*COLUMNS]


def test_what_is_missing_is_empty_and_numbers_stay_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    emit(("name", "number"), [("a", None), ("b", 5)], Format.table)
    *_, first, second = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert (first.strip(), second.split()) == ("a", ["b", "5"])
    assert second.endswith("     5")


def test_latex_has_rows_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    emit(("a_b", "n"), [("x & y", 1234)], Format.latex)
    assert "a\\_b & n \\\\\n\\midrule\nx \\& y & 1,234 \\\\" in capsys.readouterr().out
