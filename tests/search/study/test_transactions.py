"""Early stopping in a study: who is paused, who goes on, and what remains of those that never did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archscape.search.pruners import Decision, RungResult
from archscape.search.study.lease import Lease
from archscape.search.study.liveness import LivenessMonitor
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study, Work
from archscape.search.workers.trial_source import SearchPlan

Finished = Callable[..., Result]
FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}


@dataclass(frozen=True)
class Half:
    """Half of a rung, rounded up, goes on by accuracy: so simple that the tests can tell what it says."""

    name: str = "half"
    rungs: tuple[int, ...] = (1, 2)

    def decide(self, rung: int, result: RungResult, results: Sequence[RungResult]) -> Decision:
        rank = self._order(results).index(result.number)
        return Decision(
            promote=2 * rank < len(results), reason=f"place {rank + 1} of {len(results)} at {rung}"
        )

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        passed = {result.number for result in results if result.passed}
        best = self._order(results)[: (len(results) + 1) // 2]
        return next((number for number in best if number not in passed), None)

    def _order(self, results: Sequence[RungResult]) -> list[int]:
        return [result.number for result in sorted(results, key=lambda result: -result.values[0])]


@pytest.fixture(params=["sqlite", "postgresql"])
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Study]:
    server = request.param == "postgresql"
    storage = request.getfixturevalue("postgres").url("stopped_early") if server else ""
    with Study.open(tmp_path, name=tmp_path.name, storage=storage, facts=FACTS) as study:
        yield study


@pytest.fixture
def ask(study: Study, plan: SearchPlan, owner: Owner) -> Callable[..., Lease]:
    def ask(trials: int = 24, by: Owner = owner) -> Lease:
        lease = study.ask_unique(plan.propose, by, trials=trials)
        assert lease is not None
        return lease

    return ask


def reach(study: Study, lease: Lease, rung: int, accuracy: float) -> bool:
    """Let a trial reach a rung, and leave it if it is stopped; return whether it goes on."""
    decision = study.report(lease, {rung: {"accuracy": accuracy, "loss": 1.0}}, pruner=Half())
    if decision is not None and not decision.promote:
        study.release(lease)
    return decision is None or decision.promote


def next_work(study: Study, owner: Owner, trials: int = 24, busy: Sequence[int] = ()) -> Work:
    return study.next_work(owner, trials=trials, pruner=Half(), busy=busy)


def test_first_at_a_rung_goes_on_and_a_worse_one_is_paused(study: Study, ask: Callable[..., Lease]) -> None:
    first, second = ask(), ask()
    assert reach(study, first, 1, 0.5)
    assert not reach(study, second, 1, 0.4)
    running, paused = study.trials()
    assert (running.state, running.rung, running.metrics) == ("running", None, {})
    assert (paused.state, paused.rung, paused.owner) == ("paused", 1, None)
    assert (paused.cause, paused.message) == ("half", "place 2 of 2 at 1")
    assert paused.metrics == {"accuracy": 0.4, "loss": 1.0, **second.costs}
    assert study.counts() == {"running": 1, "paused": 1}
    assert study.count_open() == 2


def test_between_rungs_nothing_is_decided(study: Study, ask: Callable[..., Lease]) -> None:
    lease = ask()
    assert study.report(lease, {3: {"accuracy": 0.1}}, pruner=Half()) is None
    assert study.report(lease, {1: {"accuracy": 0.1}}, pruner=None) is None
    assert study.trials()[0].state == "running"


def test_trial_without_a_value_for_an_objective_goes_on(study: Study, ask: Callable[..., Lease]) -> None:
    """A loss that is no number is the training's own business, which ends it as diverged."""
    assert reach(study, ask(), 1, 0.5)
    lease = ask()
    assert study.report(lease, {1: {"loss": 1.0}}, pruner=Half()) is None


