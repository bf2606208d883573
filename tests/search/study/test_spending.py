"""What a study has spent: seconds and epochs of trainings, trials without a gain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archscape.search.study.epoch_rows import EpochRows
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan


def test_seconds_and_epochs_of_all_trials_count(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    leases = [stored.ask_unique(plan.propose, owner, trials=9) for _ in range(3)]
    ended, running, failed = [lease for lease in leases if lease is not None]
    rows = [{"epoch": i, "accuracy": 0.5, "seconds": 2.0 * i} for i in (1, 2, 3)]
    metrics = {"accuracy": 0.5, "seconds": 7.0, "epochs": 3, **ended.costs}
    stored.tell(finished(ended, metrics=metrics, history=rows))
    stored.report(running, {1: rows[0]})
    stored.tell(finished(failed, status="failed", metrics={"seconds": 1.0}, history=[]))
    spent = stored.spent()
    assert (spent.device_seconds, spent.epochs) == (10.0, 4)
    assert (spent.typical_seconds, spent.typical_epochs) == (7.0, 3)
    assert (spent.reserved_seconds, spent.reserved_epochs) == (5.0, 2)


def test_only_new_epochs_of_trials_under_way_are_read(
    stored: Study, plan: SearchPlan, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = stored.ask_unique(plan.propose, owner, trials=9)
    assert lease is not None
    read: list[int] = []
    numbered = EpochRows.numbered

    def counted(rows: EpochRows, number: int, *, since: int = -1) -> dict[int, dict[str, float]]:
        records = numbered(rows, number, since=since)
        read.append(len(records))
        return records

    monkeypatch.setattr(EpochRows, "numbered", counted)
    stored.report(lease, {i: {"epoch": i, "accuracy": 0.5, "seconds": 2.0 * i} for i in (1, 2)})
    assert (stored.spent().device_seconds, stored.spent().epochs) == (4.0, 2)
    stored.report(lease, {3: {"epoch": 1, "repeat": 2, "accuracy": 0.5, "seconds": 3.0}})
    assert (stored.spent().device_seconds, stored.spent().epochs) == (7.0, 3)
    assert read == [2, 0, 1, 0]


def test_epochs_of_a_trial_that_is_tried_again_are_read_anew(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    lease = stored.ask_unique(plan.propose, owner, trials=9)
    assert lease is not None
    rows = {i: {"epoch": i, "accuracy": 0.5, "seconds": 2.0 * i} for i in (1, 2)}
    stored.report(lease, rows)
    assert stored.spent().device_seconds == 4.0
    stored.tell(finished(lease, status="failed", metrics={}, history=[*rows.values()]))
    assert stored.retry() == [lease.number]
    assert stored.spent().device_seconds == 0.0
    lease = stored.next_work(owner, trials=9).lease
    assert lease is not None
    stored.report(lease, {1: {"epoch": 1, "accuracy": 0.5, "seconds": 3.0}})
    assert (stored.spent().device_seconds, stored.spent().epochs) == (3.0, 1)


def test_trials_without_a_gain_are_counted_anew_after_each_gain(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    counts = []
    for accuracy, macs in [(0.5, 100), (0.4, 100), (0.5, 100), (0.6, 120), (0.5, 130), (0.5, 90)]:
        lease = stored.ask_unique(plan.propose, owner, trials=9)
        assert lease is not None
        stored.tell(finished(lease, metrics={"accuracy": accuracy, "macs": macs, "seconds": 1.0}))
        counts.append(stored.spent().without_gain)
    assert counts == [0, 1, 2, 0, 1, 0]
