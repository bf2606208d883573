"""Metrics of a job's own, and limits on what training gives: read, searched by, shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from helpers.in_process import InProcess

from archscape.analysis.limits import MetricLimit
from archscape.search import load, make_job, run
from archscape.search.job import Job, read_job
from archscape.spaces import Limit, Network
from archscape.spaces.errors import InputError, JobError
from archscape.spaces.language import user_function, uses

MEASURES = "def per_pixel(network):\n    return network.totals.params / 64\n"
FIT = """\
def fit(network, context):
    share = int(network.hash()[:4], 16) / 2**16
    for epoch in range(1, context.epochs + 1):
        context.report(epoch, {"f1": share * epoch / context.epochs, "recall": 1 - share})
    return {"f1": share, "recall": 1 - share, "specificity": 0.5}
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was named or imported in this process yet."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("own_measures", "own_scores"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def measured(job_file: Path) -> Path:
    """A job with a function of the network, and limits on it and on what training gives."""
    (job_file.parent / "own_measures.py").write_text(MEASURES)
    job_file.write_text(
        f"{job_file.read_text()}"
        "objectives: {accuracy: maximize, per_pixel: minimize}\n"
        "within: {accuracy: 70%.., per_pixel: ..1k, params: ..60k}\n"
        "metrics: {per_pixel: own_measures.py:per_pixel}\n"
    )
    return job_file


@pytest.fixture
def trained(job_file: Path) -> Path:
    """A job whose training function gives metrics that nobody knows."""
    (job_file.parent / "own_scores.py").write_text(FIT)
    job_file.write_text(
        "search: own\nspace: tiny.yaml\ntrain: {call: own_scores.py:fit, epochs: 2}\n"
        "objectives: {f1: maximize, macs: minimize}\nwithin: {recall: 0.85..}\ntrials: 5\n"
        "sampler: random\ndevice: cpu\n"
    )
    return job_file


def search(job: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(job.parent / "run")]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_a_job_has_limits_and_functions_beside_those_of_the_graph(measured: Path, tmp_path: Path) -> None:
    job = read_job(measured)
    assert job.within == {
        "accuracy": MetricLimit(low=0.7), "per_pixel": MetricLimit(high=1000), "params": Limit(high=60_000)
    }  # fmt: skip
    assert job.limited_space.within == {"params": Limit(high=60_000)}
    facts = job.facts()
    assert facts["limits"] == {"accuracy": "0.7..", "per_pixel": "..1000"}
    assert facts["metrics"] == {"per_pixel": {"direction": "minimize", "call": "own_measures.py:per_pixel"}}
    (tmp_path / "as_run").mkdir()
    (tmp_path / "as_run" / "space.yaml").write_text(job.space.to_yaml())
    (tmp_path / "as_run" / "job.yaml").write_text(job.to_yaml(space="space.yaml"))
    assert read_job(tmp_path / "as_run" / "job.yaml", runs="nothing") == job


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("objectives: {acuracy: maximize}", "8:14: a search has no 'acuracy'; did you mean 'accuracy'?"),
        ("within: {acuracy: 0.9..}", "8:10: within has no 'acuracy'; did you mean 'accuracy'?"),
        ("within: {accuracy: 0.9}", r"8:\d+: .*but got '0.9'; did you mean '0.9..' or '..0.9'\?"),
        ("within: {accuracy: 80..}", r"8:\d+: accuracy is a share, from 0 to 1, .* but got '80..'"),
        ("within: {memory: [1]}", r"8:\d+: a limit is low..high, as in ..256KiB, but got ''"),
        ("within: {memory: ..20Mb}", r"8:\d+: .* with B, kB, MB, .* but got '..20Mb'; did you mean 'MB'?"),
        ("within: {memory: ..20%}", r"8:\d+: a limit in bytes is in numbers with B, kB, .*, but got '..20%'"),
        ("within: {receptive_field: ..20kB}", "B, kB, .* stand in limits on a metric in bytes alone"),
        ("objectives: {memory: minimize}", "a search has an objective of training"),
        ("objectives: {accuracy: maximize, receptive_field: minimize}", "write `receptive_field: maximize`"),
        ("metrics: {seed: m.py:f}", "8:17: 'seed' is something else in the table of trials; choose another"),
        ("metrics: {feasible: m.py:f}", "'feasible' is something else in the table of trials"),
        ("metrics: {macs: m.py:f}", "'macs' is something else in the table of trials"),
        ("metrics: {a_std: m.py:f}", "'a_std' is the spread of a metric in the table of trials"),
        ("metrics: {per-pixel: m.py:f}", "'per-pixel' is no name of a metric; .* letters, digits and `_`"),
        ("metrics: {a: m.py}", "8:14: 'm.py' is no function in a file"),
        ("metrics: [a]", "`metrics:` is a mapping, as in {params_per_pixel: my_metrics.py:f}"),
        ("metrics: {width: own_measures.py:per_pixl}", "has no 'per_pixl'; did you mean 'per_pixel'?"),
    ],
)
def test_what_a_job_cannot_name_is_said_with_its_place(job_file: Path, lines: str, message: str) -> None:
    (job_file.parent / "own_measures.py").write_text(MEASURES)
    job_file.write_text(f"{job_file.read_text()}{lines}\n")
    with pytest.raises(InputError, match=message.replace("?", r"\?").replace(r"\\?", r"\?")):
        read_job(job_file)