def test_paused_trial_goes_on_when_others_make_room(
    study: Study, ask: Callable[..., Lease], owner: Owner
) -> None:
    leases = [ask() for _ in range(4)]
    going = [reach(study, lease, 1, x) for lease, x in zip(leases, (0.5, 0.4, 0.1, 0.45), strict=True)]
    assert going == [True, False, False, True]
    fifth = ask()
    assert not reach(study, fifth, 1, 0.2)
    work = next_work(study, owner, busy=[0, 3])
    assert work.lease is not None
    assert (work.lease.number, work.lease.hash) == (1, leases[1].hash)
    [trial] = [trial for trial in study.trials() if trial.number == 1]
    assert (trial.state, trial.attempts) == ("running", 1)
    assert next_work(study, owner, busy=[0, 1, 3]).lease is None


def test_trial_that_passed_a_rung_and_lost_its_worker_is_not_judged_there_again(
    study: Study, ask: Callable[..., Lease], owner: Owner
) -> None:
    lease = ask()
    assert reach(study, lease, 1, 0.3)
    for x in (0.6, 0.7, 0.8):
        reach(study, ask(), 1, x)
    again = next_work(study, owner, busy=[1, 2, 3]).lease
    assert again is not None
    assert again.number == 0
    assert reach(study, again, 1, 0.3)
    assert not [trial for trial in study.trials() if trial.number == 0 and trial.state == "paused"]


def test_only_the_owner_of_a_trial_is_judged(
    study: Study, ask: Callable[..., Lease], owner: Owner, elsewhere: Owner
) -> None:
    """A process that was frozen and lost its trial cannot pause it for the one that has it now."""
    reach(study, ask(), 1, 0.9)
    lease = ask(by=elsewhere)
    study.release(lease)
    assert next_work(study, owner, busy=[0]).lease is not None
    assert study.report(lease, {1: {"accuracy": 0.1}}, pruner=Half()) is None
    assert study.trials()[1].state == "running"


def test_lost_trial_comes_before_one_that_may_go_on(
    study: Study, ask: Callable[..., Lease], owner: Owner, gone: Callable[[int], Owner]
) -> None:
    first, second, third = ask(), ask(), ask()
    reach(study, first, 1, 0.5)
    reach(study, second, 1, 0.4)
    reach(study, third, 1, 0.1)
    lost = ask(by=gone(0))
    leases = [next_work(study, owner, busy=busy).lease for busy in ([0], [0, 3])]
    assert [lease.number if lease else None for lease in leases] == [lost.number, 1]


