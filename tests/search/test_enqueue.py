"""Networks that a search tries first, and those that are added to a study."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from helpers.in_process import InProcess
from rich.console import Console

from archscape.analysis.costs.latency import Calibration
from archscape.search.job import read_job
from archscape.search.job.adding import add_network
from archscape.search.job.keywords import make_job
from archscape.search.search import run
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.study.trained import trained
from archscape.spaces import Space
from archscape.spaces.errors import InputError, JobError, StudyError

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SPACE = """\
space: small
input: 1x8x8
layers:
  - conv: {width: {4, 6, 8}, kernel: {1, 3}}
  - avgpool
  - linear: {width: 10}
"""
MINE = """\
network: mine
input: 1x8x8
layers:
  - conv: {width: 8, kernel: 1}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small-digits
space: small.yaml
data: digits
recipe: {preset: quick, epochs: 1}
sampler: random
trials: 4
"""
WIDE = '{"conv.width": 8, "conv.kernel": 3}'


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(SPACE)
    (tmp_path / "mine.yaml").write_text(MINE)
    (tmp_path / "job.yaml").write_text(JOB)
    return tmp_path / "job.yaml"


@pytest.fixture
def begun(stored: Study) -> Study:
    """A study of the space without a trial."""
    job = make_job(space=Space.from_yaml(SPACE), data="digits")
    stored.facts.update(job.facts())
    stored.change(job.settings())
    return stored


def enqueued(job: Path, text: str) -> Path:
    job.write_text(f"{JOB}enqueue: {text}\n")
    return job


def test_they_are_the_first_trials_in_their_order(job: Path, tmp_path: Path) -> None:
    tried_first = read_job(enqueued(job, "[mine.yaml, {conv.width: 6, conv.kernel: 3}]"))
    trials = run(
        tried_first, out=tmp_path / "run", executor=InProcess(), console=Console(file=io.StringIO())
    ).trials
    decisions = [json.loads(text) for text in trials["decisions"]]
    assert decisions[:2] == [{"conv.width": 8, "conv.kernel": 1}, {"conv.width": 6, "conv.kernel": 3}]
    assert (len(trials), trials["hash"].nunique()) == (4, 4)
    again = read_job(tmp_path / "run" / "job.yaml")
    assert again.enqueue == tried_first.enqueue


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("mine.yaml", "`enqueue:` is a list, as in [resnet20, mine.yaml]"),
        ("[resnet20]", "resnet20 is no member of space small: it reads 3x32x32, and the space 1x8x8"),
        ("[lost.yaml]", "lost.yaml: no such file"),
        ("[{conv.width: 5, conv.kernel: 3}]", "'5' is no option of 'conv.width'; it knows 4, 6, 8"),
        ("[{conv.width: 4}]", "the decision 'conv.kernel' is missing"),
        ("[mine.yaml, {conv.width: 8, conv.kernel: 1}]", "it gives the network of one above"),
        (
            "[{conv.width: 8, conv.kernel: 3}]\nwithin: {params: ..100}",
            "it has 178 params, and the limit is ..100",
        ),
    ],
)
def test_what_cannot_be_tried_stops_the_job_at_its_place(job: Path, text: str, law: str) -> None:
    with pytest.raises(InputError, match=re.escape(law)) as error:
        read_job(enqueued(job, text))
    assert "job.yaml:7:" in str(error.value)


def test_more_networks_than_trials_are_refused(job: Path) -> None:
    text = "[{conv.width: 4, conv.kernel: 3}, {conv.width: 6, conv.kernel: 3}]"
    job.write_text(f"{JOB.replace('trials: 4', 'trials: 1')}enqueue: {text}\n")
    with pytest.raises(JobError, match="enqueue has 2 networks, but there are 1 trials"):
        read_job(job)


def test_network_that_is_added_waits_and_is_trained_next(begun: Study, owner: Owner) -> None:
    assert add_network(begun, WIDE) == 0
    [trial] = begun.trials()
    assert (trial.state, trial.attempts, trial.owner) == ("waiting", 0, None)
    assert trial.decisions == {"conv.width": 8, "conv.kernel": 3}
    with pytest.raises(StudyError, match="trial 0 has this network"):
        add_network(begun, WIDE)
    lease = begun.next_work(owner, trials=1).lease
    assert lease is not None
    assert lease.number == 0


def test_result_that_is_known_is_complete_and_marked(begun: Study) -> None:
    assert add_network(begun, WIDE, ["accuracy=0.91"], source="a paper") == 0
    [trial] = begun.trials()
    assert (trial.state, trial.cause, trial.message) == ("complete", "added", "a paper")
    assert (trial.metrics["accuracy"], trial.metrics["macs"]) == (0.91, trial.costs["macs"])
    history = begun.history()
    assert history.complete[0].values == (0.91, trial.costs["macs"])
    assert begun.spent().device_seconds == 0


def test_result_that_is_known_tells_what_the_limits_ask(tmp_path: Path) -> None:
    job = make_job(space=Space.from_yaml(SPACE), data="digits", within={"seconds": "..60"})
    with Study.open(tmp_path, name="limited", facts=job.facts(), settings=job.settings()) as study:
        with pytest.raises(InputError, match="has the limit on seconds; give seconds=VALUE too"):
            add_network(study, WIDE, ["accuracy=0.91"])
        assert add_network(study, WIDE, ["accuracy=0.91", "seconds=9"]) == 0


def test_network_over_the_limit_on_latency_is_not_added(tmp_path: Path, calibration: Calibration) -> None:
    limit = {"latency": "..0.000001us"}
    job = make_job(space=Space.from_yaml(SPACE), data="digits", latency=calibration, within=limit)
    with (
        Study.open(tmp_path, name="fast", facts=job.facts(), settings=job.settings()) as study,
        pytest.raises(InputError, match=r"it has latency .*, and the limits are latency"),
    ):
        add_network(study, WIDE)


@pytest.mark.parametrize(
    ("metrics", "source", "law"),
    [
        (["acuracy=0.9"], "", "it is NAME=VALUE, of a metric of training; did you mean 'accuracy'?"),
        (["accuracy"], "", "it is NAME=VALUE"),
        (["accuracy=nan"], "", "it is a number, but got 'nan'"),
        (["accuracy=91"], "", "accuracy is a share, from 0 to 1"),
        (["loss=0.1"], "", "the study has the objective accuracy; give accuracy=VALUE too"),
        ([], "a paper", "--source says where a result is known from; give that with --metrics"),
    ],
)
def test_what_is_no_result_is_refused(begun: Study, metrics: list[str], source: str, law: str) -> None:
    with pytest.raises(InputError, match=re.escape(law)):
        add_network(begun, WIDE, metrics, source=source)
    assert begun.counts() == {}


@pytest.mark.slow
def test_commands_add_drop_and_copy(archscape: Run, job: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(read_job(job), out=out, executor=InProcess(), console=Console(file=io.StringIO()))
    with Study.open(out) as study:
        tried = {trial.hash for trial in study.trials()}
        left = next(s for s in read_job(job).space.enumerate() if s.hash() not in tried)
    known = archscape(
        "study", "add", out, json.dumps(left.decisions), "--metrics", "accuracy=0.5", "--source", "x"
    )
    assert "trial 4 is added with its result" in known.stderr
    assert "trial 0 is dropped now; it was complete" in archscape("study", "drop", out, "0").stderr
    assert archscape("study", "drop", out, "9").returncode == 2
    assert "other: a copy of small-digits with 5 trials" in archscape("study", "copy", out, "other").stderr
    refused = archscape("study", "copy", out, "other")
    assert refused.returncode == 2
    assert "has a study 'other'; choose another name" in refused.stderr
    assert "no trial has failed for 'error'" in archscape("study", "retry", out, "--cause", "error").stderr
    seen = optuna.load_study(study_name="other", storage=f"sqlite:///{out / 'study.db'}").trials
    assert [trial.state.name for trial in seen] == ["FAIL", *["COMPLETE"] * 4]


def test_a_result_that_is_known_has_no_weights_to_export(begun: Study) -> None:
    add_network(begun, WIDE, ["accuracy=0.91"])
    with pytest.raises(InputError, match="trial 0 was added with a result that was known"):
        trained(begun, "best", note=print)


def test_decisions_that_are_no_json_are_refused(begun: Study) -> None:
    with pytest.raises(InputError, match="NETWORK: decisions are JSON, as in"):
        add_network(begun, "{conv.width: 8}")
