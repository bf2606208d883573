"""From a job to an exported network, as a user: the exported files alone give the recorded test accuracy."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.processes import popen
from safetensors import safe_open
from safetensors.torch import load_file

from archscape.search.datasets.dataset import load_dataset
from archscape.search.datasets.sources import open_source
from archscape.spaces import Network, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.formats import runners
from archscape.spaces.codegen.verification import TOLERANCE, relative_error

Run = Callable[..., "subprocess.CompletedProcess[str]"]

JOB = """
search: end-to-end
space: digits
data: cluttered-digits
recipe: {preset: quick, epochs: 1}
objectives: {accuracy: maximize, macs: minimize}
within: {macs: ..400k}
sampler: nsga2
trials: 5
workers: 2
seed: 3
"""

# What somebody who was sent the exported folder would write: torch and safetensors, nothing of archscape's
# but the data.
CHECK = """
import importlib.util, sys, torch
from pathlib import Path
from safetensors.torch import load_file
from archscape.search.datasets.dataset import load_dataset

folder = Path(sys.argv[1])
file = next(folder.glob("*.py"))
spec = importlib.util.spec_from_file_location("sent", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
model = getattr(module, sys.argv[2])().eval()
model.load_state_dict(load_file(file.with_suffix(".safetensors")), strict=True)
test = load_dataset("cluttered-digits").test
torch.set_num_threads(1)
with torch.inference_mode():
    right = (model(test.x).argmax(1) == test.y).sum().item()
print(right / len(test.y))
"""


# The runner of the ONNX file on the test images as the data set holds them, bytes; then the trainer's logits.
RUN_ONNX = """
import sys, numpy as np
from pathlib import Path
sys.modules.update(dict.fromkeys(("torch", "archscape", "safetensors", "onnx"), None))
sys.path.insert(0, sys.argv[1])
import onnx_runner
file = next(Path(sys.argv[2]).glob("*.onnx"))
images = np.load(sys.argv[3])
np.save(sys.argv[4], onnx_runner.load(file.parent, file.stem)(images))
"""


def read_trials(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "trials.csv").read_text(encoding="utf-8").splitlines()))


def onnx_logits(folder: Path) -> torch.Tensor:
    """Return what an ONNX file gives for the bytes of the test images, by onnxruntime and NumPy alone."""
    runner = Path(runners.__file__).with_name("onnx.py")
    (folder / "onnx_runner.py").write_text(runner.read_text())
    np.save(folder / "images.npy", open_source("cluttered-digits").arrays["x_test"])
    files = (folder, folder, folder / "images.npy", folder / "logits.npy")
    with popen([sys.executable, "-I", "-c", RUN_ONNX, *map(str, files)]) as process:
        assert process.wait() == 0
    return torch.from_numpy(np.load(folder / "logits.npy"))


@pytest.mark.slow
def test_search_report_export_and_reload(archscape_process: Run, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB)
    done = archscape_process("search", "job.yaml")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "end-to-end"
    assert done.stdout.strip() == "runs/end-to-end/report.html"
    assert "\x1b" not in done.stderr  # no control codes where nobody watches
    assert "archscape export runs/end-to-end --format bundle --out runs/end-to-end/best" in done.stderr
    assert (run / "report.html").stat().st_size > 1_000_000

    trials = read_trials(run)
    assert len(trials) == 5
    assert {trial["status"] for trial in trials} == {"complete"}
    assert len({trial["hash"] for trial in trials}) == 5
    assert all(int(trial["macs"]) <= 400_000 for trial in trials)
    environment = json.loads((run / "environment.json").read_text())
    assert {"archscape", "torch", "python", "cpu", "data_fingerprint", "command"} <= environment.keys()

    exported = archscape_process("export", run, "--out", "best")
    assert exported.returncode == 0, exported.stderr
    name = exported.stderr.split("import ")[1].split(";")[0]
    best = max(trials, key=lambda trial: float(trial["accuracy"]))
    loaded = subprocess.run(
        [sys.executable, "-c", CHECK, tmp_path / "best", name], capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert float(loaded.stdout) == float(best["test_accuracy"])

    whole = archscape_process("export", run, "--format", "onnx", "--format", "weights", "--out", "whole")
    assert whole.returncode == 0, whole.stderr
    *waits, last = whole.stderr.splitlines()
    assert all(line.startswith("writing ") for line in waits)  # nothing of the exporter's
    assert last == "In go samples of 1x16x16 as the data have them, uint8; mean and std are inside."
    logits = onnx_logits(tmp_path / "whole")
    test = load_dataset("cluttered-digits").test
    assert (logits.argmax(1) == test.y).sum().item() / len(test) == float(best["test_accuracy"])
    weights = next((tmp_path / "whole").glob("*.safetensors"))
    module = build(load_network(next((tmp_path / "best").glob("*.yaml")))).eval()
    module.load_state_dict(load_file(weights))
    with torch.inference_mode():
        assert relative_error(logits, module(test.x)) <= TOLERANCE

    again = archscape_process("search", "job.yaml")
    assert again.returncode == 0, again.stderr
    assert read_trials(run) == trials

    (tmp_path / "job.yaml").write_text(JOB.replace("seed: 3", "seed: 4"))
    other = archscape_process("search", "job.yaml")
    assert other.returncode == 2
    assert "seed" in other.stderr
    report = archscape_process("report", run, "--out", "again.html")
    assert report.returncode == 0, report.stderr


OWN = """
search: own
space: own.yaml
data: own.npz
recipe: {preset: quick, epochs: 2, batch: 16}
trials: 1
"""
OWN_SPACE = """
space: own
input: 2x8x8
layers:
  - conv: {width: {4, 6}, stride: 2}
  - avgpool
  - linear: {width: CLASSES}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A job on data of one's own, far from zero mean, in the folder where commands run."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    x = rng.normal(100.0, 5.0, (300, 2, 8, 8)).astype(np.float32) + 9 * y[:, None, None, None].astype(
        np.float32
    )
    parts = {"train": slice(0, 200), "val": slice(200, 250), "test": slice(250, 300)}
    np.savez(
        tmp_path / "own.npz", **{f"{k}_{p}": v[s] for p, s in parts.items() for k, v in (("x", x), ("y", y))}
    )
    (tmp_path / "own.yaml").write_text(OWN_SPACE.replace("CLASSES", "3"))
    (tmp_path / "job.yaml").write_text(OWN)
    return tmp_path


