"""Optuna's samplers by name: what of them a job may say, and that they go by the history alone."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import optuna
import pytest

from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import Objectives
from archscape.search.job import read_job
from archscape.search.samplers import testing
from archscape.search.samplers.optuna import REFUSED, OptunaSampler, optuna_samplers, writable
from archscape.search.samplers.rehearsal import Rehearsal
from archscape.search.samplers.testing import rehearsal
from archscape.search.study.history import History
from archscape.spaces import load_space
from archscape.spaces.errors import JobError

JOB = "search: a\nspace: digits\ndata: digits\nsampler: "
ALLOWED = sorted({*optuna_samplers()} - {*REFUSED})


def sampler_of(tmp_path: Path, written: str) -> object:
    path = tmp_path / "job.yaml"
    path.write_text(JOB + written)
    return read_job(path).sampler


def test_name_and_settings_are_those_of_optuna(tmp_path: Path) -> None:
    written = (
        "{rule: optuna, name: GPSampler, settings: {n_startup_trials: 5, deterministic_objective: true}}"
    )
    sampler = sampler_of(tmp_path, written)
    settings = {"n_startup_trials": 5, "deterministic_objective": True}
    assert sampler == OptunaSampler(name="GPSampler", settings=settings)
    assert isinstance(sampler, OptunaSampler)
    assert sampler.to_dict() == {"rule": "optuna", "name": "GPSampler", "settings": settings}
    assert sampler_of(tmp_path, json.dumps(sampler.to_dict())) == sampler
    assert sampler_of(tmp_path, "optuna") == "optuna"


@pytest.mark.parametrize(
    ("written", "law"),
    [
        (
            "{rule: optuna, name: GPSamplr}",
            ":4:31: name is one of NSGAIISampler, NSGAIIISampler, RandomSampler, TPESampler, GPSampler, but "
            "got 'GPSamplr'; did you mean 'GPSampler'?",
        ),
        (
            "{rule: optuna, name: GPSampler, settings: {startup: 3}}",
            ":4:52: there is no 'startup' in Optuna's GPSampler(n_startup_trials: int = 10, "
            "deterministic_objective: bool = False, warn_independent_sampling: bool = True)",
        ),
        (
            "{rule: optuna, name: GPSampler, settings: {n_startup_trial: 3}}",
            "did you mean 'n_startup_trials'?",
        ),
        (
            "{rule: optuna, name: GPSampler, settings: {n_startup_trials: many}}",
            "n_startup_trials is int in Optuna's GPSampler(",
        ),
        (
            "{rule: optuna, settings: {multivariate: 1}}",
            "multivariate is bool | None in Optuna's TPESampler(",
        ),
        ("{rule: optuna, settings: {gamma: 10}}", "there is no 'gamma' in Optuna's TPESampler("),
        (
            "{rule: optuna, name: NSGAIISampler, settings: {population_size: 1}}",
            "NSGAIISampler: `population_size` must be greater than or equal to 2",
        ),
        ("{rule: optuna, settings: 3}", "settings is a mapping of Optuna's settings, as in"),
        ("{rule: optuna, setting: {}}", "optuna has no 'setting'; did you mean 'settings'?"),
        ("GPSampler", "no sampler 'GPSampler'; did you mean 'optuna'?"),
        *((f"{{rule: optuna, name: {name}}}", f":4:31: {name} ") for name in REFUSED),
    ],
)
def test_a_mistake_is_one_error_with_its_place(tmp_path: Path, written: str, law: str) -> None:
    with pytest.raises(JobError) as caught:
        sampler_of(tmp_path, written)
    assert law in str(caught.value)


@pytest.mark.parametrize("name", ["NSGAIISampler", "NSGAIIISampler", "RandomSampler"])
def test_each_keeps_the_contract(name: str) -> None:
    sampler = OptunaSampler(name=name)
    for law in (testing.check_determinism, testing.check_measured_limits, testing.check_objectives):
        law(sampler)


@pytest.mark.parametrize("objectives", [{"loss": "minimize"}, {"loss": "minimize", "macs": "minimize"}])
def test_gp_lives_with_pending_trials_limits_and_several_objectives(objectives: Objectives) -> None:
    limits = {"accuracy": MetricLimit(low=0.3)}
    search = rehearsal(load_space("nas-bench-macro"), objectives, limits=limits).fill(8)
    sampler = OptunaSampler(name="GPSampler", settings={"n_startup_trials": 4})
    search.run(sampler, 2, ends=("pending",))
    assert len(search.history.hashes) == 10
    assert search.propose(sampler).sampler == "GPSampler"


def test_generations_of_a_copied_history_are_those_of_its_numbers() -> None:
    """Without them every child of NSGA-II would be random, as in a generation without parents."""
    space = load_space("nas-bench-macro")
    search = Rehearsal(space=space, history=History(objectives={"accuracy": "maximize"}))
    sampler = OptunaSampler(name="NSGAIISampler", settings={"population_size": 10})
    search.run(sampler, 60)
    scores = [value for record in search.history.complete for value in record.values or ()]
    assert sum(scores[40:]) / 20 > sum(scores[:10]) / 10 + 0.15


def test_until_a_trial_is_complete_samples_are_random() -> None:
    space = load_space("digits")
    history = History(objectives={"accuracy": "maximize"}, hashes={"a"})
    proposals = [*islice(OptunaSampler().proposals(space, history, random.Random(3)), 2)]
    assert {each.reason for each in proposals} == {"random, as no trial is complete"}


@pytest.mark.parametrize("name", ALLOWED)
def test_all_that_a_job_can_hold_may_be_set(name: str) -> None:
    """Each setting with its own default is taken, but for the seed and what is no number, text or flag."""
    cls = getattr(optuna.samplers, name)
    defaults = {key: parameter.default for key, parameter in writable(cls).items()}
    assert "seed" not in defaults
    assert OptunaSampler(name=name, settings=defaults).settings == defaults
