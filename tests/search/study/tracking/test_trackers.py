"""The trackers that come with archscape write what their own readers read; those of the page run as shown."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.in_process import InProcess
from rich.console import Console

from archscape.search.job import Job, make_job, read_job
from archscape.search.search import run
from archscape.search.study.study import Study
from archscape.search.study.tracking import follower
from archscape.search.study.tracking.mlflow import MlflowTracker
from archscape.search.study.tracking.settings import opened_by
from archscape.search.study.tracking.tensorboard import TensorboardTracker
from archscape.spaces.errors import InputError, JobError

PAGE = Path(__file__).parents[4] / "docs" / "tracking.md"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "POLL_SECONDS", 0.05)


@pytest.fixture
def go(job_file: Path, tmp_path: Path) -> Callable[..., str]:
    """Search three networks with these trackers; return what is shown."""

    def go(track: str, trials: int = 3) -> str:
        text = re.sub(r"trials: \d+", f"trials: {trials}", job_file.read_text().partition("track:")[0])
        job_file.write_text(f"{text}track: {track}\n")
        shown = io.StringIO()
        run(read_job(job_file), out=tmp_path / "run", executor=InProcess(), console=Console(file=shown))
        return shown.getvalue()

    return go


def scalars(file: Path) -> dict[tuple[str, int], float]:
    """Return the scalars of a file of events, by tag and step."""
    from tensorboardX.proto.event_pb2 import Event

    found, data = {}, file.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = Event.FromString(data[12 : 12 + length])
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found[value.tag, event.step] = value.simple_value
        data = data[16 + length :]
    return found


def options(file: Path) -> dict[str, str | float]:
    """Return the hyperparameters of a file of events."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    data = file.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        for value in Event.FromString(data[12 : 12 + length]).summary.value:
            content = value.metadata.plugin_data.content
            if value.tag == "_hparams_/session_start_info":
                found = HParamsPluginData.FromString(content).session_start_info.hparams
                return {name: each.number_value or each.string_value for name, each in found.items()}
        data = data[16 + length :]
    return {}


@pytest.mark.slow
def test_tensorboard_has_a_run_for_each_trial(go: Callable[..., str], tmp_path: Path) -> None:
    go("tensorboard")
    folders = sorted((tmp_path / "run" / "tensorboard").iterdir())
    assert [folder.name for folder in folders] == [f"trial-{n:05d}" for n in range(3)]
    with Study.open(tmp_path / "run") as study:
        for trial, folder in zip(study.trials(), folders, strict=True):
            found = {key: value for file in folder.glob("**/events*") for key, value in scalars(file).items()}
            (row,) = study.epochs(trial.number)
            assert found["epoch/accuracy", 1] == pytest.approx(row["accuracy"])
            assert found["trial/accuracy", trial.number] == pytest.approx(trial.metrics["accuracy"])
            assert found["trial/macs", trial.number] == pytest.approx(trial.costs["macs"])
            assert options(next(folder.glob("events*"))) == dict(trial.decisions)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of its own libraries
