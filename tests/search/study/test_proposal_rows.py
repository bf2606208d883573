"""What a trial was when it was proposed stands beside it: who proposed it, why, and what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import optuna
import pytest

from archscape.analysis.results import PROPOSED, columns, predicted_metrics, prediction_columns
from archscape.search.folder import results
from archscape.search.study.copying import copy_study
from archscape.search.study.history import History
from archscape.search.study.owner import Owner
from archscape.search.study.proposal import Prediction, Proposal
from archscape.search.study.proposal_rows import ProposalRecord
from archscape.search.study.schema import proposals
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

Finished = Callable[..., Result]
EXPECTED = Prediction(0.75, 0.125, 0.5)
KEPT = ProposalRecord(sampler="model", reason="best of 812 candidates", predicted={"accuracy": EXPECTED})


def of_a_model(plan: SearchPlan) -> Callable[[int, History], Proposal]:
    """Return what proposes as a model does: with a reason and predictions, one in no finite number."""

    def propose(number: int, history: History) -> Proposal:
        nothing = Prediction(math.nan, math.inf, 0.0)
        return replace(
            plan.propose(number, history),
            sampler=KEPT.sampler,
            reason=f"{KEPT.reason}\n",
            predicted={"accuracy": EXPECTED, "macs": nothing},
        )

    return propose


def test_proposals_are_kept_with_their_trials(stored: Study, plan: SearchPlan, owner: Owner) -> None:
    stored.ask_unique(of_a_model(plan), owner, trials=9)
    stored.ask_unique(plan.propose, owner, trials=9)
    assert stored.proposals() == {0: KEPT, 1: ProposalRecord(sampler="random")}
    assert stored.proposals(1) == {1: ProposalRecord(sampler="random")}


@pytest.mark.parametrize("text", ["{half", "[1, 2]", '{"accuracy": [1]}', '{"accuracy": [0, 1, "x"]}', "3"])
def test_a_damaged_prediction_is_left_out_and_the_trial_stays(
    stored: Study, plan: SearchPlan, owner: Owner, text: str
) -> None:
    stored.ask_unique(of_a_model(plan), owner, trials=9)
    with stored.database.engine.begin() as connection:
        connection.execute(proposals.update().values(predictions=text))
    assert stored.proposals() == {0: replace(KEPT, predicted={})}


def test_every_database_takes_what_a_sampler_of_the_users_says(
    stored: Study, plan: SearchPlan, owner: Owner
) -> None:
    def propose(number: int, history: History) -> Proposal:
        return replace(plan.propose(number, history), sampler="m\udc80.py:M", reason="zero \0,\n half \udc80")

    stored.ask_unique(propose, owner, trials=9)
    assert stored.proposals() == {0: ProposalRecord(sampler=r"m\udc80.py:M", reason=r"zero \0, half \udc80")}


def test_what_no_sampler_proposed_says_so(study: Study, plan: SearchPlan, owner: Owner) -> None:
    first, second = (plan.space.sample(Random(seed)) for seed in (1, 2))
    enqueued = replace(plan, enqueued={first.hash(): first})
    study.ask_unique(enqueued.propose, owner, trials=9)
    study.add(second, {"accuracy": 0.5}, source="table 3")
    assert [(record.sampler, record.reason) for record in study.proposals().values()] == [
        ("enqueued", "enqueued by the job"),
        ("added", "table 3"),
    ]


def test_optuna_has_them_as_an_attribute(study: Study, plan: SearchPlan, owner: Owner) -> None:
    study.ask_unique(of_a_model(plan), owner, trials=9)
    [trial] = optuna.load_study(study_name=study.name, storage=f"sqlite:///{study.address.target}").trials
    assert trial.user_attrs["proposal"] == {
        "sampler": "model",
        "reason": "best of 812 candidates",
        "predicted": {"accuracy": {"mean": 0.75, "deviation": 0.125, "incumbent": 0.5}},
    }


def test_a_copy_has_them_and_a_deleted_study_leaves_none(
    stored: Study, plan: SearchPlan, owner: Owner, tmp_path: Path
) -> None:
    stored.ask_unique(of_a_model(plan), owner, trials=9)
    copy_study(stored, "copied")
    address = {"name": "copied", "storage": str(stored.address.target)}
    with Study.open(tmp_path / "copy", **address) as copy:
        assert copy.proposals() == {0: KEPT}
        copy.delete()
    left = stored.database.read(lambda connection: connection.execute(proposals.select()).all())
    assert [row.study_id for row in left] == [stored.key]


def test_a_trial_that_is_retried_or_dropped_keeps_its_own(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    lease = study.ask_unique(of_a_model(plan), owner, trials=9)
    assert lease is not None
    study.tell(finished(lease, status="failed", cause="error", metrics={}))
    study.retry()
    study.drop(0)
    assert study.proposals() == {0: KEPT}


@pytest.mark.parametrize("name", ["tiny", ""])
def test_study_of_an_earlier_version_has_none_and_goes_on_with_them(
    study: Study, plan: SearchPlan, owner: Owner, name: str, tmp_path: Path
) -> None:
    """Its database gets the table when it is opened, to read it or to work on it."""
    study.ask_unique(plan.propose, owner, trials=9)
    study.database.write(lambda connection: proposals.drop(connection))
    with Study.open(tmp_path, name=name) as again:
        assert again.proposals() == {}
        again.ask_unique(of_a_model(plan), owner, trials=9)
        assert again.proposals() == {1: KEPT}


def test_table_of_trials_has_what_was_proposed_where_some_trial_knows_it(
    study: Study, plan: SearchPlan, owner: Owner
) -> None:
    assert not {*PROPOSED} & {*results(study).trials}
    study.ask_unique(plan.propose, owner, trials=9)
    trials = results(study).trials
    assert "reason" not in trials
    assert not predicted_metrics(trials)
    study.ask_unique(of_a_model(plan), owner, trials=9)
    trials = results(study).trials
    assert trials["sampler"].tolist() == ["random", "model"]
    assert trials["reason"][1] == KEPT.reason
    assert predicted_metrics(trials) == ["accuracy"]
    assert tuple(trials.loc[1, [*prediction_columns("accuracy")]]) == EXPECTED


def test_objective_with_a_limit_has_each_column_of_its_predictions_once() -> None:
    known = prediction_columns("accuracy")
    shown = columns(known, predicted=["accuracy", "macs", "accuracy"])
    assert [name for name in shown if "accuracy" in name][-3:] == [*known]
    assert len({*shown}) == len(shown)
