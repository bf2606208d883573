"""Searches through Ray Tune, on a cluster of two nodes on this machine."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from helpers.in_process import InProcess
from helpers.processes import popen

from archscape.commands.search import Engine
from archscape.search.executors.ray import driver as ray_driver
from archscape.search.executors.ray.driver import Driver
from archscape.search.executors.ray.engine import RayEngine
from archscape.search.executors.ray.messages import RunSpec, TrialSpec, TrialUpdate, leave_mark
from archscape.search.executors.ray.training_thread import TrainingThread
from archscape.search.file_faults import MISSING_SECONDS, FileFault
from archscape.search.folder import RunFolder
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.search.shutdown import Shutdown, ShutdownRequested
from archscape.search.study.budget import Budget
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trial import Trial
from archscape.search.workers.evaluator import Context
from archscape.search.workers.events import Event
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


@pytest.mark.parametrize(("number", "lasting"), [(errno.EROFS, False), (errno.EISDIR, True)])
def test_what_the_file_system_refuses_is_no_failure_of_its_trial(
    lease: Lease, number: int, lasting: bool
) -> None:
    def refused(network: Network, context: Context) -> Result:
        raise FileFault(number, "Refused", "/run/checkpoints/x")

    news = TrainingThread(refused, lease, rungs=(), worker="a").next_update(WAIT)
    assert (news.result, news.left, news.lasting) == (None, True, lasting)
    assert news.fault == "/run/checkpoints/x: Refused"


def test_messages_are_what_they_were_after_a_journey(lease: Lease, finished: Callable[..., Result]) -> None:
    update = TrialUpdate(worker="a", rows={2: {"loss": 0.5}}, lines=["one"], result=finished(lease))
    assert TrialUpdate.from_json(update.to_json()) == update
    spec = TrialSpec(number=1, hash=lease.hash, network=lease.network.to_json())
    assert TrialSpec.from_json(spec.to_json()) == spec


# The driver, without Ray.


@pytest.fixture
def driver(study: Study, plan: SearchPlan, job_file: Path, tmp_path: Path) -> Iterator[Driver]:
    RunFolder(tmp_path).create()
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


def test_a_driver_removes_weights_and_tells_actors_that_have_a_folder_of_their_own(
    driver: Driver, study: Study, plan: SearchPlan, finished: Callable[..., Result]
) -> None:
    driver.source.plan = replace(plan, keep="best 1")
    checkpoints = study.address.folder / "checkpoints"
    hashes = []
    for name, accuracy in (("a", 0.5), ("b", 0.9)):
        spec = driver.assign(name)
        assert spec
        assert spec.removed == []
        hashes.append(spec.hash)
        (checkpoints / f"{spec.hash}.safetensors").touch()
        driver.start(name)
        result = finished(driver.trials[name].lease, accuracy=accuracy)
        driver.end(name, TrialUpdate(worker="vm:1", result=result))
    assert [file.stem for file in checkpoints.iterdir()] == hashes[1:]
    spec = driver.assign("c")
    assert spec
    assert spec.removed == hashes[:1]


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


def test_the_budget_cuts_what_actors_train_whether_they_leave_or_are_lost(
    driver: Driver, study: Study
) -> None:
    driver.source.budget.budget = Budget(epochs=2)
    for name in ("a", "b"):
        driver.assign(name)
        driver.start(name)
    assert driver.receive("a", TrialUpdate(worker="n:1", rows={1: {"accuracy": 0.1}}))
    assert not driver.receive("b", TrialUpdate(worker="n:2", rows={1: {"accuracy": 0.2}}))
    driver.end("a", TrialUpdate(worker="n:1", left=True))
    driver.lose_actor("b", "killed")
    ends = [(trial.state, trial.cause, trial.metrics["accuracy"]) for trial in study.trials()]
    assert ends == [("pruned", "budget", 0.1), ("pruned", "budget", 0.2)]
    assert driver.assign("c") is None
    assert driver.is_over


def test_an_actor_that_outlives_the_budget_is_ended(driver: Driver) -> None:
    driver.assign("a")
    driver.start("a")
    driver.source.budget.budget, driver.source.budget.deadline = Budget(hours=1), time.monotonic() - 15
    assert (driver.overdue(), driver.overdue(), driver.is_out_of_time) == (["a"], [], False)
    driver.source.budget.deadline -= 15
    assert driver.is_out_of_time


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
    assert driver.receive("a", TrialUpdate(worker="vm:1", data={"data_fingerprint": "one"}))
    driver.start("b")
    assert not driver.receive("b", TrialUpdate(worker="vm:2", data={"data_fingerprint": "two"}))
    assert isinstance(driver.failure, InputError)
    assert "its fingerprint is two, but the study" in str(driver.failure)


def test_what_is_given_back_goes_on_under_its_number(driver: Driver, study: Study) -> None:
    first = driver.assign("a")
    driver.release_all()
    assert driver.trials == {}
    assert study.counts() == {"waiting": 1}
    assert driver.assign("b") == first


def test_what_the_file_system_refuses_an_actor_is_shown_and_ends_the_search_if_it_stays(
    driver: Driver, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    driver.source.notify = events.append
    refused = TrialUpdate(worker="vm:1", left=True, fault="/run/checkpoints: Read-only file system")
    driver.assign("a")
    driver.start("a")
    driver.end("a", refused)
    assert study.counts() == {"waiting": 1}
    assert events[-1].message == "vm:1 waits for /run/checkpoints: Read-only file system"
    assert driver.failure is None
    monkeypatch.setattr(ray_driver, "PATIENCE_SECONDS", -1.0)
    driver._next_poll = 0.0
    driver.assign("b")
    driver.start("b")
    driver.end("b", refused)
    assert "mend that, and the same command resumes the search" in str(driver.failure)


def test_what_no_waiting_mends_ends_the_search_at_once(driver: Driver) -> None:
    driver.assign("a")
    driver.start("a")
    fault = "/run/checkpoints/x.safetensors: Is a directory"
    driver.end("a", TrialUpdate(worker="vm:1", left=True, fault=fault, lasting=True))
    assert str(driver.failure).startswith(fault)


def test_two_short_faults_with_trials_between_them_end_no_search(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spool, later, now = tmp_path / "spool", [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + later[0])
    fault = TrialUpdate(worker="vm:1", left=True, fault="/run/checkpoints: Read-only file system")
    for name in ("a", "b"):
        spool.rename(tmp_path / "away")
        assert driver.assign(name) is None
        assert driver.assign(name) is None  # it asks again later
        (tmp_path / "away").rename(spool)
        later[0] += 5
        assert driver.assign(name) is not None
        driver.start(name)
        driver.receive(name, TrialUpdate(worker="vm:1", rows={1: {"accuracy": 0.5}}))
        driver.end(name, fault)
        later[0] += 1000
    assert driver.failure is None


def test_faults_without_an_epoch_between_them_end_the_search(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, now = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + later[0])
    for name in ("a", "b"):
        assert driver.assign(name) is not None
        driver.start(name)
        driver.end(name, TrialUpdate(worker="vm:1", left=True, fault="/run: Read-only file system"))
        later[0] += 1000
    assert "mend that" in str(driver.failure)


def test_time_for_which_an_actor_waits_for_files_is_not_its_trials(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    later, now = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + later[0])
    driver.job = replace(driver.job, recipe=replace(driver.job.recipe, seconds=10.0))
    driver.assign("a")
    driver.start("a")
    for waiting in (True,) * 5 + (False,) * 2:
        assert driver.overdue() == []
        later[0] += 50
        driver._last_tick += 50  # it was not held up
        driver.receive("a", TrialUpdate(worker="vm:1", waiting=waiting))
    assert driver.overdue() == ["a"]


def test_folders_that_stay_missing_are_made_again_by_the_driver(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    later, now = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + later[0])
    shutil.rmtree(tmp_path / "logs")
    assert driver.assign("a") is None
    later[0] += 2 * MISSING_SECONDS
    assert driver.assign("a") is not None


def test_results_on_disk_that_cannot_be_read_end_no_search(
    driver: Driver, study: Study, tmp_path: Path
) -> None:
    driver.assign("a")
    driver.release_all()
    (tmp_path / "spool").rmdir()
    (tmp_path / "spool").write_text("in the way")
    assert driver.assign("b") is None
    assert driver.failure is None
    (tmp_path / "spool").unlink()
    (tmp_path / "spool").mkdir()
    driver._next_poll = 0.0
    assert driver.assign("b") is not None


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
    from ray._private.authentication_test_utils import reset_auth_token_state
    from ray.cluster_utils import Cluster

    reset_auth_token_state()  # another test of this process may have asked a cluster without a token
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()
    patch.undo()
    reset_auth_token_state()


def start(job: Path, out: Path, cluster: Cluster | None = None, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(out), "--engine", "ray"]
    address = ["--ray-address", cluster.address] if cluster else []
    return popen([*command, *address, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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
    printed, errors = process.communicate()
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
        with suppress(ProcessLookupError):  # it ended meanwhile
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
        assert study.count_open() > 0
    process = start(long_job, out, cluster)
    check(out, process, trials=12)
    with Study.open(out) as study:
        assert {trial.attempts for trial in study.trials()} == {1}


OWN_FIT = """\
import time


