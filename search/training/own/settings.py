"""The training function of a job: which one, its budget, and the settings that it is given.

::

    train: my_training.py:fit

    train: {call: my_training.py:fit, epochs: 30, seconds: 7200, settings: {rate: 0.1}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from archscape.spaces.errors import JobError
from archscape.spaces.kinds import Takes, number, optional, whole
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.plain import Plain, is_plain, plain
from archscape.spaces.language.settings import Settings, read_settings
from archscape.spaces.language.user_function import EXAMPLE, UserFunction, read_function

ARGUMENTS = ("network", "context")
"""What a training function is called with."""


@dataclass(frozen=True, kw_only=True)
class TrainFunction(Settings):
    """A function of the user's that trains a network, `fit(network, context)`, and returns its metrics.

    Attributes:
        call: The function, in a Python file.
        epochs: The budget, as its context says it; what it reports are epochs from 1 to this one.
        seconds: Time limit of a training: it is ended at its next report, and its process if it hangs.
        settings: What its context gives it as `settings`.
    """

    name: ClassVar[str] = "train"
    call: Annotated[UserFunction, Takes(f"a function in a file, as in {EXAMPLE}")]
    epochs: Annotated[int, whole(1)] = 3
    seconds: Annotated[float | None, optional(number("a number above 0", lambda limit: limit > 0))] = None
    settings: Annotated[Mapping[str, Plain], Takes("a mapping of your own")] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_plain(dict(self.settings)):
            law = "numbers, texts, true and false, lists and mappings of these, which a job file can hold"
            raise JobError(f"train: settings are {law}, but got {dict(self.settings)!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings in plain types, as a job has them."""
        written = {"epochs": self.epochs, "seconds": self.seconds, "settings": dict(self.settings)}
        return {
            "call": str(self.call),
            **{key: value for key, value in written.items() if value or value == 0},
        }

    def facts(self) -> dict[str, Any]:
        """Return what results follow from; the function by its name, wherever its file lies."""
        return {**self.to_dict(), "call": self.call.name}


def read_train(document: Document, place: Place, tree: Tree) -> TrainFunction:
    """Return the training function that stands in a job: `FILE.py:name`, or a mapping with it as `call`.

    Raises:
        InputError: If it is none, or a setting breaks its law; with the place.
    """
    if not isinstance(tree, dict):
        return TrainFunction(call=read_function(tree, document, place, ARGUMENTS))
    if "call" not in tree:
        raise document.error(place, f"`train:` needs its function, as in {{call: {EXAMPLE}}}")
    start = TrainFunction(
        call=read_function(tree["call"], document, (*place, "call"), ARGUMENTS),
        settings=_settings(document, place, tree.get("settings", {})),
    )
    return read_settings(start, tree, document, place, owner="train", others=("call", "settings"))


def _settings(document: Document, place: Place, tree: Tree) -> dict[str, Plain]:
    if not isinstance(tree, dict):
        raise document.error((*place, "settings"), "settings are a mapping, as in {rate: 0.1}")
    return {key: plain(value) for key, value in tree.items()}
