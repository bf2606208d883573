"""The contract of every sampler of `SAMPLERS`; a new one is taken up by itself."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archscape.analysis.limits import Limits, MetricLimit
from archscape.analysis.metrics import Objectives
from archscape.search.job import read_job
from archscape.search.samplers import SAMPLERS, Sampler, make_sampler
from archscape.search.samplers.base import STARTUP, Exhausted
from archscape.search.samplers.random import RandomSampler
from archscape.search.samplers.rehearsal import Rehearsal
from archscape.search.samplers.testing import LAWS, Law, check_long_search, check_many_trials, rehearsal
from archscape.search.samplers.trial_space import trial_space
from archscape.search.study import history as history_module
from archscape.search.training.choices.reading import read_any_recipe
from archscape.spaces import Sample, Space
from archscape.spaces.errors import Infeasible, JobError

LONG = (check_long_search, check_many_trials)


@pytest.mark.parametrize("law", [law for law in LAWS if law not in LONG], ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", SAMPLERS)
def test_it_keeps_the_law(name: str, law: Law) -> None:
    law(make_sampler(name))


@pytest.mark.full
@pytest.mark.parametrize("name", SAMPLERS)
def test_proposals_follow_from_the_history_of_a_long_search_too(name: str) -> None:
    check_long_search(make_sampler(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_it_takes_no_trial_one_or_thousands(name: str) -> None:
    check_many_trials(make_sampler(name))


@pytest.mark.parametrize("name", SAMPLERS)
def test_settings_are_of_a_rule_with_the_name_in_the_table(name: str, tmp_path: Path) -> None:
    sampler = SAMPLERS.load(name)
    assert sampler.name == name
    path = tmp_path / "job.yaml"
    head = "search: a\nspace: digits\ndata: digits\n"
    for written in (name, f"{{rule: {name}}}", str(sampler().to_dict())):
        path.write_text(f"{head}sampler: {written}\n")
        assert read_job(path).sampler == name


@pytest.mark.parametrize("name", SAMPLERS)
def test_training_choices_are_drawn_with_the_network(name: str, tiny: Space) -> None:
    recipe = read_any_recipe({"rate": "0.01..0.1 log", "weight_decay": {"0": None, "0.1": None}})
    space = trial_space(tiny.tighten({"macs": "..500k"}), recipe)
    search = rehearsal(space)
    search.run(make_sampler(name), 24)
    assert len({sample.decisions["recipe.rate"] for sample in search.samples}) > 3
    pairs = ((each, space.replay({**each.decisions, "recipe.rate": "0.1"})) for each in space.enumerate())
    tried = search.history.hashes
    known, again = next(pair for pair in pairs if tried.isdisjoint(each.hash() for each in pair))
    search.add(known)
    assert known.hash() in search.history.hashes
    assert again.hash() not in search.history.hashes


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_same_history_gives_the_same_sample_in_another_process(name: str) -> None:
    program = f"""
from archscape.search.samplers import make_sampler
from archscape.search.samplers.testing import rehearsal
from archscape.spaces import Space
search = rehearsal(Space.load("digits"))
search.run(make_sampler({name!r}), 16)
print(*(sample.network.hash() for sample in search.samples))
"""
    command = [sys.executable, "-c", program]
    there = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "7"}
    )
    search = rehearsal(Space.load("digits"))
    search.run(make_sampler(name), 16)
    assert there.stdout.split() == [sample.network.hash() for sample in search.samples]


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_network_of_a_small_space_is_found_and_then_none(name: str, tiny: Space) -> None:
    space = tiny.tighten({"macs": "..100k"})
    total = space.count_distinct()
    assert total is not None
    search = rehearsal(space)
    search.run(make_sampler(name), total)
    assert len(search.history.hashes) == total > STARTUP
    with pytest.raises(Exhausted, match=f"all its {total} networks within the limits were tried"):
        search.propose(make_sampler(name))


def depth(sample: Sample) -> dict[str, float]:
    """A stand-in for training: the deeper the better; and the weight, which nobody knows before."""
    depth = sum(int(option) for path, option in sample.decisions.items() if "depth" in path)
    return {"depth": float(depth), "flat": 1.0, "weight": float(sample.totals.macs)}


def late(
    sampler: Sampler, space: Space, trials: int, objectives: Objectives, limits: Limits, *, seed: int = 0
) -> list[Sample]:
    """Return the later half of what a search for depth tries."""
    search = Rehearsal(space=space, history=rehearsal(space, objectives, limits=limits).history, score=depth)
    search.run(sampler, trials, seed=seed)
    return search.samples[trials // 2 :]


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("bayes", marks=pytest.mark.full), "tpe", "nsga2", "evolution"])
def test_model_and_evolution_find_better_networks_than_chance(name: str) -> None:
    """The mean depth of the proposals after the random start, over three seeds."""
    space = Space.load("cifar").tighten({"macs": "..100M"})
    objectives: Objectives = {"depth": "maximize", "flat": "minimize"}

    def mean(sampler: Sampler) -> float:
        samples = [each for seed in range(3) for each in late(sampler, space, 40, objectives, {}, seed=seed)]
        return sum(depth(sample)["depth"] for sample in samples) / len(samples)

    assert mean(make_sampler(name)) > mean(RandomSampler()) + 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bayes", "tpe", "nsga2", "evolution"])
@pytest.mark.parametrize("objectives", [{"depth": "maximize"}, {"depth": "maximize", "flat": "maximize"}])
def test_model_and_evolution_learn_limits_that_no_space_knows(name: str, objectives: Objectives) -> None:
    """One network in four is within; the deepest are not, so without the limit proposals go elsewhere."""
    space, limit = Space.load("digits"), MetricLimit(high=80_000)

    def share(limits: Limits) -> float:
        samples = late(make_sampler(name), space, 50, objectives, limits)
        return sum(not limit.beyond(sample.totals.macs) for sample in samples) / len(samples)

    assert share({"weight": limit}) > 0.4 > share({})


@pytest.mark.slow
def test_a_cost_that_all_networks_share_is_no_matter() -> None:
    """There the hypervolume has no width along that cost, and what was to be gained would be nothing."""
    rows = "".join(f"  - conv: {{name: c{i}, width: 4, act: {{relu, elu, tanh, silu}}}}\n" for i in range(6))
    space = Space.from_yaml(f"space: acts\ninput: 1x8x8\nlayers:\n{rows}  - linear: {{width: 10}}\n")

    def mean(sampler: Sampler) -> float:
        search = rehearsal(space, {"accuracy": "maximize", "params": "minimize"})
        search.run(sampler, 30)
        values = [record.metrics["accuracy"] for record in search.history.complete[15:]]
        return sum(values) / len(values)

    assert mean(make_sampler("bayes")) > mean(RandomSampler()) + 0.1


def test_space_without_feasible_networks_says_so(tiny: Space) -> None:
    with pytest.raises(Infeasible):
        rehearsal(tiny.tighten({"macs": "..1k"})).propose(RandomSampler())


def test_unknown_sampler_is_an_error() -> None:
    with pytest.raises(JobError, match="no sampler 'tpr'; did you mean 'tpe'"):
        make_sampler("tpr")


def test_worked_examples_hold() -> None:
    assert doctest.testmod(history_module) == (0, 3)
