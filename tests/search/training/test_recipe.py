from __future__ import annotations

import doctest
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from archscape.search.training import recipe as module
from archscape.search.training.augment.colour import Colour
from archscape.search.training.augment.cutout import Cutout
from archscape.search.training.augment.flip import Flip
from archscape.search.training.augment.rotate import Rotate
from archscape.search.training.augment.scale import Scale
from archscape.search.training.augment.shear import Shear
from archscape.search.training.augment.stretch import Stretch
from archscape.search.training.augment.translate import Translate
from archscape.search.training.optimizers import OPTIMIZERS
from archscape.search.training.optimizers.sgd import Sgd
from archscape.search.training.recipe import PRESETS, Recipe, read_recipe
from archscape.search.training.schedules import SCHEDULES, Wsd
from archscape.spaces.errors import JobError
from archscape.spaces.language.document import read_text
from archscape.spaces.language.settings import RuleSettings, describe
from archscape.spaces.registry import LazyTable


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


def test_the_preset_of_a_benchmark() -> None:
    """Dong and Yang 2020, table 1."""
    recipe = read_recipe("nasbench201")
    assert recipe.optimizer == Sgd(nesterov=True)
    assert (recipe.epochs, recipe.batch, recipe.rate, recipe.momentum) == (200, 256, 0.1, 0.9)
    assert (recipe.weight_decay, recipe.schedule, recipe.warmup) == (5e-4, "cosine", 0.0)


def test_the_recipe_of_the_examples_is_one() -> None:
    file = Path(__file__).parents[3] / "examples" / "training" / "digits-recipe.yaml"
    recipe = read_recipe(read_text(file.read_text(), name=file.name, kind=JobError).tree)
    assert (recipe.preset, recipe.epochs, recipe.ema) == ("modern", 15, 0.99)
    assert recipe.augment == (Translate(reach=1), Rotate(degrees=10), Scale(factor=1.1))


@pytest.mark.parametrize("written", ["[flip, shift]", "{flip, shift}"])
def test_augmentations_are_a_list_or_a_set(written: str) -> None:
    assert read(f"recipe: {{augment: {written}}}").augment == ("flip", "shift")
    assert read("recipe: {augment: shift}").augment == ("shift",)


