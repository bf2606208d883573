"""Whatever is killed, and whenever: the same command again ends every trial once, and none is missing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import FrameType

import pytest
from helpers.processes import popen

from archscape import search
from archscape.search.folder import RunFolder
from archscape.search.pruners.halving import Halving
from archscape.search.samplers.random import RandomSampler
from archscape.search.shutdown import Shutdown
from archscape.search.study.history import History
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trial import Trial
from archscape.search.workers.evaluator import Context, Evaluator
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.search.workers.worker import Worker
from archscape.spaces import Network, Space

TRIALS = 40
ROUNDS = 10
EPOCHS = 4


def check(folder: Path, *, trials: int) -> list[Trial]:
    """Assert what must hold after any faults and a last undisturbed run; return the trials."""
    with Study.open(folder) as study:
        records = study.trials()
        assert study.count_open() == 0
    assert [trial.number for trial in records] == list(range(trials))
    assert all(trial.ended for trial in records)
    assert len({trial.hash for trial in records}) == trials
    assert list((folder / "spool").glob("trial-*")) == []
    for number, times in trained(folder).items():
        assert times == 1, f"trial {number} was trained to its end {times} times"
    return records


def trained(folder: Path) -> Counter[int]:
    """Return how often each trial came to its end in a worker: it says so once the result is on disk."""
    return Counter(
        int(path.stem.removeprefix("trial-"))
        for path in (folder / "logs").glob("trial-*.log")
        for line in path.read_text().splitlines()
        if " ends: complete" in line
    )


# A process that kills itself at every step.


def give_result(network: Network, context: Context) -> Result:
    """An evaluation without training."""
    return context.result(status="complete", metrics={"accuracy": 0.5, "seconds": 0.0})


def give_epochs(network: Network, context: Context) -> Result:
    """An evaluation without training that is as good as its network's hash, and may be stopped early."""
    accuracy = int(context.lease.hash[:4], 16) / 2**16
    history = []
    for epoch in range(1, EPOCHS + 1):
        history.append({"epoch": epoch, "accuracy": accuracy * epoch / EPOCHS})
        if not context.report(epoch, history[-1]):
            return context.result(status="pruned", metrics=history[-1], history=history)
    return context.result(status="complete", metrics=history[-1] | {"seconds": 0.0}, history=history)


def work_until(step: int, folder: Path, plan: SearchPlan, evaluate: Evaluator) -> None:
    """Work on a study in this process, and kill it as it enters or leaves its n-th function of `search`."""
    home = str(Path(str(search.__file__)).parent)
    steps = count(1)

    def die_at_step(frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "return") and frame.f_code.co_filename.startswith(home) and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(die_at_step)
    with Study.open(folder) as study:
        Worker(
            source=TrialSource(
                name="w1",
                plan=plan,
                study=study,
                logs=folder / "logs",
                notify=lambda event: None,
                shutdown=Shutdown(),
            ),
            evaluate=evaluate,
        ).run()


def in_a_fork(work: Callable[[], None]) -> bool:
    """Run a function in a fork of this process; return whether it came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # the fork uses no lock that a thread here may hold
        pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def make_folders(folder: Path) -> None:
    """Make those of a run, as a search does at its start: a worker waits for them for ten seconds."""
    for inner in RunFolder(folder).inner_folders:
        inner.mkdir()


@pytest.mark.slow
def test_killed_at_every_step(study: Study, plan: SearchPlan, tmp_path: Path) -> None:
    make_folders(tmp_path)
    plan = replace(plan, trials=30)
    kills = 0
    for step in count(1, 5):
        if in_a_fork(lambda step=step: work_until(step, tmp_path, plan, give_result)):  # type: ignore[misc]
            break
        kills += 1
    assert kills > 50
    check(tmp_path, trials=30)


@pytest.mark.slow
@pytest.mark.timeout(900)  # some hundred processes
def test_killed_at_every_step_of_early_stopping(study: Study, plan: SearchPlan, tmp_path: Path) -> None:
    """Whoever is paused, promoted or closed: it ends once, with all its epochs."""
    make_folders(tmp_path)
    rule = Halving(eta=2).pruner(study.objectives, EPOCHS)
    assert rule.rungs == (1, 2)
    plan = replace(plan, trials=40, pruner=rule)  # so many that some are left when kills come late enough
    for step in count(1, 7):
        if in_a_fork(lambda step=step: work_until(step, tmp_path, plan, give_epochs)):  # type: ignore[misc]
            break
    assert step > 7 * 50
    records = check(tmp_path, trials=40)
    last = {trial.number: len(study.epochs(trial.number)) for trial in records}
    ends = {(trial.state, trial.cause) for trial in records}
    assert {("complete", ""), ("pruned", "halving")} <= ends
    assert ends <= {("complete", ""), ("pruned", "halving"), ("failed", "lost_worker")}
    for trial in records:
        if trial.state != "failed":  # it was killed on every attempt
            assert last[trial.number] == (EPOCHS if trial.state == "complete" else trial.rung)


# Real processes that train, killed from outside.


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def undisturbed(folder: Path) -> list[str]:
    """Return the hashes of the networks that a search without any faults tries, in its order."""
    space = Space.from_yaml((folder / "space.yaml").read_text())
    plan = SearchPlan(space=space, sampler=RandomSampler(), trials=TRIALS, seed=0)
    history = History(objectives={"accuracy": "maximize"})
    hashes: list[str] = []
    for number in range(TRIALS):
        hashes.append(plan.propose(number, history).sample.hash())
        history.hashes.add(hashes[-1])
    return hashes


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it ended by itself
            os.kill(pid, signal.SIGKILL)


def wait_for_trials(folder: Path, number: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until so many trials have come to their end, or the process has."""
    while sum(trained(folder).values()) < number and process.poll() is None:
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_in_mid_search(job_file: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    job = job_file.read_text().replace("trials: 8", f"trials: {TRIALS}").replace("epochs: 1", "epochs: 3")
    job_file.write_text(job)
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "archscape", "search", str(job_file), "--out", str(folder)]

    def start() -> subprocess.Popen[bytes]:
        return popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    coordinator = start()
    for _ in range(ROUNDS):
        wait_for_trials(folder, sum(trained(folder).values()) + rng.choice([1, 2]), coordinator)
        time.sleep(rng.uniform(0, 0.3))  # any moment of a trial, or of what is between two
        assert coordinator.poll() is None, "the search ended before the last kill"
        workers = children(coordinator.pid)
        first = [coordinator.pid]
        victims = rng.choice(
            [first, workers[:1], workers[1:], rng.sample([*first, *workers], 1 + len(workers))]
        )
        kill(victims)
        if coordinator.pid in victims:
            coordinator.communicate()
            coordinator = start()
    errors = coordinator.communicate()[1].decode()
    assert coordinator.returncode == 0, errors
    records = check(folder, trials=TRIALS)
    assert max(trial.attempts for trial in records) > 1
    assert [trial.hash for trial in records] == undisturbed(folder)
