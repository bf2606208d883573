"""The trial that a search recommends when it ends, as its study keeps it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import pytest

from archscape.search.closing import closing, overview
from archscape.search.folder import results
from archscape.search.samplers import Prediction, Sampler
from archscape.search.samplers.bayes.sampler import BayesSampler
from archscape.search.study.history import History, Record
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.recommendation import note_recommended
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces import Sample, Space
from archscape.spaces.errors import JobError

Finished = Callable[..., Result]


@dataclass(frozen=True, kw_only=True)
class Second(Sampler):
    """Recommends the trial that ended second, with an expectation."""

    name: ClassVar[str] = "second"
    fails: ClassVar[bool] = False

    def sample(self, space: Space, history: History, rng: Random) -> Sample:
        """Return a random sample."""
        return space.sample(rng)

    def recommend(self, space: Space, history: History) -> Record | None:
        """Return the second."""
        if self.fails:
            raise JobError("mine.py:3: no")
        return history.complete[1]

    def expected(self, space: Space, history: History, record: Record) -> Mapping[str, Prediction]:
        """Return what it expects."""
        return {"accuracy": Prediction(0.75, 0.125, 0.8)}


@dataclass(frozen=True, kw_only=True)
class Fails(Second):
    """Raises as a sampler of the user's may."""

    fails: ClassVar[bool] = True


def fill(study: Study, plan: SearchPlan, finished: Finished, *accuracies: float) -> None:
    for accuracy in accuracies:
        lease = study.ask_unique(plan.propose, Owner.current(), trials=99)
        assert lease is not None
        study.tell(finished(lease, accuracy))


def test_best_result_is_recommended_where_a_sampler_has_no_model(
    study: Study, plan: SearchPlan, finished: Finished
) -> None:
    note_recommended(study, plan, say=pytest.fail)
    assert study.recommended() is None
    fill(study, plan, finished, 0.5, 0.9, 0.7)
    note_recommended(study, plan, say=pytest.fail)
    assert study.recommended() == {"number": 1}
    assert "recommended: trial 1" in overview(study)
    assert "recommended" not in closing(study, {}, trials=3)


def test_what_a_sampler_recommends_is_said_where_another_did_best(
    study: Study, plan: SearchPlan, finished: Finished
) -> None:
    fill(study, plan, finished, 0.9, 0.5)
    note_recommended(study, replace(plan, sampler=Second()), say=pytest.fail)
    expected = {"number": 1, "mean": 0.75, "deviation": 0.125}
    assert study.recommended() == results(study).recommended == expected
    text = "trial 1, of which accuracy 75.00% ± 12.50% is expected"
    assert f"recommended: {text}" in overview(study)
    assert closing(study, {}, trials=3).endswith(f"; recommended: {text}; trial 0 measured best, 90.00%")


def test_it_is_forgotten_where_the_search_goes_on_or_the_trial_is_dropped(
    study: Study, plan: SearchPlan, finished: Finished
) -> None:
    fill(study, plan, finished, 0.5, 0.9)
    note_recommended(study, plan, say=pytest.fail)
    study.drop(1)
    assert study.recommended() is None
    note_recommended(study, plan, say=pytest.fail)
    assert study.recommended() == {"number": 0}
    study.change({})
    assert study.recommended() is None


def test_sampler_that_fails_then_costs_no_result(study: Study, plan: SearchPlan, finished: Finished) -> None:
    fill(study, plan, finished, 0.9, 0.5)
    said: list[str] = []
    note_recommended(study, replace(plan, sampler=Fails()), say=said.append)
    assert said == ["mine.py:3: no; the best result is recommended"]
    assert study.recommended() == {"number": 0}


def test_model_says_what_it_expects_of_the_trial(study: Study, plan: SearchPlan, finished: Finished) -> None:
    accuracies = (0.5, 0.8, 0.7, 0.6, 0.75, 0.65, 0.9, 0.55)
    fill(study, plan, finished, *accuracies)
    note_recommended(study, replace(plan, sampler=BayesSampler()), say=pytest.fail)
    known = study.recommended()
    assert known is not None
    assert min(accuracies) < known["mean"] < max(accuracies) + 0.05
    assert known["deviation"] > 0


def test_who_drives_a_search_recommends_without_loading_torch() -> None:
    """Its workers have: a second more at the end of every search would be for nothing."""
    program = (
        "import sys, archscape.search.search, archscape.search.workers.recommendation\n"
        "from archscape.search.workers.trial_source import search_plan\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
