from __future__ import annotations

import doctest
from dataclasses import replace

import pytest
import yaml

from archscape.search.training import recipe as module
from archscape.search.training.recipe import PRESETS, Recipe, read_recipe
from archscape.spaces.errors import JobError
from archscape.spaces.language.document import read_text


def read(text: str) -> Recipe:
    """Return the recipe in the text of a job."""
    document = read_text(text, name="job.yaml", kind=JobError)
    assert isinstance(document.tree, dict)
    return read_recipe(document.tree["recipe"], document, ("recipe",))


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_a_name_is_a_preset() -> None:
    assert read("recipe: quick") == Recipe() == read_recipe("quick")


def test_a_mapping_starts_from_a_preset() -> None:
    recipe = read("recipe: {preset: alexnet, epochs: 3, batch: 32, augment: none, seconds: 1.5e1}")
    assert recipe == replace(read_recipe("alexnet"), epochs=3, batch=32, augment=(), seconds=15.0)


def test_a_mapping_without_a_preset_starts_from_quick() -> None:
    assert read("recipe: {rate: 1e-3}") == Recipe(rate=0.001)


def test_the_presets_of_the_papers() -> None:
    """Krizhevsky et al. 2012, section 5; He et al. 2015, section 3.4."""
    alexnet, resnet = read_recipe("alexnet"), read_recipe("resnet")
    assert (alexnet.optimizer, alexnet.momentum, alexnet.batch, alexnet.weight_decay) == (
        "sgd",
        0.9,
        128,
        5e-4,
    )
    assert (alexnet.rate, alexnet.schedule) == (0.01, "plateau")
    assert (resnet.optimizer, resnet.momentum, resnet.batch, resnet.weight_decay) == ("sgd", 0.9, 256, 1e-4)
    assert (resnet.rate, resnet.schedule) == (0.1, "plateau")


@pytest.mark.parametrize("written", ["[flip, shift]", "{flip, shift}"])
def test_augmentations_are_a_list_or_a_set(written: str) -> None:
    assert read(f"recipe: {{augment: {written}}}").augment == ("flip", "shift")
    assert read("recipe: {augment: shift}").augment == ("shift",)


@pytest.mark.parametrize("name", PRESETS)
def test_the_dictionary_of_a_recipe_reads_back_as_the_same_recipe(name: str) -> None:
    recipe = replace(read_recipe(name), seconds=12.5, weight_decay=1e-5)
    assert read(yaml.safe_dump({"recipe": recipe.to_dict()})) == recipe
    assert read(yaml.safe_dump({"recipe": replace(recipe, seconds=None).to_dict()})).seconds is None


WRONG = {
    "recipe: qick": "job.yaml:1:9: preset is one of quick, alexnet, resnet, but got 'qick'",
    "recipe: {preset: qick}": "; did you mean 'quick'?",
    "recipe: [quick]": "job.yaml:1:9: preset is one of quick, alexnet, resnet, but got ['quick']",
    "recipe:": "job.yaml:1:8: preset is one of quick, alexnet, resnet, but got None",
    "recipe: {epoch: 3}": "job.yaml:1:10: a recipe has no 'epoch'; did you mean 'epochs'?",
    "recipe: {epochs: 0}": "job.yaml:1:18: epochs is a whole number from 1, but got '0'",
    "recipe: {epochs: 2.5}": "epochs is a whole number from 1, but got '2.5'",
    "recipe: {epochs: {3, 5}}": "epochs is a whole number from 1, but got {'3': None, '5': None}",
    "recipe: {batch: 1}": "batch is a whole number from 2, but got '1'",
    "recipe: {rate: 0}": "rate is a number above 0, but got '0'",
    "recipe: {rate: nan}": "rate is a number above 0, but got 'nan'",
    "recipe: {rate: inf}": "rate is a number above 0, but got 'inf'",
    "recipe: {rate: fast}": "rate is a number above 0, but got 'fast'",
    "recipe: {momentum: 1}": "momentum is a number from 0 to below 1, but got '1'",
    "recipe: {weight_decay: -1}": "weight_decay is a number from 0, but got '-1'",
    "recipe: {warmup: 2}": "warmup is a share from 0 to 1, but got '2'",
    "recipe: {label_smoothing: 1}": "label_smoothing is a share from 0 to below 1, but got '1'",
    "recipe: {optimizer: adam}": "optimizer is one of adamw, sgd, but got 'adam'; did you mean 'adamw'?",
    "recipe: {schedule: cosin}": "but got 'cosin'; did you mean 'cosine'?",
    "recipe: {augment: shft}": "but got 'shft'; did you mean 'shift'?",
    "recipe: {augment: [flip, flip]}": "augment is none, one of flip, shift, or a list of them, each once",
    "recipe: {augment: {flip: 3}}": "augment is none, one of flip, shift, or a list of them, each once",
    "recipe: {augment: [[flip]]}": "augment is none, one of flip, shift, or a list of them, each once",
    "recipe: {seconds: 0}": "seconds is a number above 0, or none, but got '0'",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_recipe_says_where_and_what(text: str) -> None:
    with pytest.raises(JobError) as caught:
        read(text)
    assert WRONG[text] in str(caught.value)


def test_python_gets_the_same_laws() -> None:
    with pytest.raises(JobError, match=r"recipe: epochs is a whole number from 1, but got 2\.0"):
        Recipe(epochs=2.0)  # type: ignore[arg-type]
    with pytest.raises(JobError, match="recipe: schedule is one of constant, cosine, linear, plateau"):
        Recipe(schedule="step")
