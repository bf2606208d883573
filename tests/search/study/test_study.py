"""A study: no architecture twice, no number twice, nothing lost, whoever dies, wherever it is kept."""

from __future__ import annotations

import doctest
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.processes import popen
from sqlalchemy.exc import OperationalError

from archscape.search.study.database import Database
from archscape.search.study.lease import Lease
from archscape.search.study.liveness import LivenessMonitor
from archscape.search.study.owner import Owner
from archscape.search.study.schema import tables
from archscape.search.study.spool import Result, Spool
from archscape.search.study.study import Study
from archscape.search.study.transactions import MAX_ATTEMPTS
from archscape.search.training import seeds as seeds_module
from archscape.search.training.seeds import trial_seed
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import Space
from archscape.spaces.errors import StudyError, StudyGone

Finished = Callable[..., Result]
Gone = Callable[[int], Owner]
ASKER = Path(__file__).with_name("asker.py")
FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}


@pytest.fixture(params=["sqlite", "postgresql"])
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Study]:
    """A new study in a file, and in a database that it shares with others."""
    storage = "" if request.param == "sqlite" else request.getfixturevalue("postgres").url("studies")
    with Study.open(tmp_path, name=tmp_path.name, storage=storage, facts=FACTS) as study:
        yield study


def ask_elsewhere(folder: Path, space: Space, trials: int, *flags: str) -> subprocess.Popen[str]:
    (folder / "space.yaml").write_text(space.to_yaml())
    command = [sys.executable, str(ASKER), str(folder), str(trials), *flags]
    return popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(study: Study, plan: SearchPlan, owner: Owner, *, trials: int = 1) -> Lease:
    lease = study.ask_unique(plan.propose, owner, trials=trials)
    assert lease is not None
    return lease


def states(study: Study) -> list[str]:
    return [trial.state for trial in study.trials()]


def test_submits_one_trial_whole(study: Study, plan: SearchPlan, owner: Owner) -> None:
    lease = ask(study, plan, owner, trials=5)
    [trial] = study.trials()
    assert (trial.state, trial.owner, trial.attempts, trial.ended) == ("running", owner, 1, False)
    assert trial.decisions == dict(plan.space.replay(trial.decisions).decisions)
    assert trial.hash == lease.hash == lease.network.hash()
    assert trial.costs["macs"] == lease.network.totals.macs
    assert trial.network == lease.network.to_json()
    assert trial.seed == lease.seed == trial_seed(0, lease.hash)
    assert trial.started > trial.finished == ""


