"""Searches through Ray Tune, on a cluster of two nodes on this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from helpers.in_process import InProcess

from archscape.commands.search import Engine
from archscape.search.executors.ray.driver import Driver
from archscape.search.executors.ray.engine import RayEngine
from archscape.search.executors.ray.messages import RunSpec, TrialSpec, TrialUpdate, leave_mark
from archscape.search.executors.ray.training_thread import TrainingThread
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.search.shutdown import Shutdown, ShutdownRequested
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trial import Trial
from archscape.search.workers.evaluator import Context
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.spaces import Network
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

slow = pytest.mark.slow
TOKEN = "0123456789abcdef0123456789abcdef"
WAIT = 60.0


# The training in an actor: a thread that can be followed.


def take(network: Network, context: Context) -> Result:
    """An evaluation of three epochs, which looks at every step whether it is to leave."""
    for epoch in (1, 2, 3):
        if context.should_stop():
            raise ShutdownRequested
        if not context.report(epoch, {"accuracy": epoch / 10}):
            return context.result(status="pruned")
    return context.result(status="complete", metrics={"accuracy": 0.3})


@pytest.fixture
def lease(study: Study, plan: SearchPlan, owner: Owner) -> Lease:
    lease = study.ask_unique(plan.propose, owner, trials=24)
    assert lease
    return lease


def test_a_training_says_how_it_ends(lease: Lease) -> None:
    news = TrainingThread(take, lease, rungs=(), worker="a").next_update(WAIT)
    assert news.result
    assert news.result.status == "complete"
    assert news.rows == {1: {"accuracy": 0.1}, 2: {"accuracy": 0.2}, 3: {"accuracy": 0.3}}
    assert not news.left


def test_a_training_waits_at_a_rung_until_it_is_asked_again(lease: Lease) -> None:
    training = TrainingThread(take, lease, rungs=(2,), worker="a")
    first = training.next_update(WAIT)
    assert (list(first.rows), first.result) == ([1, 2], None)
    second = training.next_update(WAIT)
    assert list(second.rows) == [3]
    assert second.result


def test_a_training_leaves_at_a_rung(lease: Lease) -> None:
    training = TrainingThread(take, lease, rungs=(1,), worker="a")
    assert list(training.next_update(WAIT).rows) == [1]
    training.leave()
    last = training.next_update(WAIT)
    assert (dict(last.rows), last.result, last.left) == ({}, None, True)


def test_what_an_evaluation_raises_is_the_failure_of_its_trial(lease: Lease) -> None:
    def fall(network: Network, context: Context) -> Result:
        raise ValueError("no such thing")

    news = TrainingThread(fall, lease, rungs=(), worker="a").next_update(WAIT)
    assert news.result
    assert (news.result.cause, news.result.message) == ("error", "ValueError: no such thing")
    assert "Traceback" in news.lines[0]


def test_messages_are_what_they_were_after_a_journey(lease: Lease, finished: Callable[..., Result]) -> None:
    update = TrialUpdate(worker="a", rows={2: {"loss": 0.5}}, lines=["one"], result=finished(lease))
    assert TrialUpdate.from_json(update.to_json()) == update
    spec = TrialSpec(number=1, hash=lease.hash, network=lease.network.to_json())
    assert TrialSpec.from_json(spec.to_json()) == spec


# The driver, without Ray.


@pytest.fixture
def driver(study: Study, plan: SearchPlan, job_file: Path, tmp_path: Path) -> Iterator[Driver]:
    (tmp_path / "logs").mkdir()
    source = TrialSource(
        name="ray",
        plan=plan,
        study=study,
        logs=tmp_path / "logs",
        notify=lambda event: None,
        shutdown=Shutdown(),
        count_attempt=False,
    )
    driver = Driver(source=source, job=replace(read_job(job_file), workers=2))
    yield driver
    driver.release_all()


def last_update(driver: Driver, name: str, finished: Callable[..., Result]) -> TrialUpdate:
    return TrialUpdate(worker="vm:1", result=finished(driver.trials[name].lease))


def trial_of(study: Study, number: int) -> Trial:
    return study.trials()[number]


def test_a_driver_gives_out_as_many_trials_as_there_are_workers(
    driver: Driver, study: Study, finished: Callable[..., Result]
) -> None:
    specs = [driver.assign("a"), driver.assign("b")]
    assert [spec.number for spec in specs if spec] == [0, 1]
    assert driver.assign("c") is None
    driver.start("a")
    driver.end("a", last_update(driver, "a", finished))
    third = driver.assign("c")
    assert third
    assert third.number == 2
    assert study.counts() == {"complete": 1, "running": 2}


@pytest.mark.parametrize(
    ("why", "cause"),
    [("its node died", "lost_worker"), ("out of memory: its node is running low", "out_of_memory")],
)
def test_a_trial_that_lost_its_actors_has_failed(driver: Driver, study: Study, why: str, cause: str) -> None:
    for _ in range(3):
        driver.assign("a")
        driver.start("a")
        driver.lose_actor("a", why)
    trial = trial_of(study, 0)
    assert (trial.state, trial.cause) == ("failed", cause)
    assert trial.message == f"3 workers were lost on it: {why}"


def test_a_trial_that_lost_its_actor_is_given_out_again(driver: Driver, study: Study) -> None:
    first, second = driver.assign("a"), driver.assign("b")
    driver.lose_actor("a", "its node died")
    assert driver.assign("c") == first != second
    assert study.counts() == {"running": 2}


def test_actors_that_keep_dying_end_the_search(driver: Driver) -> None:
    for number in range(9):
        driver.assign(f"{number}")
        driver.lose_actor(f"{number}", "no module named archscape")
    words = "9 actors in a row died before a trial ended: no module named archscape"
    assert str(driver.failure).startswith(words)


def test_a_training_that_takes_far_too_long_has_timed_out(driver: Driver, study: Study) -> None:
    driver.job = replace(driver.job, recipe=replace(driver.job.recipe, seconds=10.0))
    driver.assign("a")
    driver.start("a")
    assert driver.overdue() == []
    trial = driver.trials["a"]
    assert trial.started
    trial.started -= 80
    assert driver.overdue() == ["a"]
    assert driver.overdue() == []
    driver.lose_actor("a", "it was killed")
    assert trial_of(study, 0).cause == "timed_out"


def test_a_silent_actor_is_ended_but_not_its_trial(driver: Driver) -> None:
    driver.assign("a")
    driver.start("a")
    driver.trials["a"].last_update -= 80
    assert driver.overdue() == ["a"]
    assert driver.overdue() == []


def test_silence_does_not_count_while_the_driver_is_held_up(driver: Driver) -> None:
    driver.assign("a")
    driver.start("a")
    driver.trials["a"].last_update -= 80
    driver._last_tick -= 80
    assert driver.overdue() == []


def test_other_data_than_that_of_the_study_ends_the_search(driver: Driver) -> None:
    driver.assign("a")
    driver.assign("b")
    driver.start("a")
    assert driver.receive("a", TrialUpdate(worker="vm:1", fingerprint="one"))
    driver.start("b")
    assert not driver.receive("b", TrialUpdate(worker="vm:2", fingerprint="two"))
    assert isinstance(driver.failure, InputError)
    assert "its fingerprint is two, but the study" in str(driver.failure)


def test_what_is_given_back_goes_on_under_its_number(driver: Driver, study: Study) -> None:
    first = driver.assign("a")
    driver.release_all()
    assert driver.trials == {}
    assert study.counts() == {"waiting": 1}
    assert driver.assign("b") == first


def test_an_actor_knows_the_folder_of_the_run_by_its_mark(tmp_path: Path) -> None:
    run_spec = RunSpec(folder=str(tmp_path), job="", space="", cpus=1, gpus=0, mark=leave_mark(tmp_path))
    assert RunSpec.from_json(run_spec.to_json()).is_shared()
    leave_mark(tmp_path)
    assert not run_spec.is_shared()
    assert not replace(run_spec, folder=str(tmp_path / "other")).is_shared()


# Real Ray.


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of two nodes with one CPU each, whose token is known."""
    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_AUTH_MODE", "token")
    patch.setenv("RAY_AUTH_TOKEN", TOKEN)
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()
    patch.undo()


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """End the searches that a test which failed has left behind."""
    yield
    for process in STARTED:
        if process.poll() is None:
            process.kill()
            process.communicate()
    STARTED.clear()


