"""From a job to an exported network, as a user: the exported files alone give the recorded test accuracy."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
from archscape.search.data import load_data

folder = Path(sys.argv[1])
file = next(folder.glob("*.py"))
spec = importlib.util.spec_from_file_location("sent", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
model = getattr(module, sys.argv[2])().eval()
model.load_state_dict(load_file(file.with_suffix(".safetensors")), strict=True)
test = load_data("cluttered-digits").test
torch.set_num_threads(1)
with torch.inference_mode():
    right = (model(test.x).argmax(1) == test.y).sum().item()
print(right / len(test.y))
"""


def read_trials(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "trials.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.slow
def test_search_report_export_and_reload(archscape: Run, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB)
    done = archscape("search", "job.yaml", timeout=240)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "end-to-end"
    assert done.stdout.strip() == "runs/end-to-end/report.html"
    assert "\x1b" not in done.stderr  # no control codes where nobody watches
    assert (run / "report.html").stat().st_size > 1_000_000

    trials = read_trials(run)
    assert len(trials) == 5
    assert {trial["status"] for trial in trials} == {"complete"}
    assert len({trial["hash"] for trial in trials}) == 5
    assert all(int(trial["macs"]) <= 400_000 for trial in trials)
    environment = json.loads((run / "environment.json").read_text())
    assert {"archscape", "torch", "python", "cpu", "data_fingerprint", "command"} <= environment.keys()

    exported = archscape("export", run, "--out", "best")
    assert exported.returncode == 0, exported.stderr
    name = exported.stderr.split("import ")[1].split(";")[0]
    best = max(trials, key=lambda trial: float(trial["accuracy"]))
    loaded = subprocess.run(
        [sys.executable, "-c", CHECK, tmp_path / "best", name], capture_output=True, text=True, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert float(loaded.stdout) == float(best["test_accuracy"])

    again = archscape("search", "job.yaml")
    assert again.returncode == 0, again.stderr
    assert read_trials(run) == trials

    (tmp_path / "job.yaml").write_text(JOB.replace("seed: 3", "seed: 4"))
    other = archscape("search", "job.yaml")
    assert other.returncode == 2
    assert "seed" in other.stderr
    report = archscape("report", run, "--out", "again.html")
    assert report.returncode == 0, report.stderr