def test_stopped_trials_end_when_nothing_is_left_to_do(
    study: Study, ask: Callable[..., Lease], owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    first, second = ask(2), ask(2)
    reach(study, first, 1, 0.5)
    reach(study, second, 1, 0.4)
    partial = tmp_path / "checkpoints" / f"{second.hash}.partial"
    partial.parent.mkdir()
    partial.touch()
    assert next_work(study, owner, 2, busy=[0]).ended == []
    study.tell(finished(first, 0.9))
    assert next_work(study, owner, 3).ended == []  # there is a third to come
    [ended] = next_work(study, owner, 2).ended
    assert (ended.number, ended.status, ended.cause) == (1, "pruned", "half")
    trial = study.trials()[1]
    assert (trial.state, trial.rung, trial.message) == ("pruned", 1, "place 2 of 2 at 1")
    assert trial.metrics["accuracy"] == 0.4
    assert trial.finished
    assert [row["epoch"] for row in study.epochs(1)] == [1]
    assert not partial.exists()
    assert study.count_open() == 0
    assert next_work(study, owner, 2).ended == []


def test_a_study_that_ended_can_grow_and_its_pruned_trials_stay_pruned(
    study: Study, ask: Callable[..., Lease], owner: Owner, finished: Finished
) -> None:
    first, second = ask(2), ask(2)
    reach(study, first, 1, 0.5)
    reach(study, second, 1, 0.4)
    study.tell(finished(first, 0.5))
    next_work(study, owner, 2)
    third = ask(3)
    reach(study, third, 1, 0.1)
    assert next_work(study, owner, 3, busy=[2]).lease is None
    assert study.trials()[1].state == "pruned"


def test_history_holds_stopped_trials_with_their_rung_until_they_go_on(
    study: Study, ask: Callable[..., Lease], owner: Owner
) -> None:
    leases = [ask() for _ in range(3)]
    for lease, x in zip(leases[:2], (0.5, 0.4), strict=True):
        reach(study, lease, 1, x)
    [record] = study.history().stopped.values()
    assert (record.number, record.rung, record.values) == (1, 1, (0.4, leases[1].costs["macs"]))
    reach(study, leases[2], 1, 0.1)
    assert next_work(study, owner, busy=[0]).lease is not None
    assert list(study.history().stopped) == [2]
    assert list(study.history().pending) == [0, 1]


def test_trial_whose_machine_died_while_it_paused_is_no_stumbling_block(
    study: Study, ask: Callable[..., Lease], owner: Owner, elsewhere: Owner
) -> None:
    """Its worker was told to stop, and went silent before it had left the trial."""
    now = [0.0]
    study.liveness = LivenessMonitor(clock=lambda: now[0])
    reach(study, ask(), 1, 0.5)
    silent = ask(by=elsewhere)
    decision = study.report(silent, {1: {"accuracy": 0.4}}, pruner=Half())
    assert decision is not None
    assert not decision.promote
    for x in (0.1, 0.2):
        reach(study, ask(), 1, x)
    assert next_work(study, owner, busy=[0]).lease is None
    now[0] = study.lease_seconds + 1
    lease = next_work(study, owner, busy=[0]).lease
    assert lease is not None
    assert lease.number == silent.number


def test_nothing_is_closed_while_a_worker_still_pauses_a_trial(
    study: Study, ask: Callable[..., Lease], owner: Owner, elsewhere: Owner, finished: Finished
) -> None:
    """It may be the one to go on as soon as its checkpoint is written."""
    first, second, third = ask(3), ask(3, elsewhere), ask(3)
    reach(study, first, 1, 0.5)
    study.report(second, {1: {"accuracy": 0.4}}, pruner=Half())
    reach(study, third, 1, 0.1)
    study.tell(finished(first, 0.6))
    work = next_work(study, owner, 3)
    assert (work.ended, work.lease, work.working) == ([], None, 1)
    study.release(second)
    work = next_work(study, owner, 3)
    assert work.lease is not None
    assert work.lease.number == 1


def test_trial_that_is_retried_keeps_its_worker_and_is_judged_anew(
    study: Study, ask: Callable[..., Lease], owner: Owner, elsewhere: Owner, finished: Finished
) -> None:
    """Neither is it promoted where it had been paused, nor let through where it had passed."""
    first, second = ask(), ask()
    reach(study, first, 1, 0.5)
    reach(study, second, 1, 0.4)
    for lease in (first, second):
        study.tell(finished(lease, status="failed", cause="error", metrics={}))
    assert study.retry() == [0, 1]
    again = [next_work(study, elsewhere, busy=busy).lease for busy in ([], [0])]
    assert [lease and lease.number for lease in again] == [0, 1]
    for x in (0.3, 0.1):
        reach(study, ask(), 1, x)
    assert next_work(study, owner, busy=[2]).lease is None
    assert again[0] is not None
    assert not reach(study, again[0], 1, 0.05)


def test_trial_that_an_earlier_version_reopened_is_not_promoted_while_somebody_trains_it(
    study: Study, ask: Callable[..., Lease], owner: Owner, elsewhere: Owner
) -> None:
    """That version left what the trial had come to at the rung."""
    reach(study, ask(), 1, 0.5)
    lost = ask(by=elsewhere)
    study._write(lambda transaction: transaction.rung_rows.add(1, lost.number, (0.4, 1.0), passed=False))
    for x in (0.1, 0.2):
        reach(study, ask(), 1, x)
    assert next_work(study, owner, busy=[0]).lease is None
