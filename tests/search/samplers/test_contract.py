"""The contract of every sampler of `SAMPLERS`; a new one is taken up by itself."""

from __future__ import annotations

import doctest
import os
import random
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from itertools import count
from pathlib import Path

import pytest

from archscape.analysis.limits import Limits, MetricLimit, violation
from archscape.analysis.metrics import Direction, Objectives
from archscape.search.job import read_job
from archscape.search.samplers import SAMPLERS, Sampler, make_sampler
from archscape.search.samplers.base import STARTUP, Exhausted, propose_unique
from archscape.search.samplers.random import RandomSampler
from archscape.search.samplers.trial_space import trial_space
from archscape.search.study import history as history_module
from archscape.search.study.history import History, Record
from archscape.search.training.choices.reading import read_any_recipe
from archscape.spaces import Sample, Space
from archscape.spaces.errors import Infeasible, JobError
from archscape.spaces.language.settings import kinds_of

Score = Callable[[Sample], tuple[float, ...] | None]

BOTH: Objectives = {"depth": "maximize", "macs": "minimize"}


def depth_and_macs(sample: Sample) -> tuple[float, ...]:
    """A stand-in for training with a known best: the deeper the better, at a cost."""
    return float(sum(int(v) for k, v in sample.decisions.items() if "depth" in k)), float(sample.totals.macs)


def grow(
    sampler: Sampler,
    space: Space,
    trials: int,
    *,
    score: Score = depth_and_macs,
    seed: int = 0,
    objectives: Objectives = BOTH,
    limits: Limits | None = None,
) -> tuple[History, list[Sample]]:
    """Run a search without training: each sample is scored at once."""
    history = History(objectives=objectives, limits=limits or {})
    samples = []
    for number in range(trials):
        sample = propose_unique(sampler, space, history, random.Random(f"{seed}:{number}")).sample
        samples.append(sample)
        extend(history, number, sample, score(sample))
    return history, samples


def extend(history: History, number: int, sample: Sample, values: tuple[float, ...] | None) -> None:
    beyond = violation(history.limits, {"macs": sample.totals.macs})
    record = Record(number=number, decisions=sample.decisions, values=values, violation=beyond)
    (history.failed if values is None else history.complete).append(record)
    history.hashes.add(sample.hash())


@pytest.mark.parametrize("name", SAMPLERS)
def test_samples_differ_and_keep_the_limits(name: str) -> None:
    space = Space.load("digits").tighten({"params": "..20k"})
    history, samples = grow(make_sampler(name), space, 30)
    assert len(history.hashes) == 30
    assert all(space.contains(sample.decisions) for sample in samples)


@pytest.mark.parametrize("name", SAMPLERS)
def test_training_choices_are_drawn_with_the_network(name: str, tiny: Space) -> None:
    recipe = read_any_recipe({"rate": "0.01..0.1 log", "weight_decay": {"0": None, "0.1": None}})
    space = trial_space(tiny.tighten({"macs": "..500k"}), recipe)
    history, samples = grow(make_sampler(name), space, 24)
    assert len(history.hashes) == 24
    assert all(space.contains(sample.decisions) for sample in samples)
    assert len({sample.decisions["recipe.rate"] for sample in samples}) > 3
    known = next(iter(space.enumerate()))
    extend(history, 24, known, depth_and_macs(known))
    again = space.replay({**known.decisions, "recipe.rate": "0.1"})
    assert known.hash() in history.hashes
    assert again.hash() not in history.hashes


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_same_history_gives_the_same_sample_in_another_process(name: str) -> None:
    def hashes() -> list[str]:
        return [sample.network.hash() for sample in grow(make_sampler(name), Space.load("digits"), 16)[1]]

    here = hashes()
    assert here == hashes()
    program = f"""
import sys
from pathlib import Path
import importlib.util
spec = importlib.util.spec_from_file_location("here", {__file__!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
samples = module.grow(module.make_sampler({name!r}), module.Space.load("digits"), 16)[1]
print(*(sample.network.hash() for sample in samples))
"""
    command = [sys.executable, "-c", program]
    there = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"}
    )
    assert there.stdout.split() == here


@pytest.mark.parametrize("name", SAMPLERS)
def test_seed_decides(name: str) -> None:
    space = Space.load("digits")
    first, second = (grow(make_sampler(name), space, 12, seed=seed)[0].hashes for seed in (0, 1))
    assert first != second


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_model_and_evolution_find_better_networks_than_chance(name: str) -> None:
    """The mean depth of the proposals after the random start, over three seeds."""
    space = Space.load("cifar").tighten({"macs": "..100M"})

    def mean(sampler: Sampler) -> float:
        late = [
            depth_and_macs(sample)[0]
            for seed in range(3)
            for sample in grow(sampler, space, 40, seed=seed, score=lambda s: (depth_and_macs(s)[0], 1.0))[1][
                20:
            ]
        ]
        return sum(late) / len(late)

    assert mean(make_sampler(name)) > mean(RandomSampler()) + 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tpe", "nsga2"])
