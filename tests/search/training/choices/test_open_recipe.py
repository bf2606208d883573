"""A recipe with choices left open: how it is read, drawn, counted and written, and what is refused."""

from __future__ import annotations

import doctest
import re
from random import Random

import pytest
import yaml

from archscape.search.training.augment.rotate import Rotate
from archscape.search.training.choices import AnyRecipe, OpenRecipe, drawn_recipe, possible_recipes
from archscape.search.training.choices import reading as module
from archscape.search.training.choices.reading import read_any_recipe
from archscape.search.training.optimizers.sgd import Sgd
from archscape.search.training.recipe import Recipe
from archscape.spaces.errors import JobError
from archscape.spaces.language.document import read_text
from archscape.spaces.language.slots import uniform
from archscape.spaces.values import LogOptions

FULL = """\
epochs: 2
rate: 0.01..0.1 log
weight_decay: {0, 1e-4}
momentum: {0.8, 0.9}
optimizer: {adamw: , sgd: {nesterov: {true, false}}, adagrad: }
augment: {none, [flip], strong: [flip, shift, {rotate: 5..15 step 5}]}
"""


def read(text: str) -> AnyRecipe:
    """Return the recipe of a text, as a job has it."""
    document = read_text(text, name="job.yaml", kind=JobError)
    return read_any_recipe(document.tree, document, ())


def opened(text: str) -> OpenRecipe:
    recipe = read(text)
    assert isinstance(recipe, OpenRecipe)
    return recipe


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    "text",
    [
        "quick",
        "{rate: 0.1, augment: {flip, shift}}",
        "{augment: {rotate: 15, cutout: {size: 0.25}, flip: }}",
        "{optimizer: {rule: sgd, nesterov: true}, schedule: cosine}",
    ],
)
def test_a_recipe_that_leaves_nothing_open_is_what_it_was(text: str) -> None:
    assert isinstance(read(text), Recipe)


def test_paths_are_named_after_the_settings() -> None:
    paths = opened(FULL).paths
    assert isinstance(paths["recipe.rate"], LogOptions)
    assert paths["recipe.rate"][:2] == ("0.01", "0.0126")
    assert {path: options for path, options in paths.items() if path != "recipe.rate"} == {
        "recipe.weight_decay": (0, "0.0001"),
        "recipe.momentum": ("0.8", "0.9"),
        "recipe.optimizer": ("adamw", "sgd", "adagrad"),
        "recipe.optimizer.sgd.nesterov": ("true", "false"),
        "recipe.augment": ("none", "[flip]", "strong"),
        "recipe.augment.strong.rotate": (5, 10, 15),
    }


def test_what_is_drawn_is_the_recipe_that_a_job_could_have_written() -> None:
    decisions = {
        "recipe.optimizer": "sgd",
        "recipe.optimizer.sgd.nesterov": "true",
        "recipe.rate": "0.0501",
        "recipe.weight_decay": "0.0001",
        "recipe.momentum": "0.8",
        "recipe.augment": "strong",
        "recipe.augment.strong.rotate": 10,
    }
    assert drawn_recipe(opened(FULL), {"conv.width": 8, **decisions}) == read(
        "{epochs: 2, rate: 0.0501, weight_decay: 1e-4, momentum: 0.8, optimizer: {rule: sgd, nesterov: true},"
        " augment: [flip, shift, {rotate: 10}]}"
    )


def test_every_list_of_decisions_is_counted_and_gives_another_recipe() -> None:
    recipe = opened(FULL.replace("0.01..0.1 log", "{0.01, 0.1}"))
    lists = list(recipe.enumerate())
    # adamw and sgd, which has two forms, have a momentum each; augment: none, [flip], strong in three.
    assert recipe.count() == len(lists) == 2 * 2 * (2 + 2 * 2 + 1) * (1 + 1 + 3)
    assert len({recipe.recipe(decisions) for decisions in lists}) == len(lists)


def test_a_momentum_is_drawn_for_optimizers_that_have_one() -> None:
    recipe = opened(FULL)
    rng = Random(0)
    for _ in range(40):
        decisions = recipe.decide(uniform(rng))
        assert ("recipe.momentum" in decisions) == (decisions["recipe.optimizer"] != "adagrad")
    assert "momentum" not in opened("{optimizer: {sgd, adagrad}, momentum: 0.5}").paths


def test_a_fixed_momentum_holds_where_the_optimizer_has_one() -> None:
    recipe = opened("{optimizer: {adagrad, sgd}, momentum: 0.5}")
    assert recipe.recipe({"recipe.optimizer": "sgd"}).momentum == 0.5
    assert read(yaml.safe_dump(recipe.to_dict())) == recipe


@pytest.mark.parametrize("momentum", ["", ", momentum: {0.8, 0.9}"])
def test_settings_of_one_optimizer_may_be_open(momentum: str) -> None:
    """Such a recipe is written with its momentum, by which it is read back."""
    recipe = opened(f"{{optimizer: {{rule: sgd, nesterov: {{true, false}}}}{momentum}}}")
    assert recipe.count() == (4 if momentum else 2)
    assert opened(yaml.safe_dump(recipe.to_dict())) == recipe


def test_it_is_written_with_every_setting_and_reads_back_as_the_same() -> None:
    recipe = opened(FULL)
    written = recipe.to_dict()
    assert (written["batch"], written["rate"]) == (48, "0.01..0.1 log")
    again = opened(yaml.safe_dump(written, sort_keys=False))
    assert again.to_dict() == written
    assert again.paths == recipe.paths
    decisions = recipe.decide(uniform(Random(5)))
    assert again.recipe(decisions) == recipe.recipe(decisions)