@pytest.mark.parametrize(
    ("written", "augment"),
    [
        ("[flip, {rotate: 20}, {cutout: 8}]", ("flip", Rotate(degrees=20), Cutout(size=8))),
        ("{rotate: {degrees: 20}, cutout: 0.5, flip: }", (Rotate(degrees=20), Cutout(size=0.5), "flip")),
        ("{rotate: 15, flip: {along: all}}", ("rotate", Flip(along="all"))),
        ("{colour: 0.4}", (Colour(brightness=0.4, contrast=0.4, saturation=0.4),)),
        ("[{shift: 0.125}, {flip: last}]", ("shift", "flip")),
        ("[]", ()),
    ],
)
def test_augmentations_have_settings(written: str, augment: tuple[object, ...]) -> None:
    """The first may stand alone; those with their defaults are their names, as earlier versions have them."""
    recipe = read(f"recipe: {{augment: {written}}}")
    assert recipe.augment == augment
    again = read_recipe(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe
    assert json.dumps(again.to_dict()) == json.dumps(recipe.to_dict())


def test_augmentations_in_python_get_the_same_form() -> None:
    assert Recipe(augment=(Flip(), "shift", Rotate(degrees=20))) == read(
        "recipe: {augment: [flip, shift, {rotate: 20}]}"
    )
    with pytest.raises(JobError, match="recipe: augment is none, or augmentations, as in flip"):
        Recipe(augment=("flip", Flip(along="all")))
    with pytest.raises(
        JobError, match="rotate: degrees is an angle above 0, at most 180 degrees, but got 200"
    ):
        Rotate(degrees=200)


def test_a_set_of_augmentations_has_the_ranges_of_its_source() -> None:
    """Dieleman et al. 2015: rotation 0 to 360 degrees, 10 of 95 pixels, 1.6, flips, 20 degrees, 1.3."""
    assert read("recipe: {augment: plankton}").augment == (
        "flip",
        Scale(factor=1.6),
        Stretch(factor=1.3),
        Shear(degrees=20),
        Rotate(degrees=180),
        Translate(reach=0.105),
    )
    assert read("recipe: {augment: [plankton, noise]}").augment[-1] == "noise"


@pytest.mark.parametrize("name", PRESETS)
def test_the_dictionary_of_a_recipe_reads_back_as_the_same_recipe(name: str) -> None:
    recipe = replace(read_recipe(name), seconds=12.5, weight_decay=1e-5, clip=2.0)
    assert read(yaml.safe_dump({"recipe": recipe.to_dict()})) == recipe
    assert read(yaml.safe_dump({"recipe": replace(recipe, seconds=None).to_dict()})).seconds is None


WRONG = {
    "recipe: qick": "1:9: preset is one of quick, alexnet, resnet, nasbench201, modern, but got 'qick'",
    "recipe: {preset: qick}": "; did you mean 'quick'?",
    "recipe: [quick]": "1:9: preset is one of quick, alexnet, resnet, nasbench201, modern, but got [",
    "recipe:": "job.yaml:1:8: preset is one of quick, alexnet, resnet, nasbench201, modern, but got None",
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
    "recipe: {optimizer: adamv}": "but got 'adamv'; did you mean 'adam'?",
    "recipe: {optimizer: [sgd]}": "optimizer is one of adamw, sgd, adam, adamax, nadam, radam, rmsprop, ",
    "recipe: {optimizer: {nesterov: true}}": "1:21: `optimizer:` needs its rule, as in {rule: adamw}",
    "recipe: {optimizer: {rule: [sgd]}}": "job.yaml:1:28: an optimizer is one word; it knows adadelta, ",
    "recipe: {optimizer: {rule: sdg}}": "job.yaml:1:28: no optimizer 'sdg'; did you mean 'sgd'?",
    "recipe: {optimizer: {rule: sgd, nestrov: true}}": "job.yaml:1:33: sgd has no 'nestrov'",
    "recipe: {optimizer: {rule: adamw, beta2: 1}}": "job.yaml:1:42: beta2 is a number from 0 to below 1",
    "recipe: {schedule: {rule: step, every: 0}}": "job.yaml:1:40: every is a whole number from 1",
    "recipe: {decay: norms}": "decay is one of all, weights, but got 'norms'",
    "recipe: {mixup: -1}": "mixup is a number from 0, but got '-1'",
    "recipe: {clip: 0}": "clip is a number above 0, or none, but got '0'",
    "recipe: {ema: 1}": "ema is a share from 0 to below 1, but got '1'",
    "recipe: {precision: float16}": "precision is one of float32, bfloat16, auto, or none, but got 'float16'",
    # Settings that do not fit each other.
    "recipe: {batch: 8, accumulate: 5}": "job.yaml:1:32: a batch of 8 in 5 pieces leaves less than "
    "the 2 samples in each that batch norm needs; take at most 4",
    "recipe: {momentum: 0, optimizer: {rule: sgd, nesterov: true}}": "1:20: nesterov needs a momentum",
    "recipe: {schedule: {rule: step, every: 3}}": "1:20: a fall after every 3 epochs never comes in 3",
    "recipe: {warmup: 0.5, schedule: {rule: wsd, decay: 0.6}}": "`warmup:` and `decay:` add up to at most 1",
    "recipe: {optimizer: adagrad, momentum: 0.5}": "1:40: adagrad has no momentum; leave `momentum:` out",
    "recipe: {schedule: cosin}": "but got 'cosin'; did you mean 'cosine'?",
    "recipe: {augment: shft}": "job.yaml:1:19: no augmentation 'shft'; did you mean 'shift'?",
    "recipe: {augment: [flip, flip]}": "job.yaml:1:26: augment has flip twice; each is done once",
    "recipe: {augment: {flip: 3}}": "job.yaml:1:26: flip is one of last, all, but got '3'",
    "recipe: {augment: [[flip]]}": "job.yaml:1:20: augment is none, or augmentations, as in flip, [flip,",
    "recipe: {augment: [flip, {rotat: 3}]}": "job.yaml:1:27: no augmentation 'rotat'; did you mean 'rotate'?",
    "recipe: {augment: {rotate: {degree: 3}}}": "1:29: rotate has no 'degree'; did you mean 'degrees'?",
    "recipe: {augment: {rotate: 300}}": "1:28: rotate is an angle above 0, at most 180 degrees, but got",
    "recipe: {augment: {cutout: {size: -1}}}": "1:35: size is a number of pixels from 1, or a share",
    "recipe: {augment: [plankton, shear]}": "job.yaml:1:30: augment has shear twice; each is done once",
    "recipe: {augment: {plankton: 3}}": "1:30: plankton is a set of augmentations, without settings",
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
    with pytest.raises(JobError, match="recipe: schedule is one of constant, cosine, linear, one-cycle"):
        Recipe(schedule="stairs")
    with pytest.raises(JobError, match="recipe: optimizer is one of adamw, sgd"):
        Recipe(optimizer=Wsd())  # type: ignore[arg-type]
    with pytest.raises(JobError, match="recipe: a batch of 8 in 5 pieces"):
        Recipe(batch=8, accumulate=5)


def test_settings_of_an_optimizer_and_a_schedule_stand_in_a_mapping() -> None:
    recipe = read("recipe: {optimizer: {rule: sgd, nesterov: true}, schedule: {rule: wsd, decay: 0.3}}")
    assert recipe == Recipe(optimizer=Sgd(nesterov=True), schedule=Wsd(decay=0.3))
    assert recipe.to_dict()["optimizer"] == {"rule": "sgd", "nesterov": True}


def test_settings_at_their_defaults_are_the_name_alone() -> None:
    assert read("recipe: {optimizer: {rule: sgd}, schedule: {rule: wsd}}") == Recipe(
        optimizer="sgd", schedule="wsd"
    )
    assert Recipe(optimizer=Sgd()).to_dict()["optimizer"] == "sgd"


def test_a_recipe_of_an_earlier_version_is_written_as_it_was() -> None:
    """Studies, checkpoints and caches go by it."""
    assert list(Recipe().to_dict()) == [
        *("preset", "epochs", "batch", "optimizer", "rate", "momentum", "weight_decay", "schedule"),
        *("warmup", "label_smoothing", "augment", "seconds"),
    ]
    assert Recipe(ema=0.9).to_dict()["ema"] == 0.9


@pytest.mark.parametrize("table", [OPTIMIZERS, SCHEDULES])
def test_every_rule_has_a_name_and_settings_that_are_described(table: LazyTable[type[RuleSettings]]) -> None:
    for name in table:
        rule = table.load(name)
        assert rule.name == name
        assert all(setting.meaning for setting in describe(rule))


def test_what_earlier_versions_had_not_is_written_only_where_it_is_set() -> None:
    assert "class_weights" not in Recipe().to_dict()
    weighed = Recipe(class_weights="balanced")
    assert read_recipe(weighed.to_dict()) == weighed  # type: ignore[arg-type]
