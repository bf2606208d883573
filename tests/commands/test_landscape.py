"""`archscape landscape`, from a real search to figures and a file."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from helpers.in_process import InProcess
from helpers.processes import popen

from archscape.analysis.landscape.file import read_landscape

Run = Callable[..., "CompletedProcess[str]"]

SPACE = """\
space: small
input: 1x8x8
let: {w: {4, 6}}
layers:
  - conv: {width: $w}
  - basic: {width: 8, depth: 2, stride: 2}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small
space: space.yaml
data: digits
recipe: {preset: quick, epochs: EPOCHS, rate: 1e-30, weight_decay: 0}
trials: 1
repeats: 2
"""
QUICK = ("--steps", "3", "--samples", "40")


def search(folder: Path, epochs: int = 1) -> Path:
    from archscape.search.job import read_job
    from archscape.search.search import run

    (folder / "space.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB.replace("EPOCHS", str(epochs)))
    run(read_job(folder / "job.yaml"), out=folder / "run", executor=InProcess())
    return folder / "run"


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return search(tmp_path_factory.mktemp("searched"))


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Path:
    return shutil.copytree(searched, tmp_path / "run")


@pytest.mark.slow
def test_a_trained_network_is_explored_with_and_without_its_skips(archscape: Run, run: Path) -> None:
    done = archscape("landscape", run, *QUICK, "--without-skips")
    assert done.returncode == 0, done.stderr
    names = [
        "trial-0.json",
        *(f"trial-0{s}.{kind}" for kind in ("svg", "png", "pdf") for s in ("", "-training")),
    ]
    assert [Path(line).name for line in done.stdout.split()] == names
    assert all(Path(line).stat().st_size > 1000 for line in done.stdout.split())
    assert f"archscape report {run}" in done.stderr
    assert "will be trained; the trial with skips took" in done.stderr
    landscape = read_landscape(run / "landscape" / "trial-0.json")
    assert landscape.part == "40 of 1,197 training samples"
    assert landscape.plain is not None
    assert landscape.trained.params - landscape.plain.params == (
        4 * 8 + 16 if landscape.trained.params < 2400 else 6 * 8 + 16
    )
    assert landscape.trained.surface.steps == 3
    # The recipe's rate moves nothing: what the seed of the kept repeat gives are the trained weights.
    assert [change.moved for change in landscape.changes] == [0.0] * len(landscape.changes)
    assert landscape.changes[0].layer == "conv.conv1"
    assert landscape.filters is not None
    assert (landscape.filters.before == landscape.filters.after).all()


@pytest.mark.slow
def test_the_middle_is_the_loss_of_the_exported_weights(archscape: Run, run: Path) -> None:
    from archscape.analysis.landscape.plane import mean_loss
    from archscape.search.datasets.dataset import load_dataset
    from archscape.search.study.study import Study
    from archscape.search.study.trained import trained
    from archscape.search.trained.inspection.landscape import LandscapeSettings
    from archscape.search.training.device import resolve_device, to_channels_last

    archscape("landscape", run, *QUICK, "--seed", "5")
    with Study.open(run) as study:
        _, network, weights, _ = trained(study, "best", note=print)
    data, module = load_dataset("digits"), network.build()
    module.load_state_dict(weights)
    part = LandscapeSettings(samples=40, seed=5).part(data)
    expected = mean_loss(to_channels_last(module, data.train, resolve_device("auto")).eval(), part.x, part.y)
    surface = read_landscape(run / "landscape" / "trial-0.json").trained.surface
    assert (surface.loss, surface.accuracy) == expected


@pytest.mark.slow
def test_the_report_of_the_run_shows_it(archscape: Run, run: Path) -> None:
    archscape("landscape", run, *QUICK)
    done = archscape("report", run)
    assert done.returncode == 0, done.stderr
    page = (run / "report.html").read_text()
    assert 'id="plot-landscape-0"' in page
    assert "40 of 1,197 training samples of digits" in page


@pytest.mark.slow
def test_a_damaged_file_is_one_clear_error(archscape: Run, run: Path) -> None:
    (run / "landscape").mkdir()
    (run / "landscape" / "trial-0.json").write_text('{"version": 1')
    done = archscape("report", run)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "trial-0.json: no landscape that can be read" in done.stderr
    assert archscape("landscape", run, *QUICK).returncode == 0
    assert archscape("report", run).returncode == 0


@pytest.mark.slow
def test_a_second_look_does_not_train_again(archscape: Run, run: Path) -> None:
    archscape("landscape", run, *QUICK, "--without-skips")
    (kept,) = (run / "landscape").glob("*.safetensors")
    before, file = kept.stat().st_mtime_ns, run / "landscape" / "trial-0.json"
    first = json.loads(file.read_text())
    done = archscape("landscape", run, *QUICK, "--without-skips", "--span", "0.5")
    assert done.returncode == 0
    assert kept.stat().st_mtime_ns == before
    assert "will be trained" not in done.stderr
    second = json.loads(file.read_text())
    assert first["plain"]["losses"][1][1] == second["plain"]["losses"][1][1]
    assert first["plain"]["losses"][0] != second["plain"]["losses"][0]


@pytest.mark.slow
def test_ctrl_c_leaves_whole_files_and_the_same_command_goes_on(archscape: Run, tmp_path: Path) -> None:
    run = search(tmp_path, epochs=20)
    file = run / "landscape" / "trial-0.json"
    command = [sys.executable, "-m", "archscape", "landscape", str(run), *QUICK, "--without-skips"]
    process = popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not file.is_file():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode in (1, 130), err  # between two steps of the training, or before it
    assert "Traceback" not in err
    assert out == ""
    assert read_landscape(file).plain is None
    done = archscape("landscape", run, *QUICK, "--without-skips")
    assert done.returncode == 0, done.stderr
    assert read_landscape(file).plain is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "law"),
    [
        (("--steps", "4"), "--steps: an odd number from 3"),
        (("--span", "0"), "--span: a number from 0.001 to 1000, but got 0"),
        (("--span", "1e300"), "--span: a number from 0.001 to 1000"),
        (("--seed", str(2**63)), "--seed"),
        (("--trial", "9"), "no trial '9' is complete; those that are: 0"),
    ],
)
def test_wrong_options_are_named(archscape: Run, run: Path, options: tuple[str, ...], law: str) -> None:
    done = archscape("landscape", run, *options)
    assert done.returncode == 2
    assert law in done.stderr
    assert not (run / "landscape").exists()


@pytest.mark.slow
def test_the_folder_of_no_search_is_named(archscape: Run, tmp_path: Path) -> None:
    done = archscape("landscape", tmp_path)
    assert done.returncode == 2
    assert "not the folder of a search" in done.stderr


@pytest.mark.slow
def test_weights_that_are_missing_are_named(archscape: Run, tmp_path: Path) -> None:
    run = search(tmp_path)  # of a copy, the study would find those of its original
    for weights in (run / "checkpoints").iterdir():
        weights.unlink()
    done = archscape("landscape", run)
    assert done.returncode == 2
    assert "the weights of trial 0 are missing" in done.stderr


@pytest.mark.slow
def test_a_network_without_skips_has_none_to_take(archscape: Run, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "space.yaml").write_text(SPACE.replace("basic", "plain"))
    (tmp_path / "plain" / "job.yaml").write_text(JOB.replace("EPOCHS", "1"))
    archscape("search", "plain/job.yaml", "--out", "run")
    done = archscape("landscape", "run", *QUICK, "--without-skips")
    assert done.returncode == 2
    assert "has no skip connection" in done.stderr
    assert archscape("landscape", "run", *QUICK).returncode == 0