@pytest.mark.slow
def test_weights_say_in_which_units_they_read_samples(archscape_process: Run, own: Path) -> None:
    assert archscape_process("search", "job.yaml").returncode == 0
    done = archscape_process("export", "runs/own", "--out", "best")
    assert "mean = [" in done.stderr
    file = next((own / "best").glob("*.safetensors"))
    with safe_open(file, framework="pt") as opened:
        mean, std = (torch.tensor(json.loads(opened.metadata()[k])) for k in ("mean", "std"))
    network = Network.from_yaml(file.with_suffix(".yaml").read_text())
    model = build(network).eval()
    model.load_state_dict(load_file(file))
    with np.load(own / "own.npz") as arrays:
        x, y = torch.from_numpy(arrays["x_test"]), torch.from_numpy(arrays["y_test"])
    right = (model((x - mean.view(2, 1, 1)) / std.view(2, 1, 1)).argmax(1) == y).sum().item()
    assert right / len(y) == float(read_trials(own / "runs" / "own")[0]["test_accuracy"])

    next((own / "runs" / "own" / "checkpoints").glob("*.safetensors")).write_bytes(b"x")
    damaged = archscape_process("export", "runs/own", "--out", "best")
    assert damaged.returncode == 2
    assert "are damaged" in damaged.stderr
    (own / "own.npz").rename(own / "moved.npz")
    assert archscape_process("report", "runs/own").returncode == 0  # a report needs no data
    unknown = archscape_process("report", "runs/own", "--out", "x.jpg")
    assert unknown.returncode == 2
    assert ".svg" in unknown.stderr


@pytest.mark.slow
def test_a_job_that_was_wrong_can_be_mended(archscape_process: Run, own: Path) -> None:
    (own / "own.yaml").write_text(OWN_SPACE.replace("CLASSES", "2"))
    refused = archscape_process("search", "job.yaml")
    assert refused.returncode == 2
    assert "linear: {width: 3}" in refused.stderr
    (own / "own.yaml").write_text(OWN_SPACE.replace("CLASSES", "3"))
    assert archscape_process("search", "job.yaml").returncode == 0


@pytest.mark.slow
def test_a_search_that_trains_nothing_is_no_success(archscape_process: Run, own: Path) -> None:
    (own / "job.yaml").write_text(OWN.replace("batch: 16", "batch: 16, rate: 1e30"))
    done = archscape_process("search", "job.yaml")
    assert done.returncode == 1
    assert "1 failed: diverged" in done.stderr
    assert "archscape export" not in done.stderr
