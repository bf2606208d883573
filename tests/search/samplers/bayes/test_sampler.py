"""`bayes` through the seam: what it proposes, what it expects of it, and that it is pure."""

from __future__ import annotations

import logging
import math
import random
from dataclasses import replace
from itertools import islice, pairwise
from statistics import median

import pytest

from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import Objectives
from archscape.search.samplers.base import Proposal
from archscape.search.samplers.bayes import gaussian_process, kernels
from archscape.search.samplers.bayes.kernels import Normal
from archscape.search.samplers.bayes.problem import FEWEST, Problem
from archscape.search.samplers.bayes.sampler import BayesSampler
from archscape.search.samplers.bayes.surrogate import EACH, Surrogate, last_fit, modelled
from archscape.search.samplers.rehearsal import End, Rehearsal
from archscape.search.samplers.testing import BOTH, rehearsal
from archscape.spaces import Space


@pytest.fixture(scope="module")
def digits() -> Space:
    return Space.load("digits").tighten({"params": "..20k"})


def first(search: Rehearsal, number: int = 3, sampler: BayesSampler | None = None) -> list[Proposal]:
    proposals = (sampler or BayesSampler()).proposals(search.space, search.history, random.Random(0))
    return list(islice(proposals, number))


def test_it_starts_at_random_and_says_so(digits: Space) -> None:
    search = rehearsal(digits)
    reasons = [proposal.reason for proposal in search.run(BayesSampler(startup=7), 8)]
    assert reasons[0] == "random start 1 of 7"
    assert reasons[6] == "random start 7 of 7"
    assert reasons[7].startswith("highest expected improvement of ")


def test_with_few_results_it_goes_on_at_random(digits: Space) -> None:
    search = rehearsal(digits).fill(FEWEST - 1).fill(5, ends=("failed",))
    (proposal,) = first(search, 1)
    assert proposal.reason == "random: 5 results are too few for a model"
    assert not proposal.predicted


def test_it_expects_numbers_of_the_objectives_that_only_training_tells(digits: Space) -> None:
    search = rehearsal(digits, {"loss": "minimize", "macs": "minimize"}).fill(20)
    losses = [record.metrics["loss"] for record in search.history.complete]
    for proposal in first(search):
        (name, prediction), *others = proposal.predicted.items()
        assert (name, others) == ("loss", [])
        assert min(losses) - 1 < prediction.mean < max(losses) + 1
        assert prediction.deviation > 0
        assert min(losses) - 0.1 < prediction.incumbent <= sorted(losses)[10]


def test_far_from_a_limit_it_goes_towards_it(digits: Space) -> None:
    limits = {"accuracy": MetricLimit(low=10)}  # where all probabilities are 0 in floating point
    search = rehearsal(digits, {"loss": "minimize"}, limits=limits).fill(40)
    tried = sorted(record.metrics["accuracy"] for record in search.history.complete)
    proposals = first(search, 5)
    assert proposals[0].reason.startswith("highest probability to meet the limits")
    assert median(search.score(proposal.sample)["accuracy"] for proposal in proposals) > tried[35]


@pytest.mark.parametrize("objectives", [{"accuracy": "maximize"}, BOTH])
def test_it_finds_better_networks_than_chance(digits: Space, objectives: Objectives) -> None:
    search = rehearsal(digits, objectives)
    search.run(BayesSampler(), 24)
    values = [record.values[0] for record in search.history.complete if record.values]
    assert max(values[8:]) > max(values[:8])
    assert sum(values[8:]) / 16 > sum(values[:8]) / 8


def test_a_seasoned_instance_keeps_the_model_and_a_fresh_one_gives_the_same(digits: Space) -> None:
    search, seasoned = rehearsal(digits).fill(EACH + 2), BayesSampler()
    for number in range(4):
        proposals = first(search, sampler=seasoned)
        fresh = first(search)
        assert [p.sample.decisions for p in proposals] == [p.sample.decisions for p in fresh]
        assert [p.predicted for p in proposals] == [p.predicted for p in fresh]
        search.add(proposals[0].sample, ("complete", "pending")[number % 2])


def test_networks_in_training_are_not_proposed_again_and_keep_others_away(digits: Space) -> None:
    search = rehearsal(digits, {"accuracy": "maximize"}).fill(16)
    before = first(search, 1)[0]
    search.add(before.sample, "pending")
    after = first(search, 1)[0]
    assert after.sample.decisions != before.sample.decisions
    assert after.predicted["accuracy"].incumbent == before.predicted["accuracy"].incumbent


