"""How a network is trained: a preset by name, or a mapping that starts from one and changes it.

::

    recipe: quick

    recipe: {preset: quick, epochs: 10, augment: [flip, shift, {rotate: 15}]}

    recipe: {optimizer: {rule: sgd, nesterov: true}, schedule: one-cycle, ema: 0.999}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

from archscape.spaces.errors import JobError
from archscape.spaces.kinds import Kind, number, optional, require, whole, word
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.settings import (
    ConflictError,
    RuleSettings,
    Settings,
    kinds_of,
    read_rule,
    read_settings,
    read_value,
)
from archscape.spaces.registry import LazyTable
from archscape.spaces.vocabulary import meant

from .augment.reading import Augment, augmentations_kind, normal_form, plain, read_augment
from .optimizers import OPTIMIZERS, OptimizerSettings
from .optimizers.sgd import Sgd
from .schedules import SCHEDULES, ScheduleSettings

Value: TypeAlias = "str | int | float | list[object] | dict[str, str | int | float] | None"
R = TypeVar("R", bound=RuleSettings)

PRECISIONS = ("float32", "bfloat16", "auto")
CLASS_WEIGHTS = ("none", "balanced")

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
    # Dong and Yang 2020, table 1; its random crop of 32x32 padded by 4 is `shift`.
    "nasbench201": {
        "epochs": 200,
        "batch": 256,
        "optimizer": Sgd(nesterov=True),
        "rate": 0.1,
        "weight_decay": 5e-4,
        "schedule": "cosine",
        "warmup": 0.0,
        "augment": ("flip", "shift"),
    },
    # `quick` with the optimizer of Jordan et al. 2024, and what their CIFAR-10 record has with it: labels
    # smoothed (Szegedy et al. 2015, section 7), norms and biases that do not decay.
    "modern": {"optimizer": "muon", "decay": "weights", "label_smoothing": 0.1},
}


def _ruled(table: LazyTable[type[R]]) -> Kind[str | R]:
    """Return the kind of a name out of a table, or of settings that go by it; defaults are the name alone."""

    def check(value: object) -> str | R:
        name = value.name if isinstance(value, RuleSettings) else value
        require(name in table)
        cls = table.load(str(name))
        if not isinstance(value, cls):
            require(isinstance(value, str))
            return str(value)
        return cls.name if value == cls() else value

    law = f"one of {', '.join(table)}, or a mapping of its `rule` and settings"
    return Kind(law, check, words=(*table,))


def _share(what: str = "a number") -> Kind[float]:
    return number(f"{what} from 0 to below 1", lambda share: 0 <= share < 1)


@dataclass(frozen=True, kw_only=True)
class Recipe(Settings):
    """Everything that decides how a network is trained, apart from the data, the seed and the device.

    Attributes:
        preset: The preset it starts from.
        epochs: Passes over the training part.
        batch: Samples in a step; an epoch leaves out the few that do not fill its last batch.
        optimizer: What turns gradients into steps.
        rate: Peak learning rate.
        momentum: Momentum, first beta of Adam and its kin.
        weight_decay: Decoupled in AdamW and Muon, else added to the gradient.
        decay: What weights decay: `all`, or `weights` without norms and biases.
        schedule: What the rate does after its warm-up: `constant`; to zero along a line (`linear`), half a
            cosine (`cosine`) or in the end alone (`wsd`); to a tenth after every third of the epochs (`step`)
            or whenever the validation score stops rising (`plateau`); up and down by cosines (`one-cycle`);
            or `rungs`: half a cosine to every rung of early stopping, each with a warm-up of its own.
        warmup: Share of all steps in which the rate rises from zero along a line.
        label_smoothing: Share of the target spread over all classes.
        class_weights: How much a sample counts by its class: all the same (`none`), or such that all classes
            do (`balanced`).
        mixup: Parameter of the beta distribution by which pairs of samples and their targets are blended; 0
            for none. With `cutmix` each batch gets either.
        cutmix: The same for a box of one sample pasted into another.
        augment: What is done to every training sample anew, on the device: a name, a set of several, a list,
            or a mapping with settings; in the order of the table of augmentations, however it is written.
        clip: Greatest norm of all gradients together.
        accumulate: Pieces in which a batch goes through the network, their gradients added up.
        ema: Share that a step keeps of the exponential mean of the weights, such as 0.999; the mean is then
            what is evaluated and exported. 0 for the weights themselves.
        precision: Of products in training: `float32`, `bfloat16`, or `auto` for bfloat16 on devices with
            instructions for it; none for float32 on a CPU and bfloat16 on CUDA.
        seconds: Time limit of a training.
    """

    name: ClassVar[str] = "recipe"
    preset: Annotated[str, word(*PRESETS)] = "quick"
    epochs: Annotated[int, whole(1)] = 3
    batch: Annotated[int, whole(2)] = 48
    optimizer: Annotated[str | OptimizerSettings, _ruled(OPTIMIZERS)] = "adamw"
    rate: Annotated[float, number("a number above 0", lambda rate: rate > 0)] = 0.02
    momentum: Annotated[float, _share()] = 0.9
    weight_decay: Annotated[float, number("a number from 0", lambda decay: decay >= 0)] = 0.01
    decay: Annotated[str, word("all", "weights")] = "all"
    schedule: Annotated[str | ScheduleSettings, _ruled(SCHEDULES)] = "linear"
    warmup: Annotated[float, number("a share from 0 to 1", lambda share: 0 <= share <= 1)] = 0.2
    label_smoothing: Annotated[float, _share("a share")] = 0.0
    class_weights: Annotated[str, word(*CLASS_WEIGHTS)] = "none"
    mixup: Annotated[float, number("a number from 0", lambda alpha: alpha >= 0)] = 0.0
    cutmix: Annotated[float, number("a number from 0", lambda alpha: alpha >= 0)] = 0.0
    augment: Annotated[Augment, augmentations_kind()] = ()
    clip: Annotated[float | None, optional(number("a number above 0", lambda norm: norm > 0))] = None
    accumulate: Annotated[int, whole(1)] = 1
    ema: Annotated[float, _share("a share")] = 0.0
    precision: Annotated[str | None, optional(word(*PRECISIONS))] = None
    seconds: Annotated[float | None, optional(number("a number above 0", lambda limit: limit > 0))] = None

    def __post_init__(self) -> None:
        """Check the settings; augmentations and rules get their normal form."""
        super().__post_init__()
        object.__setattr__(self, "augment", normal_form(self.augment))
        for key, table in RULES.items():
            object.__setattr__(self, key, _ruled(table).accept(getattr(self, key)))
        for key, misfit in self._misfits().items():
            if misfit:
                raise ConflictError("recipe", key, misfit)

    @property
    def word(self) -> str:
        """The preset."""
        return self.preset

    @property
    def optimizer_settings(self) -> OptimizerSettings:
        """The optimizer with its settings."""
        return OPTIMIZERS.load(self.optimizer)() if isinstance(self.optimizer, str) else self.optimizer

    @property
    def schedule_settings(self) -> ScheduleSettings:
        """The schedule with its settings."""
        return SCHEDULES.load(self.schedule)() if isinstance(self.schedule, str) else self.schedule

    def to_dict(self) -> dict[str, Value]:
        """Return the recipe in plain types; as the `recipe` of a job it reads back as the same recipe.

        What an earlier version did not have is left out at its default, so that its studies go on.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        values["augment"] = plain(self.augment)
        if not self.optimizer_settings.has_momentum:
            del values["momentum"]
        return {
            key: value.to_dict() if isinstance(value, RuleSettings) else value
            for key, value in values.items()
            if key not in _LATER or value != defaults[key] or key in PRESETS[self.preset]
        }

    def _misfits(self) -> dict[str, str]:
        """Return for settings how they do not fit others; "" if they do."""
        rule, most = self.optimizer_settings, self.batch // 2
        lonely = f"a batch of {self.batch} in {self.accumulate} pieces leaves less than the 2 samples"
        return {
            "momentum": "nesterov needs a momentum; give one above 0, or leave `nesterov:` out"
            if isinstance(rule, Sgd) and rule.nesterov and not self.momentum
            else "",
            "schedule": self.schedule_settings.misfit(epochs=self.epochs, warmup=self.warmup),
            "accumulate": f"{lonely} in each that batch norm needs; take at most {most}"
            if self.accumulate > most
            else "",
        }


