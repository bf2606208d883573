"""`archscape population`."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from archscape.analysis.statistics.population import population
from archscape.spaces import Space

Run = Callable[..., "CompletedProcess[str]"]


@pytest.mark.slow
def test_a_table_of_quantiles(archscape: Run) -> None:
    done = archscape("population", "digits", "--number", "200", "--format", "md")
    assert done.returncode == 0
    head, _, params, *_ = done.stdout.splitlines()
    assert head == "| cost | least | 5% | 25% | median | 75% | 95% | most |"
    costs = population(Space.load("digits"), 200)["params"]
    assert params.startswith(f"| params | {costs.min():,} |")
    assert params.endswith(f"| {costs.max():,} |")


@pytest.mark.slow
def test_csv_has_a_row_for_each_network(archscape: Run, tmp_path: Path) -> None:
    done = archscape(
        "population", "cifar", "--number", "50", "--seed", "4", "--format", "csv", "--out", "all.csv"
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    table = population(Space.load("cifar"), 50, seed=4)
    assert [int(row["macs"]) for row in rows] == table["macs"].tolist()
    assert (tmp_path / "all.csv").read_text() == done.stdout
    shallow = next(row for row in rows if row["stage3.depth"] == "1")
    assert shallow["stage3.2.any"] == ""


@pytest.mark.slow
def test_json_has_numbers_and_nulls(archscape: Run) -> None:
    done = archscape("population", "cifar", "--number", "20", "--format", "json")
    rows = json.loads(done.stdout)
    assert len(rows) == 20
    assert all(row["w"] in (16, 24, 32) and isinstance(row["params"], int) for row in rows)
    assert any(row["stage3.4.any"] is None for row in rows)


@pytest.mark.slow
def test_what_drives_a_cost(archscape: Run) -> None:
    done = archscape("population", "cifar", "--explain", "macs", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["choice", "share of macs", "low", "high", "options"]
    assert rows[0]["choice"] == "w"
    assert rows[0]["options"] == "3"
    assert "95% intervals" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "law"),
    [
        (("digits", "--explain", "mac"), "there is no cost 'mac'; did you mean 'macs'?"),
        (("digits", "--out", "a.txt"), "a.txt: a page is .html, a figure .svg, .png, .pdf, a table .csv"),
        (("resnet50",), "resnet50"),
        (("digits", "--number", "0"), "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_with_status_2(archscape: Run, arguments: tuple[str, ...], law: str) -> None:
    done = archscape("population", *arguments)
    assert done.returncode == 2
    assert law in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_page_is_called_by_the_space_and_not_by_its_file(
    archscape: Run, root: Path, tmp_path: Path
) -> None:
    file = root / "spaces" / "catalog" / "digits.yaml"
    done = archscape("population", file, "--number", "50", "--out", "page.html", "--assets", "shared")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "<h1>digits: 50 random networks</h1>" in page
    assert str(root) not in page
    (asset,) = (tmp_path / "assets").iterdir()
    assert f'<script src="assets/{asset.name}">' in page