def fit(network, context):
    latest = context.checkpoints / "epoch"
    done = int(latest.read_text()) if latest.exists() else 0
    for epoch in range(done + 1, context.epochs + 1):
        time.sleep(0.05)
        if not context.report(epoch, {"accuracy": epoch / 10}):
            break
        latest.with_suffix(".part").write_text(str(epoch))
        latest.with_suffix(".part").replace(latest)
    return {"accuracy": epoch / 10}
"""


def own_job(job_file: Path, *, trials: int, function: str = OWN_FIT) -> Path:
    """Let a function of the user's train, which is in the folder of the job."""
    (job_file.parent / "ray_own_fit.py").write_text(function)
    text = job_file.read_text().replace("recipe: {preset: quick", "train: {call: ray_own_fit.py:fit")
    text = text.replace("epochs: 1", "epochs: 4").replace("trials: 8", f"trials: {trials}")
    job_file.write_text(text.replace("data: digits\n", ""))
    return job_file


@slow
def test_the_users_function_loses_nothing_whatever_dies(
    job_file: Path, tmp_path: Path, cluster: Cluster
) -> None:
    """Actors, a node and the driver are killed in a search of sixty trials."""
    job, out = own_job(job_file, trials=60), tmp_path / "run"
    process = start(job, out, cluster)
    for ended in (3, 8, 14):
        wait_for(out, "ends: complete", process, times=ended)
        kill_an_actor(cluster, process)
    wait_for(out, "ends: complete", process, times=20)
    cut_off(cluster)
    wait_for(out, "ends: complete", process, times=25)
    cluster.add_node(num_cpus=1)
    wait_for(out, "ends: complete", process, times=35)
    process.kill()
    process.communicate()
    check(out, start(job, out, cluster), trials=60)
    assert list((out / "checkpoints").iterdir()) == []
    with Study.open(out) as study:
        assert all(len(study.epochs(trial.number)) == 4 for trial in study.trials())