def start(job: Path, out: Path, cluster: Cluster | None = None, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(out), "--engine", "ray"]
    address = ["--ray-address", cluster.address] if cluster else []
    STARTED.append(
        subprocess.Popen(
            [*command, *address, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    )
    return STARTED[-1]


def logged(out: Path, words: str) -> Counter[int]:
    """Return in how many lines of each trial's log there are these words."""
    return Counter(
        int(path.stem.removeprefix("trial-"))
        for path in (out / "logs").glob("trial-*.log")
        for line in path.read_text().splitlines()
        if re.search(words, line)
    )


def wait_for(out: Path, words: str, process: subprocess.Popen[str], *, times: int = 1) -> None:
    """Wait until these words were logged so many times."""
    while sum(logged(out, words).values()) < times:
        if process.poll() is not None:
            raise AssertionError(f"the search ended before '{words}': {process.communicate()[1]}")
        time.sleep(0.02)


def check(out: Path, process: subprocess.Popen[str], *, trials: int) -> None:
    """Assert what must hold after any faults."""
    printed, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert printed == f"{out / 'report.html'}\n"
    assert "Traceback" not in errors
    with Study.open(out) as study:
        records = study.trials()
    assert [trial.number for trial in records] == list(range(trials))
    assert {trial.state for trial in records} == {"complete"}
    assert len({trial.hash for trial in records}) == trials
    assert logged(out, " ends: complete") == dict.fromkeys(range(trials), 1)
    assert list((out / "spool").glob("trial-*")) == []
    assert list((out / "checkpoints").glob("*.partial")) == []


@pytest.fixture
def long_job(job_file: Path) -> Path:
    """Twelve trials that each take about a second."""
    text = job_file.read_text().replace("epochs: 1", "epochs: 8").replace("trials: 8", "trials: 12")
    job_file.write_text(text)
    return job_file


def cut_off(cluster: Cluster) -> None:
    """Kill all processes of the second node at once, as when its power goes."""
    node = next(iter(cluster.worker_nodes))
    raylets = [info.process.pid for info in node.all_processes["raylet"]]
    children = [pid for raylet in raylets for pid in children_of(raylet)]
    for pid in (*raylets, *children):
        os.kill(pid, signal.SIGKILL)
    cluster.remove_node(node, allow_graceful=False)


def children_of(pid: int) -> list[int]:
    return [
        int(word)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for word in path.read_text().split()
    ]


def descendants_of(pid: int) -> list[int]:
    children = children_of(pid)
    return children + [descendant for child in children for descendant in descendants_of(child)]


@slow
def test_a_node_is_killed_in_mid_search(long_job: Path, tmp_path: Path, cluster: Cluster) -> None:
    out = tmp_path / "run"
    process = start(long_job, out, cluster)
    wait_for(out, "ends: complete", process, times=3)
    cut_off(cluster)
    wait_for(out, "the actor was lost", process)
    cluster.add_node(num_cpus=1)
    check(out, process, trials=12)
    assert sum(logged(out, "attempt 2").values()) >= 1


@slow
def test_the_driver_is_killed_and_started_again(long_job: Path, tmp_path: Path, cluster: Cluster) -> None:
    out = tmp_path / "run"
    process = start(long_job, out, cluster)
    wait_for(out, "ends: complete", process, times=3)
    process.kill()
    process.communicate()
    with Study.open(out) as study:
        assert study.counts().get("running", 0) > 0
    process = start(long_job, out, cluster)
    check(out, process, trials=12)
    with Study.open(out) as study:
        assert {trial.attempts for trial in study.trials()} == {1}


@slow
def test_ray_gives_what_one_process_gives(job_file: Path, tmp_path: Path, cluster: Cluster) -> None:
    """One trial at a time, so that early stopping compares the same trials."""
    text = job_file.read_text().replace("epochs: 1", "epochs: 9, schedule: rungs")
    job_file.write_text(f"{text}stop: halving\n")
    job = replace(read_job(job_file), workers=1)
    single = run(job, out=tmp_path / "one", executor=InProcess()).trials
    by_ray = run(job, out=tmp_path / "two", executor=RayEngine(address=cluster.address)).trials
    same = ["number", "status", "message", "hash", "accuracy", "test_accuracy", "loss", "seed"]
    assert single[same].equals(by_ray[same])
    assert set(single["status"]) == {"complete", "pruned"}


@pytest.mark.ray
@slow
def test_ctrl_c_ends_a_ray_of_its_own(long_job: Path, tmp_path: Path) -> None:
    long_job.write_text(long_job.read_text().replace("epochs: 8", "epochs: 200"))
    out = tmp_path / "run"
    process = start(long_job, out)
    wait_for(out, "epoch 2:", process)
    ours = [Owner.of(pid) for pid in descendants_of(process.pid)]
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "stopped after 0 of 12 trials; the same command resumes it" in errors
    assert "Traceback" not in errors
    assert all(owner.is_dead(Owner.current()) for owner in ours)
    with Study.open(out) as study:
        trials = study.trials()
    assert {trial.state for trial in trials} == {"waiting"}
    begun = logged(out, "epoch 2:")
    assert {trials[number].hash for number in begun} <= {
        path.stem for path in (out / "checkpoints").glob("*.partial")
    }


@slow
def test_trials_share_gpus(long_job: Path, tmp_path: Path, cluster: Cluster) -> None:
    long_job.write_text(
        long_job.read_text().replace("epochs: 8", "epochs: 20").replace("trials: 12", "trials: 4")
    )
    node = cluster.add_node(num_cpus=1, num_gpus=2)
    out = tmp_path / "run"
    process = start(long_job, out, cluster, "--workers", "4", "--trial-cpus", "0.25", "--trial-gpus", "0.5")
    check(out, process, trials=4)
    cluster.remove_node(node)
    lines = [path.read_text() for path in sorted((out / "logs").glob("trial-*.log"))]
    begun = [re.search(r"(\S+) \S+ begins on GPU (.*)", text) for text in lines]
    assert sorted(match[2] for match in begun if match) == ["0", "0", "1", "1"]
    first_end = min(next(line for line in text.splitlines() if " ends: " in line)[:23] for text in lines)
    assert all(match[1][:23] < first_end for match in begun if match)


@slow
def test_a_cluster_with_another_token_is_wrong_input(
    job_file: Path, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN[::-1])
    monkeypatch.setenv("RAY_NUM_REDIS_GET_RETRIES", "1")
    process = start(job_file, tmp_path / "run", cluster)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    assert f"--ray-address {cluster.address}: Ray does not answer; is it the address of" in errors
    assert "RAY_AUTH_TOKEN_PATH" in errors
    assert "Traceback" not in errors


def test_the_example_of_a_cluster_is_one() -> None:
    import ray

    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    path = Path(__file__).parents[3] / "examples" / "ray-cluster.yaml"
    example = yaml.safe_load(path.read_text())
    jsonschema.validate(example, schema)
    trials = int(re.findall(r"--workers (\d+)", path.read_text())[0])
    share = float(re.findall(r"--trial-gpus ([0-9.]+)", path.read_text())[0])
    assert (
        trials * share == example["max_workers"] * example["available_node_types"]["gpu"]["resources"]["GPU"]
    )


def test_what_only_ray_knows_needs_ray() -> None:
    with pytest.raises(InputError, match="--trial-gpus needs --engine ray"):
        Engine.local.executor(storage="", address="", cpus=1, gpus=0.5)


def test_ray_client_is_refused(job_file: Path, tmp_path: Path) -> None:
    job = read_job(job_file)
    with pytest.raises(InputError, match="a search runs on a node of the cluster"):
        run(job, out=tmp_path / "run", executor=RayEngine(address="ray://head:10001"))


@pytest.mark.slow
def test_a_device_that_no_trial_is_lent_is_wrong_input(job_file: Path, tmp_path: Path) -> None:
    job = replace(read_job(job_file), device="cuda")
    with pytest.raises(InputError, match="device cuda: give --trial-gpus"):
        run(job, out=tmp_path / "run", executor=RayEngine())