@pytest.mark.parametrize("objectives", [{"depth": "maximize"}, {"depth": "maximize", "flat": "maximize"}])
def test_model_and_evolution_learn_limits_that_no_space_knows(name: str, objectives: Objectives) -> None:
    """One network in four is within; the deepest are not, so without the limit proposals go elsewhere."""
    space, limit = Space.load("digits"), MetricLimit(high=80_000)

    def share(limits: Limits) -> float:
        def score(sample: Sample) -> tuple[float, ...]:
            return (depth_and_macs(sample)[0], 1.0)[: len(objectives)]

        samples = grow(make_sampler(name), space, 50, score=score, objectives=objectives, limits=limits)[1][
            25:
        ]
        return sum(not limit.beyond(sample.totals.macs) for sample in samples) / len(samples)

    assert share({"macs": limit}) > 0.4 > share({})


@pytest.mark.parametrize("name", SAMPLERS)
def test_failures_and_trials_under_way_or_stopped_early_do_not_disturb(name: str) -> None:
    alternate = count()
    space = Space.load("digits")
    history, _ = grow(
        make_sampler(name), space, 25, score=lambda s: depth_and_macs(s) if next(alternate) % 2 else None
    )
    first, second, third, *complete = history.complete
    busy = replace(
        history,
        complete=complete,
        stopped={third.number: replace(third, rung=1)},
        pending={record.number: replace(record, values=None) for record in (first, second)},
    )
    assert propose_unique(make_sampler(name), space, busy, random.Random(0)).sample.hash() not in busy.hashes


@pytest.mark.parametrize("name", SAMPLERS)
def test_search_where_everything_fails_goes_on(name: str) -> None:
    history, _ = grow(make_sampler(name), Space.load("digits"), STARTUP + 5, score=lambda _: None)
    assert len(history.failed) == STARTUP + 5


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_network_of_a_small_space_is_found_and_then_none(name: str, tiny: Space) -> None:
    space = tiny.tighten({"macs": "..100k"})
    total = space.count_distinct()
    assert total is not None
    history, _ = grow(make_sampler(name), space, total)
    assert len(history.hashes) == total > STARTUP
    with pytest.raises(Exhausted, match=f"all its {total} networks within the limits were tried"):
        propose_unique(make_sampler(name), space, history, random.Random(0))


@pytest.mark.parametrize("name", SAMPLERS)
def test_sample_follows_from_the_history_alone(name: str) -> None:
    """Whatever a sampler keeps from one call to the next saves time and changes nothing."""
    space = Space.load("digits")
    seasoned = make_sampler(name)
    history, _ = grow(seasoned, space, 24)
    before = deepcopy(history)
    samples = [
        sampler.sample(space, history, random.Random(5)).decisions
        for sampler in (seasoned, make_sampler(name), make_sampler(seasoned))
    ]
    assert samples[0] == samples[1] == samples[2]
    assert history == before


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_one_objective_in_either_direction(name: str, direction: Direction) -> None:
    history, _ = grow(
        make_sampler(name),
        Space.load("digits"),
        STARTUP + 4,
        score=lambda sample: depth_and_macs(sample)[:1],
        objectives={"depth": direction},
    )
    assert len(history.hashes) == STARTUP + 4


@pytest.mark.parametrize("name", SAMPLERS)
def test_settings_are_of_a_rule_with_the_name_in_the_table(name: str, tmp_path: Path) -> None:
    sampler = SAMPLERS.load(name)
    assert sampler.name == name
    assert {setting.name for setting in fields(sampler)} == set(kinds_of(sampler))
    path = tmp_path / "job.yaml"
    head = "search: a\nspace: digits\ndata: digits\n"
    for written in (name, f"{{rule: {name}}}", str(sampler().to_dict())):
        path.write_text(f"{head}sampler: {written}\n")
        assert read_job(path).sampler == name


def test_space_without_feasible_networks_says_so(tiny: Space) -> None:
    with pytest.raises(Infeasible):
        grow(RandomSampler(), tiny.tighten({"macs": "..1k"}), 1)


def test_unknown_sampler_is_an_error() -> None:
    with pytest.raises(JobError, match="no sampler 'tpr'; did you mean 'tpe'"):
        make_sampler("tpr")


def test_worked_examples_hold() -> None:
    assert doctest.testmod(history_module) == (0, 3)