def actors_of(cluster: Cluster) -> list[int]:
    """Return the processes of actors that train."""
    infos = [info for node in cluster.list_all_nodes() for info in node.all_processes["raylet"]]
    return [pid for info in infos for pid in children_of(info.process.pid) if b"Trainer" in command_of(pid)]


def kill_an_actor(cluster: Cluster, search: subprocess.Popen[str]) -> None:
    """Kill an actor that trains, as soon as there is any: one that was killed is started again."""
    while search.poll() is None:
        for pid in actors_of(cluster):
            with suppress(ProcessLookupError):
                return os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    raise AssertionError(f"the search ended before its actor was killed: {search.communicate()[1]}")


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@slow
def test_a_function_that_breaks_its_contract_ends_a_search_through_ray(
    job_file: Path, tmp_path: Path, cluster: Cluster
) -> None:
    job = own_job(job_file, trials=2, function="def fit(network, context):\n    return {'acuracy': 1}\n")
    process = start(job, tmp_path / "run", cluster)
    printed, errors = process.communicate()
    assert (process.returncode, printed) == (2, "")
    assert (
        "ray_own_fit.py:1: fit: `accuracy` is an objective or a limit of the job, but it returned only"
        in errors
    )
    assert "Traceback" not in errors


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
    errors = process.communicate()[1]
    assert process.returncode == 1
    assert re.search(r"stopped after 0 of 12 trials, and \d more begun; the same command", errors)
    assert "Traceback" not in errors
    assert all(owner.is_dead(Owner.current()) for owner in ours)
    with Study.open(out) as study:
        trials = study.trials()
    assert {trial.state for trial in trials} == {"waiting"}
    begun = logged(out, "epoch 2:")
    assert {trials[number].hash for number in begun} <= {
        path.stem for path in (out / "checkpoints").glob("*.partial")
    }


