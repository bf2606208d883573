"""Files of 8 bits: measured beside the float one, refused where they lose too much, told in a bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import onnxruntime
import pytest
from helpers.in_process import InProcess

from archscape.search.datasets.sources import open_source
from archscape.search.job import read_job
from archscape.search.search import run as search
from archscape.search.trained.exporting.smaller import calibration, drop_of
from archscape.spaces.bundle_files import CARD, PARITY

SPACE = """\
space: small
input: 1x16x16
layers:
  - conv: {width: 8, stride: 2}
  - plain: {width: {16, 24}, stride: 2}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small
space: space.yaml
data: cluttered-digits
recipe: {preset: quick, epochs: 2}
sampler: random
trials: 1
"""
Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    search(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    return folder / "run"


def test_a_run_gives_a_file_of_8_bits_that_scores_what_the_table_says(
    run: Path, tmp_path: Path, archscape: Run
) -> None:
    """Beside it there is the source, which has no version of ONNX's operators."""
    more = ("--data", "cluttered-digits", "--format", "source", "--opset", "18")
    ended = archscape(
        "export", run, "--format", "onnx", "--int8", "--max-drop", "5", *more, "--out", tmp_path / "o"
    )
    assert ended.returncode == 0, ended.stderr
    file, source = sorted((tmp_path / "o").iterdir())
    assert (file.name, source.name) == ("small_0.int8.onnx", "small_0.py")
    path, heads, _, whole, small, other = ended.stdout.splitlines()
    assert other == str(source)
    assert path == str(file)
    assert " ".join(heads.split()) == "file validation accuracy weights of float size latency (ms)"
    arrays = open_source("cluttered-digits").arrays
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {session.get_inputs()[0].name: arrays["x_val"]})
    accuracy = (outputs.argmax(1) == arrays["y_val"]).mean()
    assert small.split()[:2] == ["small_0.int8.onnx", f"{accuracy:.2%}"]
    assert float(small.split()[4]) <= 0.27
    assert whole.split()[0] == "small_0.onnx"


def test_a_drop_above_the_limit_is_an_error_that_leaves_nothing(
    run: Path, tmp_path: Path, archscape: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archscape.search.trained.exporting import smaller

    coarse = smaller.calibration
    monkeypatch.setattr(smaller, "calibration", lambda samples: coarse(samples) // 200)  # nearly black
    ended = archscape("export", run, "--format", "onnx", "--int8", "--out", tmp_path / "o")
    assert ended.returncode == 1
    assert "small_0.int8.onnx: with 8 bits validation accuracy drops by " in ended.stderr
    assert "more than --max-drop 1: nothing was written" in ended.stderr
    assert not (tmp_path / "o").exists()


def test_a_bundle_holds_it_and_says_how_it_does(run: Path, tmp_path: Path, archscape: Run) -> None:
    ended = archscape(
        "export", run, "--format", "bundle", "--int8", "--max-drop", "5", "--out", tmp_path / "b"
    )
    assert ended.returncode == 0, ended.stderr
    assert {"model.onnx", "model.int8.onnx"} <= {file.name for file in (tmp_path / "b").iterdir()}
    facts = json.loads((tmp_path / "b" / PARITY).read_text())["int8"]
    whole, small = facts["files"].values()
    assert small["weights_bytes"] <= 0.27 * whole["weights_bytes"]
    assert small["file_bytes"] == (tmp_path / "b" / "model.int8.onnx").stat().st_size
    assert facts["drop"] == pytest.approx(100 * (whole["metrics"]["accuracy"] - small["metrics"]["accuracy"]))
    card = (tmp_path / "b" / CARD).read_text()
    (said,) = [line.split() for line in ended.stdout.splitlines() if line.startswith("model.int8.onnx")]
    assert said[1] == f"{small['metrics']['accuracy']:.2%}"
    assert f"| model.int8.onnx | {small['metrics']['accuracy']:.2%} | " in card


@pytest.mark.parametrize(
    ("arguments", "law"),
    [
        (("lenet5", "--format", "onnx", "--int8"), "--int8 needs a trained network with its data"),
        (("lenet5", "--format", "pt2", "--int8"), "--int8 is of --format onnx or bundle"),
        (("lenet5", "--format", "onnx", "--max-drop", "2"), "--max-drop is of --int8"),
        (("lenet5", "--format", "bundle", "--int8"), "--int8 needs a trained network with its data"),
    ],
)
def test_what_cannot_be_quantised_is_an_error(
    arguments: tuple[str, ...], law: str, archscape: Run, tmp_path: Path
) -> None:
    ended = archscape("export", *arguments, "--out", tmp_path / "o")
    assert ended.returncode == 2
    assert law in ended.stderr
    assert not (tmp_path / "o").exists()


def test_calibration_is_spread_over_the_part_and_in_the_order_of_this_machine() -> None:
    assert calibration(np.arange(1000)).tolist() == [*range(0, 1000, 3)][:256]
    assert calibration(np.arange(10, dtype=">i2")).dtype == np.dtype("=i2")


def test_a_drop_is_in_points_of_a_share_and_in_percent_of_anything_else() -> None:
    assert drop_of("accuracy", 0.5, 0.51) == pytest.approx(-1)
    assert drop_of("mae", 0.5, 0.51) == pytest.approx(2)
    assert drop_of("mae", 0.0, 0.1) == float("inf")
    assert drop_of("mae", 0.0, 0.0) == 0
