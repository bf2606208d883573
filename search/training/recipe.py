"""How a network is trained: a preset by name, or a mapping that starts from one and changes it.

::

    recipe: quick

    recipe: {preset: quick, epochs: 10, augment: [shift, flip]}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from archscape.spaces.errors import JobError, suggest
from archscape.spaces.language.document import Document, Place, Tree

Value: TypeAlias = "str | int | float | list[str] | None"

OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("constant", "cosine", "linear", "plateau", "rungs")
AUGMENTATIONS = ("flip", "shift")

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # About two seconds of one CPU thread for a small network on cluttered digits; the defaults of `Recipe`.
    "quick": {},
    # Krizhevsky et al. 2012, section 5; its dropout is in the network.
    "alexnet": {
        "epochs": 90,
        "batch": 128,
        "optimizer": "sgd",
        "rate": 0.01,
        "weight_decay": 5e-4,
        "schedule": "plateau",
        "warmup": 0.0,
        "augment": ("flip", "shift"),
    },
    # He et al. 2015, section 3.4; 60e4 steps of 256 are 120 epochs of ImageNet.
    "resnet": {
        "epochs": 120,
        "batch": 256,
        "optimizer": "sgd",
        "rate": 0.1,
        "weight_decay": 1e-4,
        "schedule": "plateau",
        "warmup": 0.0,
        "augment": ("flip", "shift"),
    },
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
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

    preset: str = "quick"
    epochs: int = 3
    batch: int = 48
    optimizer: str = "adamw"
    rate: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 0.01
    schedule: str = "linear"
    warmup: float = 0.2
    label_smoothing: float = 0.0
    augment: tuple[str, ...] = ()
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name, rule in _RULES.items():
            value = getattr(self, name)
            if not rule.holds(value):
                raise JobError(f"recipe: {name} is {rule.law}, but got {value!r}")

    def to_dict(self) -> dict[str, Value]:
        """Return the recipe in plain types; as the `recipe` of a job it reads back as the same recipe."""
        return {**asdict(self), "augment": list(self.augment)}


def read_recipe(tree: Tree, document: Document | None = None, place: Place = ("recipe",)) -> Recipe:
    """Return the recipe that a job gives: the name of a preset, or a mapping.

    Args:
        tree: What stands at the place.
        document: The job, for errors that say where.
        place: Path of the recipe in the document.

    Raises:
        JobError: If a preset or a key is unknown, or a value breaks its law.

    >>> read_recipe({"preset": "alexnet", "epochs": "5"}).epochs
    5
    """
    document = document or Document(tree=tree, name="recipe", kind=JobError)
    given = tree if isinstance(tree, dict) else {"preset": tree}
    values: dict[str, Any] = {}
    for key, value in given.items():
        inner = (*place, key) if isinstance(tree, dict) else place
        if key not in _RULES:
            raise document.unknown(inner, "a recipe", _RULES)
        values[str(key)] = _read(value, str(key), document, inner)
    return Recipe(**{**PRESETS[values.get("preset", "quick")], **values})


def _read(tree: Tree, name: str, document: Document, place: Place) -> object:
    """Return the value of one field of a recipe."""
    rule = _RULES[name]
    try:
        value = rule.read(tree)
    except (TypeError, ValueError):
        value = tree
    if not rule.holds(value):
        near = suggest(tree, rule.words) if isinstance(tree, str) and rule.words else ""
        raise document.error(place, f"{name} is {rule.law}, but got {tree!r}{near}", kind=JobError)
    return value


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What a field may be: the law in words, how a text is read, whether a value holds to it."""

    law: str
    read: Callable[[Any], object]
    holds: Callable[[Any], bool]
    words: tuple[str, ...] = ()


def _whole(low: int) -> _Rule:
    return _Rule(
        law=f"a whole number from {low}",
        read=int,
        holds=lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= low,
    )


def _number(law: str, within: Callable[[float], bool]) -> _Rule:
    return _Rule(law=law, read=float, holds=lambda value: _is_number(value) and within(value))


def _word(words: tuple[str, ...]) -> _Rule:
    return _Rule(law=f"one of {', '.join(words)}", read=str, holds=lambda value: value in words, words=words)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _limit(tree: Any) -> float | None:
    return None if tree in (None, "none", "null") else float(tree)


def _several(tree: Any) -> tuple[str, ...]:
    if tree in (None, "none"):
        return ()
    if isinstance(tree, dict) and any(value is not None for value in tree.values()):
        raise TypeError  # `{flip, shift}` is how YAML writes a set, `{flip: 3}` is not one
    return (tree,) if isinstance(tree, str) else tuple(tree)


def _some_of(words: tuple[str, ...]) -> _Rule:
    def holds(value: object) -> bool:
        return isinstance(value, tuple) and all(value.count(word) == (word in words) for word in value)

    return _Rule(
        law=f"none, one of {', '.join(words)}, or a list of them, each once",
        read=_several,
        holds=holds,
        words=words,
    )


_RULES: Mapping[str, _Rule] = {
    "preset": _word(tuple(PRESETS)),
    "epochs": _whole(1),
    "batch": _whole(2),
    "optimizer": _word(OPTIMIZERS),
    "rate": _number("a number above 0", lambda value: value > 0),
    "momentum": _number("a number from 0 to below 1", lambda value: 0 <= value < 1),
    "weight_decay": _number("a number from 0", lambda value: value >= 0),
    "schedule": _word(SCHEDULES),
    "warmup": _number("a share from 0 to 1", lambda value: 0 <= value <= 1),
    "label_smoothing": _number("a share from 0 to below 1", lambda value: 0 <= value < 1),
    "augment": _some_of(AUGMENTATIONS),
    "seconds": _Rule(
        law="a number above 0, or none",
        read=_limit,
        holds=lambda value: value is None or (_is_number(value) and value > 0),
    ),
}
