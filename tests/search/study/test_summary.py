"""All studies of a storage at a glance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archscape.search.pruners import Pruner
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.summary import study_summaries
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import StudyError


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    server = request.param == "postgresql"
    return str(request.getfixturevalue("postgres").url("study_summaries") if server else tmp_path / "all.db")


def opened(folder: Path, storage: str, name: str, way: str, **settings: Any) -> Study:
    facts = {"objectives": {"loss" if way == "minimize" else "accuracy": way}, "seed": 0}
    (folder / name).mkdir(exist_ok=True)
    return Study.open(folder / name, name=name, storage=storage, facts=facts, settings=settings)


def test_says_of_each_study_how_far_it_is(
    storage: str,
    plan: SearchPlan,
    owner: Owner,
    finished: Callable[..., Result],
    never: Pruner,
    tmp_path: Path,
) -> None:
    before = datetime.now(UTC)
    with opened(tmp_path, storage, "b", "maximize", trials=9) as study:
        leases = [study.ask_unique(plan.propose, owner, trials=9) for _ in range(6)]
        first, second, three, four, *_ = [lease for lease in leases if lease]
        study.tell(finished(first, 0.25))
        study.tell(finished(second, 0.75))
        study.tell(finished(three, status="failed"))
        study.report(four, {1: {"accuracy": 0.9}}, pruner=never)
    opened(tmp_path, storage, "a", "minimize").close()
    empty, full = study_summaries(storage)
    assert (full.name, full.trials, full.ended, full.running, full.paused, full.failed, full.best) == (
        *("b", 9, 3, 2, 1, 1),
        "accuracy 0.75",
    )
    assert full.latest is not None
    assert abs((full.latest - before).total_seconds()) < 60
    assert (empty.name, empty.trials, empty.ended, empty.best, empty.latest) == ("a", "", 0, "", None)


def test_best_is_the_lowest_where_less_is_better(
    plan: SearchPlan, owner: Owner, finished: Callable[..., Result], tmp_path: Path
) -> None:
    with opened(tmp_path, "", "a", "minimize") as study:
        for loss in (0.75, 0.25, 0.5):
            lease = study.ask_unique(plan.propose, owner, trials=9)
            assert lease is not None
            study.tell(finished(lease, metrics={"loss": loss}))
    assert [summary.best for summary in study_summaries(tmp_path / "a" / "study.db")] == ["loss 0.25"]


def test_storage_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no such file"):
        study_summaries(tmp_path / "none.db")


def test_at_work_is_who_gave_a_sign_within_a_lease(
    storage: str,
    plan: SearchPlan,
    owner: Owner,
    elsewhere: Owner,
    gone: Callable[[int], Owner],
    tmp_path: Path,
) -> None:
    with opened(tmp_path, storage, "signs", "maximize") as study:
        for who in (owner, elsewhere, gone(0)):
            study.ask_unique(plan.propose, who, trials=9)
        assert [held.owner for held in study.at_work()] == [owner, elsewhere]
        study.lease_seconds = 0.0
        assert study.at_work() == []