@pytest.mark.parametrize(
    "text", ["{rate: {1e-2, 0.10}}", "{rate: {0.01, 0.1}}", '{"rate": {"0.01": null, "0.1": null}}']
)
def test_an_option_has_one_way_to_be_written(text: str) -> None:
    assert opened(text).paths == {"recipe.rate": ("0.01", "0.1")}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("{augment: {none, [flip], [flip, shift]}}", [(), ("flip",), ("flip", "shift")]),
        ("{augment: {light: [flip], all: {flip: , rotate: 30}}}", [("flip",), ("flip", Rotate(degrees=30))]),
        ("{augment: {none, rotate: 30}}", [(), (Rotate(degrees=30),)]),
        ("{augment: {rotate: {20, 30}}}", [(Rotate(degrees=20),), (Rotate(degrees=30),)]),
        ("{augment: [{rotate: {degrees: {20, 30}}}]}", [(Rotate(degrees=20),), (Rotate(degrees=30),)]),
    ],
)
def test_choices_of_augmentations(text: str, options: list[object]) -> None:
    assert [recipe.augment for recipe in possible_recipes(read(text))] == options


def test_choices_of_rules_and_of_their_settings() -> None:
    recipes = possible_recipes(
        read("{optimizer: {rule: sgd, nesterov: {true, false}}, schedule: {cosine, step}}")
    )
    assert [(recipe.optimizer, recipe.schedule) for recipe in recipes] == [
        (Sgd(nesterov=True), "cosine"),
        (Sgd(nesterov=True), "step"),
        ("sgd", "cosine"),
        ("sgd", "step"),
    ]


WRONG = [
    ("{rate: {0.1}}", "1:8", "a choice of one leaves nothing open; write the value itself"),
    ("{rate: {0.1, -1}}", "1:14", "rate is a number above 0, but got '-1'"),
    ("{rate: {0.1, fast}}", "1:14", "rate is a number above 0, but got 'fast'"),
    (
        "{rate: 0..0.3 log}",
        "1:8",
        "`0 < low < high` must hold in a logarithmic range, but got (low=0, high=3/10)",
    ),
    ("{rate: 0.1..0.3}", "1:8", "say the step, as in 1/10..3/10 step 1/10"),
    ("{rate: {0.1: 2, 0.2: 3}}", "1:8", "rate is a number above 0"),
    ("{weight_decay: {0, 0.0}}", "1:20", "the choice lists '0' twice"),
    ("{rates: {1, 2}}", "1:2", "a recipe has no 'rates'; did you mean 'rate'?"),
    ("{rate: {0.1, 0.2}, repeats: {1, 2}}", "1:20", "a recipe has no 'repeats'; the job has it"),
    ("{epochs: {2, 3}}", "1:10", "`epochs` is no choice: trials are compared after the same epochs"),
    ("{preset: {quick, modern}}", "1:10", "`preset` is no choice: a recipe starts from one preset"),
    ("{seconds: {2, 3}}", "1:11", "`seconds` is no choice"),
    ("{augment: {none, [flipp]}}", "1:18", "no augmentation 'flipp'; did you mean 'flip'?"),
    ("{augment: {none, [flip], also: [flip]}}", "1:32", "'also' trains as '[flip]' does"),
    ("{optimizer: {sgd, adamm}}", "1:19", "no optimizer 'adamm'; did you mean 'adam'?"),
    ("{optimizer: {adamw: , sgd: true}}", "1:28", "behind an option of `optimizer` stand its settings"),
    (
        "{optimizer: {adamw: , sgd: {nesterov: {true, maybe}}}}",
        "1:46",
        "nesterov is true or false, but got 'maybe'",
    ),
    ("{optimizer: {adamw: , sgd: {nestrov: {true, false}}}}", "1:39", "sgd has no 'nestrov'; did you mean"),
    ("{optimizer: {nesterov: {true, false}}}", "1:13", "`optimizer:` needs its rule"),
    ("{optimizer: adagrad, momentum: {0.8, 0.9}}", "1:33", "adagrad has no momentum; leave `momentum:` out"),
    (
        "{optimizer: {sgd: {nesterov: true}, adamw: }, momentum: {0, 0.9}}",
        "1:58",
        "nesterov needs a momentum",
    ),
    (
        "{batch: {8, 48}, accumulate: {1, 5}}",
        "1:34",
        "a batch of 8 in 5 pieces leaves less than the 2 samples",
    ),
    ("{rate: 0..1 step 1/5000}", "1:8", "at most 1,000 options, but got 5,001"),
]


@pytest.mark.parametrize(("text", "place", "law"), WRONG, ids=[text for text, *_ in WRONG])
def test_what_is_refused_has_its_place(text: str, place: str, law: str) -> None:
    with pytest.raises(JobError, match=re.escape(law)) as error:
        read(text)
    assert str(error.value).startswith(f"job.yaml:{place}: ")


def test_of_very_many_recipes_each_option_is_looked_at() -> None:
    text = (
        "{rate: 0.001..1 log, weight_decay: 1e-6..1 log, label_smoothing: 0..0.2 step 0.01, batch: {32, 48}}"
    )
    recipe = opened(text)
    assert recipe.count() == 31 * 61 * 21 * 2
    seen = list(possible_recipes(recipe))
    assert len({each.weight_decay for each in seen}) == 61
    assert len({each.rate for each in seen}) == 31
