"""How a network is trained: a preset by name, or a mapping that starts from one and changes it.

::

    recipe: quick

    recipe: {preset: quick, epochs: 10, augment: [shift, flip]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, TypeAlias

from archscape.spaces.errors import JobError
from archscape.spaces.kinds import number, optional, whole, word, words
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.settings import Settings, kinds_of, read_settings, read_value

Value: TypeAlias = "str | int | float | list[str] | None"

OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("constant", "cosine", "linear", "plateau", "rungs")
AUGMENTATIONS = ("flip", "shift")

_PLATEAU: Mapping[str, Any] = {
    "optimizer": "sgd",
    "schedule": "plateau",
    "warmup": 0.0,
    "augment": ("flip", "shift"),
}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    # About two seconds of one CPU thread for a small network on cluttered digits; the defaults of `Recipe`.
    "quick": {},
    # Krizhevsky et al. 2012, section 5; its dropout is in the network.
    "alexnet": {**_PLATEAU, "epochs": 90, "batch": 128, "rate": 0.01, "weight_decay": 5e-4},
    # He et al. 2015, section 3.4; 60e4 steps of 256 are 120 epochs of ImageNet.
    "resnet": {**_PLATEAU, "epochs": 120, "batch": 256, "rate": 0.1, "weight_decay": 1e-4},
}


@dataclass(frozen=True, kw_only=True)
class Recipe(Settings):
    """Everything that decides how a network is trained, apart from the data, the seed and the device.

    Attributes:
        preset: The preset it started from.
        epochs: Passes over the training part.
        batch: Samples in a step; an epoch leaves out the few that do not fill its last batch.
        optimizer: `sgd` or `adamw`.
        rate: Peak learning rate.
        momentum: Momentum of SGD, first beta of AdamW.
        weight_decay: On every parameter; decoupled in AdamW.
        schedule: What the rate does after its warm-up: `constant`; to zero along a line (`linear`) or half a
            cosine (`cosine`); or to a tenth whenever the validation accuracy stops rising (`plateau`); or
            `rungs`: half a cosine to every rung of early stopping, each with a warm-up of its own.
        warmup: Share of all steps in which the rate rises from zero along a line.
        label_smoothing: Share of the target spread over all classes.
        augment: What is done to every training sample anew: `flip` mirrors half of them along the last axis,
            `shift` moves them by up to an eighth of their size along every axis.
        seconds: Time limit of a training, or None.
    """

    name: ClassVar[str] = "recipe"
    preset: Annotated[str, word(*PRESETS)] = "quick"
    epochs: Annotated[int, whole(1)] = 3
    batch: Annotated[int, whole(2)] = 48
    optimizer: Annotated[str, word(*OPTIMIZERS)] = "adamw"
    rate: Annotated[float, number("a number above 0", lambda rate: rate > 0)] = 0.02
    momentum: Annotated[float, number("a number from 0 to below 1", lambda share: 0 <= share < 1)] = 0.9
    weight_decay: Annotated[float, number("a number from 0", lambda decay: decay >= 0)] = 0.01
    schedule: Annotated[str, word(*SCHEDULES)] = "linear"
    warmup: Annotated[float, number("a share from 0 to 1", lambda share: 0 <= share <= 1)] = 0.2
    label_smoothing: Annotated[float, number("a share from 0 to below 1", lambda share: 0 <= share < 1)] = 0.0
    augment: Annotated[tuple[str, ...], words(*AUGMENTATIONS)] = ()
    seconds: Annotated[float | None, optional(number("a number above 0", lambda limit: limit > 0))] = None

    def to_dict(self) -> dict[str, Value]:
        """Return the recipe in plain types; as the `recipe` of a job it reads back as the same recipe."""
        return {**asdict(self), "augment": list(self.augment)}


def read_recipe(tree: Tree, document: Document | None = None, place: Place = ("recipe",)) -> Recipe:
    """Return the recipe that a job gives: the name of a preset, or a mapping.

    Raises:
        JobError: If a preset or a key is unknown, or a value breaks its law.

    >>> read_recipe({"preset": "alexnet", "epochs": "5"}).epochs
    5
    """
    document = document or Document(tree=tree, name="recipe", kind=JobError)
    if not isinstance(tree, dict):
        return _preset(tree, document, place)
    start = _preset(tree["preset"], document, (*place, "preset")) if "preset" in tree else Recipe()
    return read_settings(start, tree, document, place, owner="a recipe")


def _preset(tree: Tree, document: Document, place: Place) -> Recipe:
    preset = read_value(kinds_of(Recipe)["preset"], tree, document, place, name="preset")
    return Recipe(preset=preset, **PRESETS[preset])