def test_a_place_that_says_nothing_is_left_out(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    """Earlier versions took what a file in the spool said."""
    place = {"host": "here", "folder": "/runs/a/checkpoints"}
    for told in ({"x": "1"}, place):
        study.tell(finished(ask(study, plan, owner, trials=2), place=told))
    assert study.places() == {1: place}


def test_holds_no_more_trials_than_asked(study: Study, plan: SearchPlan, owner: Owner) -> None:
    got = [study.ask_unique(plan.propose, owner, trials=3) is not None for _ in range(5)]
    assert got == [True, True, True, False, False]
    assert study.ask_unique(plan.propose, owner, trials=4) is not None


def test_tells_once(study: Study, plan: SearchPlan, owner: Owner, finished: Finished, tmp_path: Path) -> None:
    lease = ask(study, plan, owner)
    study.spool(finished(lease, 0.9))
    assert study.tell(finished(lease, 0.9))
    assert not study.tell(finished(lease, 0.1))
    [trial] = study.trials()
    assert (trial.state, trial.ended, trial.worker) == ("complete", True, "w1")
    assert [trial.metrics[name] for name in study.objectives] == [0.9, lease.costs["macs"]]
    assert trial.finished >= trial.started
    assert study.epochs() == [{"trial": 0, "epoch": 1, "loss": 1.0, "accuracy": 0.9, "seconds": 0.1}]
    assert list((tmp_path / "spool").iterdir()) == []


def test_keeps_the_cause_of_a_failure(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    lease = ask(study, plan, owner)
    study.tell(finished(lease, status="failed", cause="diverged", message="loss is nan in epoch 2"))
    [trial] = study.trials()
    assert (trial.state, trial.cause, trial.message) == ("failed", "diverged", "loss is nan in epoch 2")
    assert study.failures() == {"diverged": 1}
    assert study.history().failed[0].values is None


def test_result_of_another_network_does_not_count(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    lease = ask(study, plan, owner)
    assert not study.tell(replace(finished(lease), hash="0" * 16))
    assert states(study) == ["running"]


@pytest.mark.slow
def test_processes_that_ask_at_once_get_different_architectures(
    study: Study, tiny: Space, tmp_path: Path
) -> None:
    processes = [ask_elsewhere(tmp_path, tiny, 16) for _ in range(3)]
    answers = [process.communicate()[0].split() for process in processes]
    numbers = sorted(int(word) for answer in answers for word in answer[::2])
    hashes = {word for answer in answers for word in answer[1::2]}
    assert numbers == list(range(16))
    assert len(hashes) == len(study.trials()) == 16


def test_trial_of_a_living_process_is_left_to_it(
    study: Study, tiny: Space, owner: Owner, tmp_path: Path
) -> None:
    process = ask_elsewhere(tmp_path, tiny, 1)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("0 ")
    look = study.next_work(owner, trials=1)
    assert (look.lease, look.working) == (None, 1)
    process.communicate()
    look = study.next_work(owner, trials=1)
    assert look.lease is not None
    assert (look.lease.number, look.working) == (0, 0)


def test_trial_of_a_killed_process_goes_on_as_it_was(
    study: Study, tiny: Space, owner: Owner, elsewhere: Owner, finished: Finished, tmp_path: Path
) -> None:
    process = ask_elsewhere(tmp_path, tiny, 4, "--die")
    number, digest = process.communicate()[0].split()
    [before] = study.trials()
    lease = study.next_work(owner, trials=4).lease
    assert lease is not None
    assert (lease.number, lease.hash) == (int(number), digest) == (0, lease.network.hash())
    assert lease.seed == before.seed
    assert study.next_work(elsewhere, trials=4).lease is None
    assert study.tell(finished(lease))
    assert study.trials()[0].attempts == 2


def test_body_of_a_killed_process_counts_as_dead_before_it_is_buried(owner: Owner) -> None:
    process = popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = Owner.of(process.pid)
    assert other.is_dead(owner) is False
    process.kill()
    assert process.stdin is not None
    process.stdin.close()
    while other.is_dead(owner) is False:
        pass
    assert other.is_dead(owner) is True
    process.wait()
    assert other.is_dead(owner) is True


def lose(study: Study, plan: SearchPlan, gone: Gone, times: int) -> Lease:
    """Let the first trial be taken up so often by processes that have ended since."""
    lease = ask(study, plan, gone(0))
    for n in range(1, times):
        assert study.next_work(gone(n), trials=1).lease is not None
    return lease


def test_trial_that_loses_every_worker_fails(
    study: Study, plan: SearchPlan, owner: Owner, gone: Gone
) -> None:
    lose(study, plan, gone, MAX_ATTEMPTS)
    look = study.next_work(owner, trials=1)
    assert look.lease is None
    assert [(result.status, result.cause) for result in look.ended] == [("failed", "lost_worker")]
    [trial] = study.trials()
    assert (trial.state, trial.cause, trial.message) == (
        "failed",
        "lost_worker",
        "3 workers were lost on it",
    )
    assert study.count_open() == 0


def test_result_on_disk_is_told_and_not_worked_for_again(
    study: Study, plan: SearchPlan, owner: Owner, gone: Gone, finished: Finished, tmp_path: Path
) -> None:
    lease = lose(study, plan, gone, MAX_ATTEMPTS)
    study.spool(finished(lease, 0.7))
    look = study.next_work(owner, trials=1)
    assert look.lease is None
    assert [result.status for result in look.ended] == ["complete"]
    assert study.trials()[0].metrics["accuracy"] == 0.7
    assert study.next_work(owner, trials=1).ended == []
    assert Spool(folder=tmp_path / "spool").get(0, lease.hash) is None


def test_result_on_disk_that_was_told_is_swept_away(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    """A process died between telling a result and dropping it from the spool."""
    lease = ask(study, plan, owner)
    study.tell(finished(lease))
    study.spool(finished(lease))
    assert study.next_work(owner, trials=1).ended == []
    assert list((tmp_path / "spool").iterdir()) == []


def test_released_trial_counts_as_not_tried(study: Study, plan: SearchPlan, owner: Owner) -> None:
    lease: Lease | None = ask(study, plan, owner)
    for _ in range(2 * MAX_ATTEMPTS):
        assert lease is not None
        study.release(lease)
        assert states(study) == ["waiting"]
        look = study.next_work(owner, trials=1)
        assert (look.ended, states(study)) == ([], ["running"])
        lease = look.lease
    assert study.trials()[0].attempts == 1


# Silence, by the observer's own clock.


@pytest.fixture
def now(study: Study) -> list[float]:
    """The time on the observer's clock, to be set."""
    now = [0.0]
    study.liveness = LivenessMonitor(clock=lambda: now[0])
    return now


def test_process_on_another_machine_is_dead_when_silent_for_a_lease(
    study: Study, plan: SearchPlan, owner: Owner, elsewhere: Owner, now: list[float]
) -> None:
    lease = ask(study, plan, elsewhere)
    for moment in (1000.0, 1050.0, 1060.0):
        now[0] = moment
        assert study.next_work(owner, trials=1).lease is None
    assert study.beat(lease)
    for moment in (1061.0, 1121.0):
        now[0] = moment
        assert study.next_work(owner, trials=1).lease is None
    now[0] = 1121.1
    assert study.next_work(owner, trials=1).lease is not None
    assert not study.beat(lease)


def test_long_work_between_two_looks_makes_nobody_look_dead(
    study: Study, plan: SearchPlan, owner: Owner, elsewhere: Owner, now: list[float]
) -> None:
    lease = ask(study, plan, elsewhere)
    assert study.next_work(owner, trials=1).lease is None
    study.beat(lease)
    now[0] = 86_400.0
    assert study.next_work(owner, trials=1).lease is None


def test_database_that_was_away_for_longer_than_a_lease_makes_nobody_look_dead(
    study: Study, plan: SearchPlan, owner: Owner, elsewhere: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could show that it lives, so the silence counts from when the database was back."""
    study.lease_seconds = 0.5
    ask(study, plan, elsewhere)
    assert study.next_work(owner, trials=1).lease is None
    with monkeypatch.context() as patch:

        def away(*arguments: object) -> None:
            raise OperationalError("BEGIN", {}, Exception("connection refused"))

        def wait(seconds: float) -> None:
            time.sleep(0.6)
            patch.undo()

        patch.setattr(study.database, "wait", wait)
        patch.setattr(Database, "_run", away)
        look = study.next_work(owner, trials=1)
    assert (look.lease, look.working) == (None, 1)
    time.sleep(0.6)
    assert study.next_work(owner, trials=1).lease is not None


@pytest.mark.slow
def test_file_that_was_locked_for_longer_than_a_lease_makes_nobody_look_dead(
    tmp_path: Path, plan: SearchPlan, owner: Owner, elsewhere: Owner
) -> None:
    """SQLite waits by itself, so no step fails; the signs of life of all the others wait too."""
    with Study.open(tmp_path, name="locked", facts=FACTS) as study:
        study.lease_seconds = 0.5
        ask(study, plan, elsewhere)
        assert study.next_work(owner, trials=1).lease is None
        other = sqlite3.connect(tmp_path / "study.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(1.5, other.close)
        release.start()
        look = study.next_work(owner, trials=1)
        release.join()
    assert (look.lease, look.working) == (None, 1)


def test_a_lease_is_as_long_as_the_settings_say(
    study: Study, plan: SearchPlan, owner: Owner, elsewhere: Owner, tmp_path: Path
) -> None:
    study.change({"lease": 5})
    ask(study, plan, elsewhere)
    now = [0.0]
    with Study.open(tmp_path) as other:
        other.liveness = LivenessMonitor(clock=lambda: now[0])
        assert other.next_work(owner, trials=1).lease is None
        now[0] = 5.1
        assert other.next_work(owner, trials=1).lease is not None


# Steps whose answer is lost on the way.


@pytest.fixture
def forgetful(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step takes effect, but the connection breaks before its first answer is there."""
    run = Database._run

    def run_and_forget(self: Database, *arguments: Any) -> Any:
        run(self, *arguments)
        monkeypatch.setattr(Database, "_run", run)
        try:
            raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))
        finally:
            monkeypatch.setattr(Database, "_run", run_once_more)

    def run_once_more(self: Database, *arguments: Any) -> Any:
        result = run(self, *arguments)
        monkeypatch.setattr(Database, "_run", run_and_forget)
        return result

    monkeypatch.setattr(Database, "_run", run_and_forget)
    study.database.wait = lambda seconds: None


@pytest.mark.usefixtures("forgetful")
def test_nothing_happens_twice_though_every_answer_is_lost(
    study: Study, plan: SearchPlan, owner: Owner, gone: Gone, finished: Finished
) -> None:
    leases = [ask(study, plan, gone(0), trials=4) for _ in range(4)]
    assert [lease.number for lease in leases] == [0, 1, 2, 3]
    taken = study.next_work(owner, trials=4).lease
    assert taken is not None
    assert [trial.attempts for trial in study.trials()] == [2, 1, 1, 1]
    assert study.report(taken, {1: {"accuracy": 0.5}}) is None
    study.tell(finished(taken, 0.8))
    other = study.next_work(owner, trials=4).lease
    assert other is not None
    assert other.number == 1
    study.release(other)
    assert states(study) == ["complete", "waiting", "running", "running"]
    assert [trial.attempts for trial in study.trials()] == [2, 1, 1, 1]
    assert [row["epoch"] for row in study.epochs()] == [1]


# What is kept, and what everybody is told.


def test_epochs_are_there_while_a_trial_runs(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    lease = ask(study, plan, owner)
    study.report(lease, {1: {"accuracy": 0.1}, 2: {"accuracy": 0.2}})
    study.report(lease, {2: {"accuracy": 0.9}, 3: {"accuracy": 0.3}})
    assert [row["accuracy"] for row in study.epochs(0)] == [0.1, 0.2, 0.3]
    history = [{"epoch": n, "accuracy": n / 10} for n in (1, 2, 3, 4)]
    study.tell(finished(lease, 0.4, history=history))
    assert [row["accuracy"] for row in study.epochs(0)] == [0.1, 0.2, 0.3, 0.4]
    assert study.epochs(1) == []


def test_request_to_stop_is_seen_by_all_until_work_goes_on(
    study: Study, plan: SearchPlan, owner: Owner
) -> None:
    lease = ask(study, plan, owner)
    assert not study.is_stopping()
    study.stop()
    assert study.is_stopping()
    study.release(lease)
    assert study.next_work(owner, trials=1).stop
    study.change(study.settings)
    assert not study.is_stopping()


def test_history_takes_in_only_what_changed(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    leases = [ask(study, plan, owner, trials=3) for _ in range(3)]
    history = study.history()
    assert (list(history.pending), history.submitted) == ([0, 1, 2], 3)
    with Study.open(tmp_path) as other:
        other.tell(finished(leases[2], 0.2))
        other.tell(finished(leases[0], status="failed"))
    assert study.history() is history
    assert [record.number for record in history.complete] == [2]
    assert history.complete[0].values == (0.2, leases[2].costs["macs"])
    assert [record.number for record in history.failed] == [0]
    assert list(history.pending) == [1]


def test_trials_since_a_change_are_those_that_changed(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    leases = [ask(study, plan, owner, trials=3) for _ in range(3)]
    seen = max(trial.changed for trial in study.trials())
    study.tell(finished(leases[1]))
    study.release(leases[0])
    assert [(trial.number, trial.state) for trial in study.changes(since=seen).changed] == [
        (1, "complete"),
        (0, "waiting"),
    ]


def test_pins_what_the_first_worker_found(study: Study) -> None:
    assert [study.pin("data", value) for value in ("a", "b")] == ["a", "a"]
    assert study.pinned() == {"data": "a"}


def test_study_keeps_its_facts(study: Study, tmp_path: Path) -> None:
    with Study.open(
        tmp_path, name=study.name, facts={"objectives": {"loss": "minimize"}, "seed": 1}
    ) as again:
        assert again.facts == study.facts
        assert again.key == study.key


def test_deleted_study_leaves_no_row_behind(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    lease = ask(study, plan, owner)
    study.report(lease, {1: {"accuracy": 0.5}})
    study.tell(finished(lease))
    study.delete()
    with pytest.raises(StudyGone, match="it was deleted from its database"):
        study.counts()
    for table in tables.sorted_tables:
        rows = table.select().where(table.c.study_id == study.key)
        assert study.database.read(lambda c, rows=rows: c.execute(rows).all()) == []
    with pytest.raises(StudyError, match="holds no study"):
        Study.open(tmp_path)


def test_folder_without_a_study_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"holds no study\.db"):
        Study.open(tmp_path)


def test_worked_examples_hold() -> None:
    assert doctest.testmod(seeds_module) == (0, 1)
