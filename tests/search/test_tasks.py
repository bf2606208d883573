"""The example of every task runs from its job to a frontier, a report and weights that say what they are."""

from __future__ import annotations

import doctest
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.in_process import InProcess
from PIL import Image
from rich.console import Console
from safetensors import safe_open

from archscape.analysis.metrics import METRICS
from archscape.analysis.statistics.frontier import frontier
from archscape.search import run
from archscape.search.datasets import sources
from archscape.search.datasets.arrays import LABELLED
from archscape.search.datasets.dataset import load_dataset
from archscape.search.datasets.settings import DataSettings
from archscape.search.job import make_job, read_job
from archscape.search.study.reader import StudyReader
from archscape.search.trained.inspection.landscape import TrainedTrial
from archscape.search.training.tasks import MORE_METRICS, TASK_METRICS, TASKS
from archscape.spaces.errors import JobError

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "tasks").glob("*-space.yaml"))
JOBS = [path.with_name(path.name.replace("-space", "")) for path in EXAMPLES]


def test_there_is_an_example_of_every_task() -> None:
    assert {read_job(job).task for job in JOBS} == {*TASKS}


def test_the_task_of_files_is_known_where_their_format_or_the_job_says_it(tmp_path: Path) -> None:
    assert doctest.testmod(sources).failed == 0
    for folder in ("images", "masks"):
        (tmp_path / "scans" / folder).mkdir(parents=True)
        Image.new("L", (16, 16)).save(tmp_path / "scans" / folder / "1.png")
    job = make_job(space="digits", data=tmp_path / "scans")
    assert job.objectives == {"mean_iou": "maximize", "macs": "minimize"}
    np.savez(tmp_path / "numbers.npz", x_train=np.zeros((20, 1, 16, 16)), y_train=np.arange(20.0))
    job = make_job(space="digits", data=DataSettings(path=str(tmp_path / "numbers.npz"), task="regression"))
    assert job.objectives == {"mae": "minimize", "macs": "minimize"}
    assert make_job(space="digits", data=tmp_path / "numbers.npz").task == "classification"


@pytest.mark.slow
@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_the_example_of_a_task_comes_to_a_frontier(path: Path, tmp_path: Path) -> None:
    job = read_job(path)
    job = replace(job, trials=2, recipe=replace(job.recipe, epochs=1))
    folder, data = tmp_path / "run", load_dataset(job.data)
    results = run(job, out=folder, console=Console(file=io.StringIO()), executor=InProcess())
    trials = results.trials
    assert list(trials["status"]) == ["complete", "complete"], list(trials["message"])
    score = next(iter(job.objectives))
    assert job.objectives == {score: METRICS[score].direction, "macs": "minimize"}
    assert score in (TASK_METRICS[data.task][0], *MORE_METRICS.get(data.task, ()))
    for name in {*job.trained_metrics, *TASK_METRICS[data.task]}:
        assert trials[[name, f"test_{name}"]].notna().all(axis=None)
    table = {name: trials[name].tolist() for name in job.objectives}
    assert frontier(table, job.objectives).any()
    report = (folder / "report.html").read_text()
    assert METRICS[score].label in report
    if data.task != "classification":
        with (
            StudyReader.open(folder) as study,
            pytest.raises(JobError, match="the surface of a loss is drawn of classification alone"),
        ):
            TrainedTrial.of(study, "best", lambda *what: None, note=print)
    weights = next((folder / "checkpoints").glob("*.safetensors"))
    with safe_open(weights, framework="pt") as file:
        says = file.metadata()
    assert (says["data"], says["task"]) == (str(job.data), data.task)
    assert json.loads(says.get("class_names", "[]")) == list(data.class_names)
    assert ("target_mean" in says) == (data.task not in LABELLED)
