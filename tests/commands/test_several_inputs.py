"""Commands on a network of several inputs: `--input NAME=CxHxW`, and which input is meant in what is said."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archscape.cli import main

Run = Callable[..., tuple[int, str, str]]

TABLE = """\
network: rgbd
input: {image: 3x32x32, depth: 1x32x32}
layers:
  - conv: {name: colour, width: 16, stride: 2}
  - conv: {name: geometry, from: depth, width: 8, stride: 2}
  - concat: {with: colour}
  - conv: {width: 8}
  - avgpool
  - linear: {width: 10}
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "rgbd.yaml"
    path.write_text(TABLE)
    return str(path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; return its status, and what it said on standard output and error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status: Any = 0
        try:
            main(list(arguments))
        except SystemExit as error:
            status = error.code or 0
        return (status, *capsys.readouterr())

    return run


def test_profile_has_a_receptive_field_on_each_input(run: Run, table: str) -> None:
    report = json.loads(run("profile", table, "--format", "json")[1])
    assert report["network"] == "rgbd"
    assert report["input"] == {"image": "3x32x32", "depth": "1x32x32"}
    seen = {layer["name"]: layer["receptive_field"] for layer in report["layers"]}
    assert seen["geometry.conv1"] == {"depth": [3, 3]}
    assert seen["conv3.conv1"] == {"image": [7, 7], "depth": [7, 7]}
    rows = list(csv.DictReader(io.StringIO(run("profile", table, "--format", "csv")[1])))
    last = rows[-1]
    assert (last["receptive_field_image"], last["receptive_field_depth"]) == ("37x37", "37x37")
    assert "rgbd, input image=3x32x32, depth=1x32x32" in run("profile", table)[1]


def test_input_names_what_it_changes(run: Run, table: str) -> None:
    given = ("--input", "depth=1x64x64", "--input", "image=3x64x64")
    report = json.loads(run("profile", table, *given, "--format", "json")[1])
    assert report["input"] == {"image": "3x64x64", "depth": "1x64x64"}


@pytest.mark.parametrize(
    ("given", "law"),
    [
        (["3x64x64"], "reads image=3x32x32, depth=1x32x32; say which, as NAME=3x64x64"),
        (["dept=1x64x64"], "has no input 'dept'; did you mean 'depth'?"),
        (
            ["depth=64x64"],
            "as in 1x32x32, but got '64x64'; did you mean 1x64x64?",
        ),
        (["depth=1x64x64", "depth=1x64x64"], "--input depth is given twice"),
        (["depth="], "an input is channels and one to three extents"),
        (["depth=1x64x64"], "maps of different extent cannot be concatenated: 8x32x32, 16x16x16"),
    ],
)
def test_a_wrong_input_is_one_error(run: Run, table: str, given: list[str], law: str) -> None:
    options = [word for text in given for word in ("--input", text)]
    status, out, said = run("profile", table, *options)
    assert (status, out) == (2, "")
    assert law in said


def test_lint_diff_and_memory_say_the_inputs(run: Run, table: str, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(TABLE.replace("from: depth, width: 8", "from: depth, width: 8, kernel: 5"))
    inputs = {"image": "3x32x32", "depth": "1x32x32"}
    assert json.loads(run("lint", table, "--format", "json")[1])["input"] == inputs
    report = json.loads(run("diff", table, str(other), "--format", "json")[1])
    assert report["before"] == {"network": "rgbd", "input": inputs}
    assert [change["kind"] for change in report["changes"]].count("changed") == 1
    assert "rgbd, input image=3x32x32, depth=1x32x32, batch 1" in run("memory", table)[1]


def test_diff_tells_which_input_a_row_reads(run: Run, tmp_path: Path) -> None:
    for name, source in (("left", "a"), ("right", "b")):
        rows = f"[conv: {{width: 4, from: {source}}}, add: {{with: [a, b]}}]"
        table = f"network: {name}\ninput: {{a: 4x8x8, b: 4x8x8}}\nlayers: {rows}\n"
        (tmp_path / f"{name}.yaml").write_text(table)
    report = run("diff", str(tmp_path / "left.yaml"), str(tmp_path / "right.yaml"), "--format", "json")[1]
    assert [change["kind"] for change in json.loads(report)["changes"]] == ["changed", "same"]


def test_field_says_on_which_input(run: Run, table: str) -> None:
    assert "rgbd, concat, on depth" in run("field", table, "concat", "--of", "depth", "--draws", "1")[1]
    assert "rgbd, geometry.conv1, on depth" in run("field", table, "geometry.conv1", "--draws", "1")[1]


def test_compare_writes_a_page(run: Run, table: str, tmp_path: Path) -> None:
    status, said, _ = run("compare", table, "lenet5", "--out", str(tmp_path / "page.html"))
    assert status == 0
    assert "image=3x32x32, depth=1x32x32" in said
    assert "7x7 of image" in said
    page = (tmp_path / "page.html").read_text()
    assert "image 3x3, depth 3x3" in page  # what the concatenation sees


def test_export_writes_source_and_spec_that_read_back(run: Run, table: str, tmp_path: Path) -> None:
    assert run("export", table, "--out", str(tmp_path / "out"))[0] == 0
    assert "def forward(self, image: Tensor, depth: Tensor)" in (tmp_path / "out/rgbd.py").read_text()
    assert "input: {image: 3x32x32, depth: 1x32x32}" in (tmp_path / "out/rgbd.yaml").read_text()


def test_a_search_refuses_a_space_of_several_inputs_at_its_start(run: Run, tmp_path: Path) -> None:
    space = TABLE.replace("network:", "space:").replace("width: 8}", "width: {8, 16}}")
    (tmp_path / "space.yaml").write_text(space)
    job = tmp_path / "job.yaml"
    job.write_text("search: a\nspace: space.yaml\ndata: digits\n")
    status, _, said = run("search", str(job), "--out", str(tmp_path / "run"))
    assert status == 2
    assert said.startswith(
        f"archscape: {job}:2:8: space rgbd reads several inputs, image=3x32x32, depth=1x32x32"
    )
    assert "train what `Space.sample` draws in a loop of your own" in said
    assert not (tmp_path / "run").exists()