def test_mlflow_has_the_search_and_a_run_within_it_for_each_trial(
    go: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(follower, "GRACE_SECONDS", 120.0)  # it makes its database first
    assert "failed" not in go("{rule: mlflow, experiment: shelf}", trials=2)
    assert "failed" not in go("{rule: mlflow, experiment: shelf}", trials=3)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'run' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("shelf")
    runs = client.search_runs([experiment.experiment_id])
    (search,) = [each for each in runs if "archscape.search" in each.data.tags]
    trials = {int(each.data.tags["archscape.trial"]): each for each in runs if each is not search}
    assert sorted(trials) == [0, 1, 2]
    assert search.data.metrics["trials.complete"] == 3
    with Study.open(tmp_path / "run") as study:
        for trial in study.trials():
            each = trials[trial.number]
            assert each.info.status == "FINISHED"
            assert each.data.tags["mlflow.parentRunId"] == search.info.run_id
            assert each.data.metrics["final.accuracy"] == pytest.approx(trial.metrics["accuracy"])
            assert each.data.metrics["macs"] == trial.costs["macs"]
            assert each.data.params == {path: str(option) for path, option in trial.decisions.items()}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the page's job names, made of its examples."""
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "trackers_of_the_page.py"
    file.write_text("\n\n".join(text for text in examples if "wandb" not in text))
    return file


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that a server takes, whose address is in the environment."""
    texts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MY_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    yield texts
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_the_trackers_of_the_page_run_as_shown(
    go: Callable[..., str], page: Path, address: list[str], tmp_path: Path
) -> None:
    shown = go(f"['{page}:Csv', '{page.name}:Webhook']")
    assert "failed" not in shown
    with (tmp_path / "run" / "ended.csv").open() as file:
        rows = [*csv.DictReader(file)]
    with Study.open(tmp_path / "run") as study:
        trials = {trial.number: trial for trial in study.trials()}
    assert sorted(int(row["number"]) for row in rows) == [0, 1, 2]
    assert {row["state"] for row in rows} == {"complete"}
    assert all(float(row["accuracy"]) == trials[int(row["number"])].metrics["accuracy"] for row in rows)
    assert address == ["tiny-digits starts: 3 trials", "tiny-digits ends: {'complete': 3}"]
    assert f"{page}:Csv" in (tmp_path / "run" / "job.yaml").read_text()


@pytest.mark.parametrize(
    ("track", "message"),
    [
        ("tensorbord", "no tracker 'tensorbord'; did you mean 'tensorboard'"),
        ("{rule: tensorboard, dir: x}", "has no 'dir'"),
        ("nowhere.py:Csv", "there is no file"),
        ("[mlflow, broken.py:Csv]", "has no 'Csv'; did you mean 'Csw'"),
        ("[tensorboard, [mlflow]]", "a tracker is one word"),
    ],
)
def test_what_is_no_tracker_is_wrong_input(job_file: Path, track: str, message: str) -> None:
    (job_file.parent / "broken.py").write_text("class Csw:\n    pass\n")
    job_file.write_text(f"{job_file.read_text()}track: {track}\n")
    with pytest.raises(InputError, match=message) as caught:
        read_job(job_file)
    assert "job.yaml:8:" in str(caught.value)


def test_what_cannot_be_imported_is_said_before_the_search(job_file: Path, tmp_path: Path) -> None:
    (tmp_path / "raises_at_import.py").write_text("class Csv:\n    pass\n\nraise ValueError('no')\n")
    job_file.write_text(f"{job_file.read_text()}track: raises_at_import.py:Csv\n")
    with pytest.raises(InputError, match=r"raises_at_import.py:4: cannot be imported: ValueError: no"):
        run(read_job(job_file), out=tmp_path / "run", executor=InProcess())
    assert not (tmp_path / "run").exists()


def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MlflowTracker, "needs", ("no_such_package", "mlflow"))
    with pytest.raises(
        JobError, match=r"needs the package no_such_package.*pip install 'archscape\[mlflow\]'"
    ):
        opened_by(MlflowTracker())


def test_python_takes_settings_and_names() -> None:
    job = make_job(space="digits", data="digits", track=["mlflow", TensorboardTracker(folder="~/events")])
    assert job.track == (MlflowTracker(), TensorboardTracker(folder="~/events"))
    assert "track" not in job.facts()


def test_a_job_without_trackers_is_written_as_before(job_file: Path) -> None:
    job = read_job(job_file)
    assert isinstance(job, Job)
    assert "track" not in job.to_yaml(space="space.yaml")


@pytest.mark.slow
def test_workers_never_import_a_tracker(job_file: Path, tmp_path: Path) -> None:
    """The file notes which processes import it: that which follows the search, and no worker of its pool."""
    (tmp_path / "notes_its_process.py").write_text(
        "import os\nfrom pathlib import Path\n"
        f"with Path({str(tmp_path / 'processes')!r}).open('a') as file:\n    print(os.getpid(), file=file)\n"
        "class Silent:\n    def __init__(self, search): ...\n"
    )
    job_file.write_text(f"{job_file.read_text()}track: notes_its_process.py:Silent\n")
    job = replace(read_job(job_file), trials=1, workers=1)
    run(job, out=tmp_path / "run", console=Console(file=io.StringIO()))
    assert (tmp_path / "processes").read_text().split() == [str(os.getpid())]
