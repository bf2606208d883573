"""`archscape look`, from a real search and a final training to pages and figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.in_process import InProcess

from archscape.cli import main
from archscape.search.job import read_job
from archscape.search.search import run as search

SPACE = """\
space: small
input: 1x8x8
let: {w: {4, 6}}
layers: [conv: {width: $w}, conv: {width: 6, stride: 2}, avgpool, linear: {width: 10}]
"""
JOB = """\
search: small
space: space.yaml
data: digits
recipe: {preset: quick, epochs: 1}
trials: 2
keep: best 1
"""
FIGURES = ("maps", "filters", "preferred", "worst", "features", "confusion")
Command = Callable[..., tuple[object, str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    search(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    return folder / "run"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: object) -> tuple[object, str, str]:
        status: object = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.mark.slow
def test_it_writes_a_page_and_figures_of_the_best_trial(run: Path, command: Command) -> None:
    status, printed, said = command("look", run, "--worst", "2", "--units", "0,1")
    assert status == 0, said
    folder = Path(printed.split()[0]).parent
    assert folder.parent == run
    assert re.fullmatch(r"look-\d", folder.name)
    names = {"look.html", *(f"{name}{suffix}" for name in FIGURES for suffix in (".svg", ".png"))}
    assert {path.name for path in folder.iterdir()} == names
    assert {Path(line).name for line in printed.split()} == names
    assert said.endswith(f"Next: open {folder / 'look.html'}\n")


@pytest.mark.slow
def test_the_report_shows_it_where_somebody_asked(run: Path, command: Command) -> None:
    assert command("report", run, "--look")[0] == 0
    page = (run / "report.html").read_text()
    assert '<section id="look-preferred">' in page
    assert 'id="plot-look-tsne"' in page
    assert command("report", run)[0] == 0
    assert '<section id="look-preferred">' not in (run / "report.html").read_text()


@pytest.mark.slow
def test_a_final_training_is_looked_at_by_its_seeds(run: Path, command: Command, tmp_path: Path) -> None:
    out = tmp_path / "trained"
    assert command("train", run, "--epochs", "1", "--seeds", "2", "--out", out)[0] == 0
    status, printed, _ = command("look", out, "--trial", "1", "--worst", "1", "--units", "0")
    assert status == 0
    assert printed.split()[0] == str(out / "look-seed-1" / "look.html")
    status, _, said = command("look", out, "--trial", "7")
    assert (status, "no seed '7' has ended, with sound weights; those that have: 0, 1" in said) == (2, True)
    assert command("look", out, "--trial", "frontier")[0] == 2
    numbers = np.random.default_rng(0).random((40, 10))
    np.savez(
        tmp_path / "numbers.npz",
        x_train=numbers[:, :1, None, None].repeat(8, 2).repeat(8, 3),
        y_train=numbers,
    )
    status, _, said = command("look", out, "--data", tmp_path / "numbers.npz")
    assert (status, "it was trained for classification, but" in said) == (2, True)
    (out / "seed-0.safetensors").unlink()
    status, printed, said = command("look", out, "--worst", "1", "--units", "0")
    assert (status, Path(printed.split()[0]).parent.name) == (0, "look-seed-1")
    assert "seed 0 is left out" in said


def test_what_cannot_be_looked_at_is_one_clear_error(run: Path, command: Command, tmp_path: Path) -> None:
    (kept,) = (run / "checkpoints").glob("*.safetensors")
    for arguments, law in (
        (("look", run, "--samples", "0,x"), "--samples: whole numbers from 0, as in 0,5,17, but got '0,x'"),
        (("look", run, "--layer", "convv"), "no layer 'convv'; did you mean 'conv"),
        (("look", run, "--trial", "9"), "no trial '9' is complete"),
        (("look", tmp_path / "none"), "no such folder"),
        (
            ("look", run, "--data", "cluttered-digits"),
            "takes 1x8x8, but a sample of cluttered-digits is 1x16x16",
        ),
        (("report", run, "--look", "--out", tmp_path / "x.svg"), "--look: is of the page of a search"),
    ):
        status, _, said = command(*arguments)
        assert status == 2, said
        assert law in said
    assert kept.is_file()
    others = [
        str(number)
        for number in (0, 1)
        if command("look", run, "--trial", number, "--worst", "0", "--units", "0")[0] == 2
    ]
    assert len(others) == 1
    said = command("look", run, "--trial", others[0])[2]
    assert "were not kept: the job says `keep: best 1`" in said
