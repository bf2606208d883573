"""A study: no architecture twice, no number twice, nothing lost, whoever dies."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from optuna.trial import TrialState

from archscape.search import lease as lease_module
from archscape.search.lease import trial_seed
from archscape.search.ledger import tables
from archscape.search.owner import Owner
from archscape.search.spool import Result, Spool
from archscape.search.storage import open_storage
from archscape.search.study import MAX_ATTEMPTS, Study
from archscape.search.worker import Plan
from archscape.spaces import Space
from archscape.spaces.errors import StudyError

Finished = Callable[..., Result]
ASKER = Path(__file__).with_name("asker.py")


def ask_elsewhere(folder: Path, space: Space, trials: int, *flags: str) -> subprocess.Popen[str]:
    (folder / "space.yaml").write_text(space.to_yaml())
    command = [sys.executable, str(ASKER), str(folder), str(trials), *flags]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def states(study: Study) -> list[TrialState]:
    return [trial.state for trial in study.trials()]


def silence(folder: Path, number: int, *, machine: str, seconds: int) -> None:
    """Make a lease that of a process on another machine which was last heard of so long ago."""
    leases = tables.tables["archscape_leases"]
    storage = open_storage(folder / "study.db", tables=tables)
    with storage.transaction() as connection:
        connection.execute(leases.update().where(leases.c.number == number).values(machine=machine))
        connection.exec_driver_sql(
            "UPDATE archscape_leases SET beat = datetime(beat, ?) WHERE number = ?",
            (f"-{seconds} seconds", number),
        )
    storage.engine.dispose()


def test_submits_one_trial_whole(study: Study, plan: Plan, owner: Owner) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=5)
    assert lease is not None
    [trial] = study.trials()
    assert trial.state == TrialState.RUNNING
    assert trial.params == dict(plan.space.replay(trial.params).decisions)
    assert trial.user_attrs["hash"] == lease.hash == lease.network.hash()
    assert trial.user_attrs["costs"]["macs"] == lease.network.totals.macs
    assert trial.user_attrs["network"] == lease.network.to_json()
    assert trial.user_attrs["seed"] == lease.seed == trial_seed(0, lease.hash)


def test_holds_no_more_trials_than_asked(study: Study, plan: Plan, owner: Owner) -> None:
    assert [study.ask_unique(plan.propose, owner, trials=3) is None for _ in range(5)] == [False] * 3 + [
        True
    ] * 2
    assert study.ask_unique(plan.propose, owner, trials=4) is not None


def test_tells_once(study: Study, plan: Plan, owner: Owner, finished: Finished, tmp_path: Path) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    study.spool(finished(lease, 0.9))
    assert study.tell(finished(lease, 0.9))
    assert not study.tell(finished(lease, 0.1))
    [trial] = study.trials()
    assert trial.state == TrialState.COMPLETE
    assert trial.values == [0.9, lease.costs["macs"]]
    assert trial.user_attrs["history"][0]["epoch"] == 1
    assert list((tmp_path / "spool").iterdir()) == []


def test_keeps_the_cause_of_a_failure(study: Study, plan: Plan, owner: Owner, finished: Finished) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    study.tell(finished(lease, status="failed", cause="diverged", message="loss is nan in epoch 2"))
    [trial] = study.trials()
    assert trial.state == TrialState.FAIL
    assert trial.values is None
    assert (trial.user_attrs["cause"], trial.user_attrs["message"]) == ("diverged", "loss is nan in epoch 2")


def test_result_of_another_network_does_not_count(
    study: Study, plan: Plan, owner: Owner, finished: Finished
) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    assert not study.tell(replace(finished(lease), hash="0" * 16))
    assert states(study) == [TrialState.RUNNING]


def test_processes_that_ask_at_once_get_different_architectures(
    study: Study, tiny: Space, tmp_path: Path
) -> None:
    processes = [ask_elsewhere(tmp_path, tiny, 16) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0].split() for process in processes]
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
    assert study.reclaim(owner) is None
    process.communicate(timeout=60)
    lease = study.reclaim(owner)
    assert lease is not None
    assert lease.number == 0


def test_trial_of_a_killed_process_goes_on_as_it_was(
    study: Study, tiny: Space, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    process = ask_elsewhere(tmp_path, tiny, 4, "--die")
    number, digest = process.communicate(timeout=60)[0].split()
    [before] = study.trials()
    lease = study.reclaim(owner)
    assert lease is not None
    assert (lease.number, lease.hash) == (int(number), digest) == (0, lease.network.hash())
    assert lease.seed == before.user_attrs["seed"]
    assert study.reclaim(Owner(machine="elsewhere", pid=1, born=1)) is None
    assert study.tell(finished(lease))
    assert study.trials()[0].user_attrs["attempts"] == 2


def test_body_of_a_killed_process_counts_as_dead_before_it_is_buried(owner: Owner) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
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


def test_trial_that_loses_every_worker_fails(study: Study, plan: Plan, owner: Owner, tmp_path: Path) -> None:
    study.ask_unique(plan.propose, owner, trials=1)
    for _ in range(MAX_ATTEMPTS - 1):
        assert study.settle(owner) == []
        assert study.reclaim(owner) is not None
    assert study.reclaim(owner) is None
    [result] = study.settle(owner)
    assert (result.status, result.cause) == ("failed", "lost_worker")
    assert states(study) == [TrialState.FAIL]
    assert study.count_open() == 0


def test_result_on_disk_is_told_and_not_worked_for_again(
    study: Study, plan: Plan, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    for _ in range(MAX_ATTEMPTS - 1):
        study.reclaim(owner)
    study.spool(finished(lease, 0.7))
    assert study.reclaim(owner) is None
    assert [result.status for result in study.settle(owner)] == ["complete"]
    assert study.trials()[0].values[0] == 0.7
    assert study.settle(owner) == []
    assert Spool(folder=tmp_path / "spool").get(0, lease.hash) is None


def test_released_trial_counts_as_not_tried(study: Study, plan: Plan, owner: Owner) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    for _ in range(2 * MAX_ATTEMPTS):
        assert lease is not None
        study.release(lease)
        assert states(study) == [TrialState.WAITING]
        assert study.settle(owner) == []
        lease = study.reclaim(owner)
        assert states(study) == [TrialState.RUNNING]


def test_process_on_another_machine_is_dead_when_silent(
    study: Study, plan: Plan, owner: Owner, tmp_path: Path
) -> None:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    silence(tmp_path, 0, machine="elsewhere", seconds=50)
    assert study.reclaim(owner) is None
    elsewhere = replace(lease, owner=replace(owner, machine="elsewhere"))
    assert study.beat(elsewhere)
    silence(tmp_path, 0, machine="elsewhere", seconds=50)
    assert study.reclaim(owner) is None
    silence(tmp_path, 0, machine="elsewhere", seconds=61)
    assert study.reclaim(owner) is not None
    assert not study.beat(elsewhere)


def test_pins_what_the_first_worker_found(study: Study) -> None:
    assert [study.pin("data", value) for value in ("a", "b")] == ["a", "a"]
    assert study.pinned() == {"data": "a"}


def test_study_keeps_its_facts(study: Study, tmp_path: Path) -> None:
    with Study.open(tmp_path, name="other", facts={"objectives": {"loss": "minimize"}, "seed": 1}) as again:
        assert again.facts == study.facts


def test_folder_without_a_study_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"holds no study\.db"):
        Study.open(tmp_path)


def test_worked_examples_hold() -> None:
    assert doctest.testmod(lease_module) == (0, 1)