RULES: Mapping[str, LazyTable[Any]] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
"""The settings with settings of their own."""

_LATER = ("class_weights", "decay", "mixup", "cutmix", "clip", "accumulate", "ema", "precision")


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
    if "augment" in tree:
        start = replace(start, augment=read_augment(tree["augment"], document, (*place, "augment")))
    others = {key: value for key, value in tree.items() if key != "augment"}
    rules: dict[str, Any] = {
        key: read_rule(table, tree[key], document, (*place, key))
        for key, table in RULES.items()
        if isinstance(tree.get(key), dict)
    }
    recipe = read_settings(
        start, {**others, **rules}, document, place, owner="a recipe", elsewhere=_elsewhere
    )
    rule = recipe.optimizer_settings
    if "momentum" in tree and not rule.has_momentum:
        raise document.error((*place, "momentum"), f"{rule.name} has no momentum; leave `momentum:` out")
    return recipe


def _preset(tree: Tree, document: Document, place: Place) -> Recipe:
    preset = read_value(kinds_of(Recipe)["preset"], tree, document, place, name="preset")
    return Recipe(preset=preset, **PRESETS[preset])


def _elsewhere(key: str) -> str:
    """Return where a key that a recipe does not have belongs, if that is the job."""
    jobs = ("device", "repeats", "seed", "stop", "workers", "trials", "data", "sampler")
    ours = [] if meant(key, kinds_of(Recipe)) else meant(key, jobs)
    return f"; the job has it, beside its recipe: `{ours[0]}: ...`" if ours else ""
