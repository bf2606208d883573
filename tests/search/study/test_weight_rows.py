"""What is known of weights is in archscape's own tables: without Optuna's rows, and from earlier versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archscape.search.study import optuna_rows
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.schema import weights
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.summary import study_summaries
from archscape.search.workers.trial_source import SearchPlan

Finished = Callable[..., Result]
FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}
PLACE = {"host": "here", "folder": "/runs/a/checkpoints"}


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> str:
    server = request.param == "postgresql"
    return str(request.getfixturevalue("postgres").url("weights")) if server else ""


@pytest.fixture
def opened(tmp_path: Path, storage: str) -> Callable[[], Study]:
    return lambda: Study.open(tmp_path, name=tmp_path.name, storage=storage, facts=FACTS)


@pytest.fixture
def study(opened: Callable[[], Study]) -> Iterator[Study]:
    with opened() as study:
        yield study


@pytest.fixture
def lease(study: Study, plan: SearchPlan, owner: Owner) -> Lease:
    lease = study.ask_unique(plan.propose, owner, trials=2)
    assert lease is not None
    return lease


def known(study: Study) -> tuple[str, dict[int, dict[str, str]]]:
    return study.weights_digest(study.trials()[0]), study.places()


def test_they_are_kept_where_optunas_rows_are_gone(study: Study, lease: Lease, finished: Finished) -> None:
    """Somebody deleted them before the trial ended; the best value is shown all the same."""

    def remove(transaction: Any) -> None:
        optuna_rows.remove_study(transaction.connection, study.key)
        restored = {"archscape": study.facts, "identity": {"id": study.identity, "key": study.key}}
        studies = optuna_rows._studies.insert().values(study_id=study.key, study_name=study.name)
        transaction.connection.execute(studies)
        optuna_rows.set_study_facts(transaction.connection, study.key, **restored)

    study._write(remove)
    study.tell(finished(lease, 0.75, weights="ab", place=PLACE))
    assert known(study) == ("ab", {0: PLACE})
    [summary] = [s for s in study_summaries(study.address.target) if s.name == study.name]
    assert summary.best == "accuracy 0.75"


def test_they_are_forgotten_with_a_failure_that_is_retried(
    study: Study, lease: Lease, finished: Finished
) -> None:
    study.tell(finished(lease, status="failed", cause="error", metrics={}, weights="ab", place=PLACE))
    study.retry()
    assert known(study) == ("", {})


def test_database_without_the_table_gets_it_with_what_optunas_attributes_hold(
    opened: Callable[[], Study], study: Study, lease: Lease, finished: Finished
) -> None:
    study.tell(finished(lease, weights="ab", place=PLACE))
    study.database.write(lambda connection: weights.drop(connection))
    with opened() as again:
        assert known(again) == ("ab", {0: PLACE})