def listening(pids: list[int]) -> set[str]:
    """Return the addresses on which processes listen, as /proc/net has them."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):
                inodes.add(os.readlink(link))
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@pytest.mark.ray
@slow
@pytest.mark.parametrize("victim", ["gcs_server", "DashboardAgent", "driver"])
def test_a_ray_of_its_own_is_for_this_machine_and_goes_with_its_driver(
    victim: str, long_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens on the loopback alone; a search that loses its Ray, or is killed, leaves nothing of it."""
    long_job.write_text(long_job.read_text().replace("epochs: 8", "epochs: 200"))
    monkeypatch.setenv("TMPDIR", str(short := Path(tempfile.mkdtemp(dir="/tmp"))))
    process = start(long_job, tmp_path / "run")
    wait_for(tmp_path / "run", "epoch 2:", process)
    pids = descendants_of(process.pid)
    ours = [Owner.of(pid) for pid in pids]
    listened = listening([process.pid, *pids])
    assert listened
    assert listened <= LOOPBACK
    named = [pid for pid in pids if victim.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(process.pid if victim == "driver" else named[0], signal.SIGKILL)
    errors = process.communicate()[1]
    assert process.returncode == (-signal.SIGKILL if victim == "driver" else 1)
    assert "archscape: the search was cut off: " in errors
    assert "the same command resumes it" in errors
    assert "Traceback" not in errors
    assert list(short.iterdir()) == []
    while not all(owner.is_dead(Owner.current()) for owner in ours):  # not reaped yet
        time.sleep(0.02)
    short.rmdir()


TOGETHER = """\
import time
from pathlib import Path


def fit(network, context):
    begun = Path(__file__).parent / "begun"
    begun.mkdir(exist_ok=True)
    (begun / str(context.seed)).touch()
    while len([*begun.iterdir()]) < 4:
        time.sleep(0.02)
    return {"accuracy": 0.5}
"""
"""A training that ends when four have begun."""


@slow
def test_trials_share_gpus(job_file: Path, tmp_path: Path, cluster: Cluster) -> None:
    job = own_job(job_file, trials=4, function=TOGETHER)
    node = cluster.add_node(num_cpus=1, num_gpus=2)
    out = tmp_path / "run"
    process = start(job, out, cluster, "--workers", "4", "--trial-cpus", "0.25", "--trial-gpus", "0.5")
    check(out, process, trials=4)
    cluster.remove_node(node)
    lines = [path.read_text() for path in sorted((out / "logs").glob("trial-*.log"))]
    begun = [re.search(r" begins on GPU (.*)", text) for text in lines]
    assert sorted(match[1] for match in begun if match) == ["0", "0", "1", "1"]


@slow
def test_a_cluster_with_another_token_is_wrong_input(
    job_file: Path, tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN[::-1])
    monkeypatch.setenv("RAY_NUM_REDIS_GET_RETRIES", "1")
    process = start(job_file, tmp_path / "run", cluster)
    errors = process.communicate()[1]
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
        Engine.local.check(address="", cpus=1, gpus=0.5)


def test_ray_client_is_refused(job_file: Path, tmp_path: Path) -> None:
    job = read_job(job_file)
    with pytest.raises(InputError, match="a search runs on a node of the cluster"):
        run(job, out=tmp_path / "run", executor=RayEngine(address="ray://head:10001"))


@pytest.mark.slow
def test_a_device_that_no_trial_is_lent_is_wrong_input(job_file: Path, tmp_path: Path) -> None:
    job = replace(read_job(job_file), device="cuda")
    with pytest.raises(InputError, match="device cuda: give --trial-gpus"):
        run(job, out=tmp_path / "run", executor=RayEngine())