def test_networks_that_fail_are_learnt_and_kept_away_from(digits: Space) -> None:
    """All with a wide stem fail here, and they would be the best."""
    widest = digits.paths["w"][-1]

    def failures(trials: int) -> int:
        for _ in range(trials):
            sample = search.propose(BayesSampler()).sample
            search.add(sample, "failed" if sample.decisions["w"] == widest else "complete")
        return sum(sample.decisions["w"] == widest for sample in search.samples[-trials:])

    search = rehearsal(digits.tighten({"params": "..8k"}), {"accuracy": "maximize"}).fill(8)
    search.score = lambda sample: {"accuracy": float(digits.paths["w"].index(sample.decisions["w"]))}
    failures(8)
    assert failures(8) <= 2


def test_early_results_of_stopped_trials_are_learnt_from(digits: Space) -> None:
    """Without them no model would be there: too few trials are complete."""
    ends: list[End] = ["complete", *["stopped"] * 4]
    search = rehearsal(digits, {"accuracy": "maximize"}).fill(20, ends=ends)
    assert len(search.history.complete) < FEWEST
    assert first(search, 1)[0].reason.startswith("highest expected improvement")
    search.fill(20, seed=1, ends=ends)
    (proposal,) = first(search, 1)
    ended = [record.metrics["accuracy"] for record in search.history.complete]
    assert min(ended) - 0.1 < proposal.predicted["accuracy"].mean < max(ended) + 0.2
    assert first(search, 1)[0] == proposal or first(search, 1)[0].predicted == proposal.predicted


def test_the_spread_of_repeated_trainings_is_the_least_noise_there_is(digits: Space) -> None:
    search = rehearsal(digits, {"accuracy": "maximize"}).fill(16)
    records = search.history.complete
    before = first(search, 1)[0].predicted["accuracy"].deviation
    repeated = {"accuracy_std": 0.2, "repeats": 4}
    search.history.complete = [replace(r, metrics={**r.metrics, **repeated}) for r in records]
    assert first(search, 1)[0].predicted["accuracy"].deviation > 2 * before
    problem = Problem(history=search.history)
    assert problem.noise("accuracy", search.history.complete) == pytest.approx(0.1)
    assert problem.noise("accuracy", records) == 0


def test_the_log_tells_what_was_fitted(digits: Space, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="archscape.search.samplers.bayes"):
        first(rehearsal(digits).fill(12))
    (record,) = [each for each in caplog.records if "after 12 trials" in each.message]
    assert "codes + words" in record.message


def test_where_parameters_cannot_be_fitted_their_prior_means_stand_in_and_then_chance(
    digits: Space, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A covariance that no jitter mends is made here, by priors that are no numbers."""
    search = rehearsal(digits).fill(12)
    monkeypatch.setattr(kernels, "AMPLITUDE_DEVIATION", math.nan)
    assert first(search)[0].predicted
    assert "not positive definite; its prior means stand in" in caplog.text
    monkeypatch.setattr(gaussian_process, "NOISE", Normal(math.nan, 1.0))
    assert {proposal.reason for proposal in first(search)} == {"random: the trials could not be modelled"}
    assert "it is left out" in caplog.text


def test_recommended_is_what_the_model_thinks_best_too(digits: Space) -> None:
    search = rehearsal(digits, {"accuracy": "maximize"}).fill(24)
    record = BayesSampler().recommend(search.space, search.history)
    assert record is not None
    assert record.values is not None
    better = [other for other in search.history.complete if (other.values or (0.0,))[0] > record.values[0]]
    assert len(better) < 4


def test_parameters_are_fitted_on_a_schedule_that_thins_out() -> None:
    steps = sorted({last_fit(trials) for trials in range(6, 1200)})
    assert steps[:25] == list(range(6, 31))
    assert all(later - earlier <= max(1, min(64, earlier // 15)) for earlier, later in pairwise(steps))


def test_of_many_trials_the_best_the_latest_and_some_others_are_modelled() -> None:
    assert modelled(300, list) == list(range(300))
    rows = modelled(5000, lambda: list(range(5000)))
    assert len(rows) == 256
    assert rows == sorted(rows)
    assert {*range(150), *range(4925, 5000)} <= {*rows}
    assert rows == modelled(5000, lambda: list(range(5000)))


def test_a_model_needs_an_update_first() -> None:
    with pytest.raises(AssertionError, match="`update` comes first"):
        _ = Surrogate(name="accuracy", kernels=[], candidates={}).mixture
