"""A recipe with choices left open, which a search draws together with a network.

::

    recipe:
      rate: 0.01..0.3 log
      weight_decay: {0, 1e-4}
      optimizer: {adamw: , sgd: {nesterov: {true, false}}}
      augment: {none, [flip], strong: [flip, shift, {rotate: 5..20 step 5}]}

A draw goes through the seam of all spaces, `choose(path, options)`, with paths such as `recipe.rate` and
`recipe.optimizer.sgd.nesterov`. What is drawn is a recipe as a job could have written it, and is read as
such: there is one reader, and one set of laws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from random import Random
from typing import cast

from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.settings import RULE
from archscape.spaces.language.slots import Choose, enumerate_results, uniform
from archscape.spaces.values import Option

from ..optimizers import OPTIMIZERS
from ..recipe import Recipe, Value, read_recipe
from .nodes import Choice, Node, choices, close, count, plain

HEAD = "recipe"
"""What the paths of training choices begin with."""

FIXED = {
    "preset": "a recipe starts from one preset; leave open the settings in which they differ",
    "epochs": "trials are compared after the same epochs; `stop:` of the job gives the better ones more",
    "seconds": "all trials have one time limit",
}
"""Settings that are the same for all trials of a search, and why."""

COMBINATIONS = 400
"""Lists of decisions whose recipes are looked at: all, or of more so many at random."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenRecipe:
    """A recipe with choices left open. Two are equal if they spell out alike.

    Attributes:
        settings: The settings that are given, by name, in the order in which recipes have them.
        origin: Where they are written, for messages.
        place: Where the recipe stands there.
    """

    settings: Mapping[str, Node]
    origin: Document = field(repr=False)
    place: Place = field(default=(HEAD,), repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpenRecipe) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((*self.paths,))

    @property
    def word(self) -> str:
        """The preset that it starts from."""
        return self.typical.preset

    @property
    def epochs(self) -> int:
        """The epochs of all trials."""
        return self.typical.epochs

    @property
    def seconds(self) -> float | None:
        """The time limit of all trials."""
        return self.typical.seconds

    @cached_property
    def paths(self) -> dict[str, Sequence[Option]]:
        """Every path that can be asked for, with its options."""
        return {choice.path: choice.options for choice in self._choices()}

    @cached_property
    def open_settings(self) -> tuple[str, ...]:
        """The settings in which recipes differ."""
        return tuple(key for key, node in self.settings.items() if any(True for _ in choices(node)))

    @cached_property
    def typical(self) -> Recipe:
        """The recipe of the first options, by an optimizer with a momentum if one can be drawn."""

        def choose(path: str, options: Sequence[Option]) -> Option:
            return self._heeding[0] if path == f"{HEAD}.optimizer" and self._heeding else options[0]

        return self.recipe(self.decide(choose))

    def count(self) -> int:
        """Return the number of decision lists."""
        others = (node for key, node in self.settings.items() if key not in ("optimizer", "momentum"))
        optimizer, momentum = self.settings.get("optimizer"), count(self.settings.get("momentum"))
        if not isinstance(optimizer, Choice):
            return prod(map(count, others)) * count(optimizer) * momentum
        ways = (
            count(node) * (momentum if option in self._heeding else 1)
            for option, node in optimizer.nodes.items()
        )
        return prod(map(count, others)) * sum(ways)

    def decide(self, choose: Choose) -> dict[str, Option]:
        """Return what `choose(path, options) -> option` decides, choice by choice."""
        return self._draw(choose)[0]

    def enumerate(self) -> Iterator[dict[str, Option]]:
        """Yield every list of decisions."""
        return enumerate_results(self.decide)

    def recipe(self, decisions: Mapping[str, Option]) -> Recipe:
        """Return the recipe that decisions give; those of a network among them are not looked at.

        Raises:
            JobError: If a setting breaks its law or does not fit another one, with its place.
        """
        _, tree, aliases = self._draw(lambda path, _: decisions[path])
        document = replace(self.origin, aliases={**self.origin.aliases, **aliases})
        return read_recipe(tree, document, self.place)

    def recipes(self) -> Iterator[Recipe]:
        """Yield the recipes that can be drawn; where these are many, some of them with every option."""
        if self.count() <= COMBINATIONS:
            yield from map(self.recipe, self.enumerate())
            return
        choose = uniform(Random(0))
        yield from (self.recipe(self.decide(choose)) for _ in range(COMBINATIONS))
        for choice in self._choices():
            yield from (self._with(choice, option) for option in choice.options)

    def to_dict(self) -> dict[str, Value]:
        """Return the recipe in plain types, every setting spelled out; it reads back as the same recipe."""
        own = {key: cast("Value", plain(self.settings[key])) for key in self.open_settings}
        return {**self.typical.to_dict(), **own}

    def check(self) -> None:
        """Check what can be drawn: every option, and combinations of them.

        Raises:
            JobError: If a setting may not be open, breaks its law or does not fit another one, or a choice
                changes nothing.
        """
        for key, law in FIXED.items():
            if key in self.open_settings:
                raise self.origin.error((*self.place, key), f"`{key}` is no choice: {law}")
        open_optimizer = isinstance(self.settings.get("optimizer"), Choice)
        if "momentum" in self.settings and open_optimizer and not self._heeding:
            law = "no optimizer that can be drawn has a momentum; leave `momentum:` out"
            raise self.origin.error((*self.place, "momentum"), law)
        for choice in self._choices():
            self._check_options(choice)
        for _ in self.recipes():
            pass

    def _check_options(self, choice: Choice) -> None:
        """Read a recipe with each option; raise where two are the same."""
        known: dict[Recipe, Option] = {}
        for option in choice.options:
            recipe = self._with(choice, option)
            if recipe in known:
                law = f"'{option}' trains as '{known[recipe]}' does; an option changes something"
                raise self.origin.error(choice.places[option], law)
            known[recipe] = option

    def _with(self, choice: Choice, option: Option) -> Recipe:
        """Return a recipe in which an option was taken."""
        return self.recipe(self.decide(self._towards(choice.path, option)))

    def _towards(self, goal: str, taken: Option) -> Choose:
        """Return what chooses an option at a path, and the first ones with which that is asked for."""

        def choose(path: str, options: Sequence[Option]) -> Option:
            if path == goal:
                return taken
            if path == f"{HEAD}.optimizer" and goal == f"{HEAD}.momentum":
                return self._heeding[0]
            return next((each for each in options if f"{goal}.".startswith(f"{path}.{each}.")), options[0])

        return choose

    @cached_property
    def _heeding(self) -> list[Option]:
        """The optimizers with a momentum that can be drawn, where that is open."""
        optimizer = self.settings.get("optimizer")
        options = optimizer.options if isinstance(optimizer, Choice) else ()
        return [name for name in options if name in OPTIMIZERS and OPTIMIZERS.load(str(name)).has_momentum]

    def _choices(self) -> Iterator[Choice]:
        for node in self.settings.values():
            yield from choices(node)

    def _draw(self, choose: Choose) -> tuple[dict[str, Option], dict[str, Tree], dict[Place, Place]]:
        """Return the decisions, the recipe that they give, and where its parts are written."""
        drawn: dict[str, Option] = {}
        aliases: dict[Place, Place] = {}

        def record(path: str, options: Sequence[Option]) -> Option:
            drawn[path] = choose(path, options)
            return drawn[path]

        tree: dict[str, Tree] = {}
        for key, node in self.settings.items():
            if key != "momentum" or _may_have_momentum(self.settings.get("optimizer"), tree):
                tree[key] = close(node, (*self.place, key), record, aliases)
        return drawn, tree, aliases


def _may_have_momentum(optimizer: Node, drawn: Mapping[str, Tree]) -> bool:
    """Tell whether the drawn optimizer has a momentum; one that is not open is left to the reader."""
    if not isinstance(optimizer, Choice):
        return True
    tree = drawn["optimizer"]
    name = tree[RULE] if isinstance(tree, dict) else tree
    return name not in OPTIMIZERS or OPTIMIZERS.load(str(name)).has_momentum
