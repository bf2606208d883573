"""TPE: when the estimator is asked, how often, and from how many copies of the history."""

from __future__ import annotations

import random

import optuna
import pytest

from archscape.analysis.metrics import Objectives
from archscape.search.samplers.base import ASKS, propose_unique
from archscape.search.samplers.tpe import TpeSampler
from archscape.search.study.history import History, Record
from archscape.spaces import Space

BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}


def studied(space: Space, trials: int, *, submitted: int = 0) -> History:
    """Return a history of some complete trials among those submitted."""
    rng = random.Random(0)
    samples = [space.sample(rng) for _ in range(trials)]
    return History(
        objectives=BOTH,
        complete=[
            Record(number=i, decisions=each.decisions, values=(i / 10, 1.0)) for i, each in enumerate(samples)
        ],
        hashes={each.hash() for each in samples} | {str(i) for i in range(submitted - trials)},
    )


def test_draws_at_random_until_a_trial_is_complete(tiny: Space) -> None:
    history = History(objectives=BOTH, hashes={str(i) for i in range(50)})
    proposal = next(TpeSampler(startup=10).proposals(tiny, history, random.Random(0)))
    assert proposal.sample.decisions == tiny.sample(random.Random(0)).decisions
    assert proposal.reason == "random, as no trial is complete"


def test_first_samples_are_random_up_to_the_startup(tiny: Space) -> None:
    history = studied(tiny, 1, submitted=12)
    start = next(TpeSampler(startup=13).proposals(tiny, history, random.Random(0)))
    assert start.reason == "random start 13 of 13"
    assert start.sample.decisions == tiny.sample(random.Random(0)).decisions
    assert "good trials" in next(TpeSampler(startup=12).proposals(tiny, history, random.Random(0))).reason


def test_the_history_is_copied_once_however_many_proposals_were_tried(
    tiny: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was proposed leaves no trace in the copy, so that a good neighbourhood stays a good one."""
    studies, running = set[int](), list[int]()
    suggest = optuna.samplers.TPESampler.before_trial

    def note(self: optuna.samplers.TPESampler, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        studies.add(id(study))
        running.append(len(study.get_trials(states=[optuna.trial.TrialState.RUNNING])) - 1)
        suggest(self, study, trial)

    monkeypatch.setattr(optuna.samplers.TPESampler, "before_trial", note)
    history = studied(tiny, 12)
    proposals = list(TpeSampler().proposals(tiny, history, random.Random(0)))
    assert len(proposals) == ASKS
    assert len(studies) == 1
    assert running == [0] * ASKS


def test_a_network_near_its_last_proposal_is_taken_where_all_were_tried(tiny: Space) -> None:
    history = studied(tiny, 12)
    proposals = [*TpeSampler().proposals(tiny, history, random.Random(0))]
    history.hashes |= {each.sample.hash() for each in proposals}
    proposal = propose_unique(TpeSampler(), tiny, history, random.Random(0))
    assert history.fits(proposal.sample)
    assert proposal.reason == "near to a network that was tried"
