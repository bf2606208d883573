"""The space of trials where a recipe leaves settings open."""

from __future__ import annotations

import pickle
import random

import pytest

from archscape.search.job.keywords import make_job
from archscape.search.samplers.base import Exhausted, propose_unique
from archscape.search.samplers.random import RandomSampler
from archscape.search.samplers.trial_space import TrialSample, TrialSpace, check_names, trial_space
from archscape.search.study.history import History
from archscape.search.training.choices import OpenRecipe
from archscape.search.training.choices.reading import read_any_recipe
from archscape.search.training.recipe import Recipe
from archscape.spaces import Space, oneof, span
from archscape.spaces.errors import JobError, SpaceError

OPEN = {
    "rate": "0.01..0.1 log",
    "optimizer": {"adamw": None, "sgd": {"nesterov": {"true": None, "false": None}}},
}


@pytest.fixture(scope="module")
def trials(tiny: Space) -> TrialSpace:
    space = trial_space(tiny.tighten({"macs": "..500k"}), read_any_recipe(OPEN))
    assert isinstance(space, TrialSpace)
    return space


def test_one_recipe_for_all_leaves_the_space_as_it_is(tiny: Space) -> None:
    assert trial_space(tiny, Recipe()) is tiny


def test_networks_and_their_training_are_drawn_in_one_list(trials: TrialSpace) -> None:
    sample = trials.sample(random.Random(0))
    assert isinstance(sample, TrialSample)
    assert [*sample.decisions][-len(sample.choices) :] == [*sample.choices]
    assert trials.networks.feasible(sample)
    assert trials.replay(sample.decisions).decisions == sample.decisions


def test_paths_and_counts_are_those_of_both(trials: TrialSpace, tiny: Space) -> None:
    assert [*trials.paths] == [*tiny.paths, *trials.recipe.paths]
    assert trials.count() == tiny.count() * 11 * (1 + 2)


def test_identity_is_the_network_and_how_it_is_trained(trials: TrialSpace) -> None:
    one = trials.sample(random.Random(0)).decisions
    other = trials.replay({**one, "recipe.rate": "0.01" if one["recipe.rate"] != "0.01" else "0.1"})
    same = trials.replay(one)
    assert same.network.hash() == other.network.hash()
    assert trials.replay(one).hash() == same.hash() != other.hash()
    assert same.hash() != same.network.hash()


def test_a_sample_is_within_limits_that_are_hard_to_meet(tiny: Space) -> None:
    narrow = trial_space(tiny.tighten({"params": "2k..2200"}), read_any_recipe(OPEN))
    samples = [narrow.sample(random.Random(i)) for i in range(5)]
    assert all(2000 <= sample.totals.params <= 2200 for sample in samples)
    assert len({sample.decisions["recipe.rate"] for sample in samples}) > 1


def test_a_small_space_ends_with_the_last_training_of_its_last_network() -> None:
    networks = Space.from_yaml(
        "space: two\ninput: 1x8x8\nlayers: [conv: {width: {4, 8}}, linear: {width: 10}]\n"
    )
    space = trial_space(networks, read_any_recipe({"weight_decay": {"0": None, "0.1": None}}))
    history = History(objectives={"accuracy": "maximize"}, hashes={each.hash() for each in space.enumerate()})
    with pytest.raises(Exhausted, match="all its 4 trainings of networks within the limits were tried"):
        propose_unique(RandomSampler(), space, history, random.Random(0))


def test_mutants_and_children_are_trials(trials: TrialSpace) -> None:
    rng = random.Random(1)
    first, second = trials.sample(rng), trials.sample(rng)
    changed = {
        path
        for _ in range(60)
        for path, option in trials.mutate(first.decisions, rng).decisions.items()
        if first.decisions.get(path) != option
    }
    assert {"recipe.rate", "recipe.optimizer"} <= changed
    child = trials.crossover(first.decisions, second.decisions, rng)
    assert all(option in trials.paths[path] for path, option in child.decisions.items())


def test_a_member_is_asked_for_its_training(trials: TrialSpace) -> None:
    decisions = trials.member(trials.sample(random.Random(0)).network).decisions
    example = '{"network": "...", "recipe.optimizer": "adamw"}'
    law = f"the recipe leaves 'recipe.optimizer' open; say it too, as in {example}"
    with pytest.raises(SpaceError) as error:
        trials.sample_of_texts(decisions)
    assert str(error.value) == law
    with pytest.raises(SpaceError, match=r"'fast' is no option of 'recipe\.rate'"):
        trials.sample_of_texts({**decisions, "recipe.optimizer": "adamw", "recipe.rate": "fast"})


def test_it_goes_to_other_processes(trials: TrialSpace) -> None:
    decisions = trials.sample(random.Random(0)).decisions
    assert pickle.loads(pickle.dumps(trials)).replay(decisions).hash() == trials.replay(decisions).hash()


def test_a_row_may_not_have_the_name_of_training_choices() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 1x8x8\nlayers:\n  - conv: {name: recipe, width: {4, 8}}\n  - linear: {width: 10}\n"
    )
    check_names(space, Recipe())
    with pytest.raises(JobError, match="a row or variable of space s has the name `recipe`"):
        make_job(space=space, data="digits", recipe=OPEN)


def test_python_says_the_same_as_a_file(tiny: Space) -> None:
    def made(recipe: dict[str, object]) -> OpenRecipe:
        job = make_job(space=tiny, data="digits", recipe=recipe)
        assert isinstance(job.recipe, OpenRecipe)
        return job.recipe

    python = made(
        {"rate": span(0.01, 0.1, log=True), "weight_decay": oneof(0, 1e-4), "augment": oneof(None, ("flip",))}
    )
    file = made(
        {
            "rate": "0.01..0.1 log",
            "weight_decay": {"0": None, "1e-4": None},
            "augment": {"none": None, "[flip]": None},
        }
    )
    assert python == file
    assert python.paths == file.paths
    assert made(python.to_dict()) == python.__class__(
        settings=made(python.to_dict()).settings, origin=python.origin
    )