def test_with_training_of_its_own_a_job_may_name_what_that_returns(trained: Path) -> None:
    job = read_job(trained)
    assert job.trained_metrics == {"f1": "maximize", "recall": "maximize"}
    assert job.facts()["metrics"] == {"f1": {"direction": "maximize"}, "recall": {"direction": "maximize"}}
    trained.write_text(trained.read_text().replace("{f1: maximize", "{epochs: maximize"))
    with pytest.raises(JobError, match="'epochs' is something else in the table of trials"):
        read_job(trained)


def test_from_python_functions_and_limits_are_objects(measured: Path) -> None:
    own = read_job(measured)
    job: Job = make_job(
        space=own.space,
        data="digits",
        objectives={"accuracy": "maximize", "per_pixel": "minimize"},
        within={"accuracy": MetricLimit(low=0.7), "params": "..60k"},
        metrics={"per_pixel": f"{measured.parent / 'own_measures.py'}:per_pixel"},
    )
    assert job.metrics == own.metrics
    assert job.limits == {"accuracy": MetricLimit(low=0.7)}
    with pytest.raises(InputError, match=r"a limit on a metric is a MetricLimit, .*but accuracy got Limit"):
        Job(search="a", space=own.space, data="digits", within={"accuracy": Limit(low=1)})


def test_a_study_takes_no_job_with_other_limits_or_another_function(trained: Path, tmp_path: Path) -> None:
    run(read_job(trained), out=tmp_path / "run", executor=InProcess())
    text = trained.read_text()
    trained.write_text(text.replace("0.85..", "0.9.."))
    with pytest.raises(
        JobError, match=r"began with within \{recall: 0.85..\}, but the job has \{recall: 0.9"
    ):
        run(read_job(trained), out=tmp_path / "run", executor=InProcess())
    trained.write_text(text.replace("within: {recall: 0.85..}\n", ""))
    with pytest.raises(
        JobError, match=r"began with within \{recall: 0.85..\}, but the job has \{recall: no lim"
    ):
        run(read_job(trained), out=tmp_path / "run", executor=InProcess())


def test_repeated_trainings_have_means_and_spreads_of_own_metrics(trained: Path, tmp_path: Path) -> None:
    trained.write_text(f"{trained.read_text()}repeats: 2\n")
    found = run(read_job(trained), out=tmp_path / "run", executor=InProcess())
    assert found.trials["f1_std"].tolist() == [0.0] * 5
    assert found.trials["recall_std"].tolist() == [0.0] * 5
    table = pd.read_csv(tmp_path / "run" / "trials.csv")
    assert table["feasible"].tolist() == (table["recall"] >= 0.85).tolist()
    assert set(table["feasible"]) == {True, False}
    assert table["specificity"].tolist() == [0.5] * 5


@pytest.mark.slow
def test_a_search_from_the_command_goes_by_own_metrics_and_limits(measured: Path) -> None:
    done = search(measured, "--trials", "6")
    folder = measured.parent / "run"
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "trials.csv")
    networks = [Network.from_json(text) for text in table["network"]]
    assert table["per_pixel"].tolist() == [network.totals.params / 64 for network in networks]
    assert table["feasible"].tolist() == (table["accuracy"] >= 0.7).tolist()
    infeasible = int((~table["feasible"]).sum())
    assert 0 < infeasible < 6
    assert f"6 of 6 trials complete, {infeasible} of them beyond accuracy 0.7.., in study" in done.stderr
    (measured.parent / "own_measures.py").unlink()  # nothing below runs it
    found = load(folder)
    assert found.objectives == {"accuracy": "maximize", "per_pixel": "minimize"}
    assert set(found.frontier()["number"]) <= set(table["number"][table["feasible"]])
    page = (folder / "report.html").read_text()
    assert page.count("beyond the limits") > 1
    assert "limits: validation accuracy at least 0.7." in page
    for arguments in (("report", folder, "--out", measured.parent / "t.md"), ("study", "show", folder)):
        shown = subprocess.run(
            [sys.executable, "-m", "archscape", *map(str, arguments)], capture_output=True, text=True
        )
        assert shown.returncode == 0, shown.stderr
    assert "per pixel" in (measured.parent / "t.md").read_text()


@pytest.mark.slow
def test_what_the_function_does_not_return_ends_the_search_at_its_first_report(trained: Path) -> None:
    trained.write_text(trained.read_text().replace("recall: 0.85..", "recal: 0.85.."))
    done = search(trained)
    assert done.returncode == 2
    assert done.stderr.count("archscape: ") == 1
    assert "Traceback" not in done.stderr
    assert "own_scores.py:4: fit: `recal` is" in done.stderr
    assert not (trained.parent / "run").exists()  # it had given nothing
