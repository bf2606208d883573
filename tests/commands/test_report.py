"""`archscape report TABLE` as a user runs it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from archscape.commands.options.studies import references
from archscape.spaces import load_space

Run = Callable[..., "CompletedProcess[str]"]
NETS = [
    (f"{family}_{number}", 60 + 3 * number + lift, 2.0**number, 100.0 / 2**number)
    for family, lift in (("resnet", 0.0), ("vit", 4.0))
    for number in range(1, 8)
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "nets.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("model", "top1", "gmacs", "images_per_second"), *NETS])
    return path


@pytest.mark.slow
def test_a_table_becomes_a_page_and_says_what_it_took_for_what(archscape: Run, table: Path) -> None:
    done = archscape("report", table)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "nets.html\n"
    page = table.with_name("nets.html").read_text()
    first = "Score: top1, more is better (--score). Costs: gmacs, less is better; images_per_second, more is"
    assert done.stderr.startswith(first)
    for sentence in (first, "Networks are named by model (--name)."):
        assert sentence in done.stderr
        assert sentence in page


@pytest.mark.slow
def test_the_frontier_is_written_as_a_table(archscape: Run, table: Path, tmp_path: Path) -> None:
    done = archscape("report", table, "--out", "front.json")
    assert done.returncode == 0, done.stderr
    assert "The 7 of 14 networks of nets on the frontier of top-1 over GMACs." in done.stderr
    rows = json.loads((tmp_path / "front.json").read_text())
    assert [row["model"] for row in rows] == [f"vit_{number}" for number in range(1, 8)]
    assert list(rows[0]) == ["model", "family", "top1", "gmacs", "images_per_second"]
    for name, words in (("f.tex", r"vit\_1 & vit & 67 & 2 & 50.000"), ("f.md", "| vit_1 | vit | 67 |")):
        assert archscape("report", table, "--out", name).returncode == 0
        assert words in (tmp_path / name).read_text()


@pytest.mark.slow
def test_all_networks_are_written_if_asked(archscape: Run, table: Path, tmp_path: Path) -> None:
    done = archscape("report", table, "--out", "all.csv", "--all")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14
    assert [row["gmacs"] for row in rows[:3]] == ["2", "4", "8"]
    assert {row["model"] for row in rows if row["on_frontier"] == "1"} == {f"vit_{n}" for n in range(1, 8)}


@pytest.mark.slow
@pytest.mark.parametrize("figure", ["frontier", "families", "edf"])
def test_every_figure_is_written_for_a_paper(
    figure: str, archscape: Run, table: Path, tmp_path: Path
) -> None:
    done = archscape("report", table, "--out", f"{figure}.svg", "--figure", figure)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{figure}.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nets.csv", "--score", "topl"], "no column 'topl'; did you mean 'top1'"),
        (["nets.csv", "--out", "a.docx"], "a.docx: a report is .html, a figure .svg, .png, .pdf, or a table"),
        (["nets.csv", "--out", "a.md", "--figure", "edf"], "--figure edf is written as .svg, .png, .pdf"),
        (["nets.csv", "--out", "a.svg", "--all"], "--all is for a table"),
        (["nets.csv", "--out", "a.svg", "--assets", "shared"], "--assets shared is of a page"),
        (["nets.csv", "--repeats", "top1", "--error", "top1"], "give one of them"),
        (["nets.csv", "--out", "gone/a.md"], "gone: no such folder"),
        (["nets.csv", "--out", "nets.csv"], "nets.csv: is the table itself"),
        (["gone.csv"], "gone.csv: no such file"),
        (["gone"], "gone: no such folder"),
        ([".", "--score", "top1"], "--score: of a table alone"),
    ],
)
def test_wrong_input_ends_with_one_line(
    arguments: list[str], message: str, archscape: Run, table: Path
) -> None:
    done = archscape("report", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_references_of_a_search_have_its_input_and_outputs() -> None:
    known = references(load_space("cifar"))
    assert {(network.input, network.body.shape) for network in known} == {((3, 32, 32), (10,))}
    assert "resnet20" in {network.name for network in known}
    assert references(load_space("digits")) == []
