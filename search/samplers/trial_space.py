"""The space of trials where a recipe leaves settings open: a network, and how it is trained.

Samplers, studies and reports see one list of decisions a trial; what a space of networks can do, it can.
Limits are those of networks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import ClassVar, cast

from archscape.spaces import Network, Sample, Space
from archscape.spaces.errors import JobError, SpaceError
from archscape.spaces.language.row_program import Drawn
from archscape.spaces.language.slots import Choose, uniform
from archscape.spaces.sampling.drawing import follow
from archscape.spaces.sampling.open_table import Decisions
from archscape.spaces.values import Option

from ..study.trial_hash import trial_hash
from ..training.choices import AnyRecipe
from ..training.choices.nodes import option_of
from ..training.choices.open_recipe import HEAD, OpenRecipe
from ..training.recipe import Recipe


@dataclass(frozen=True, kw_only=True, repr=False)
class TrialSample(Sample):
    """The decisions of a trial, those on its training after those on its network."""

    space: TrialSpace = field(repr=False)

    def hash(self) -> str:
        """Return what tells the trial from others: its network, and how that is trained.

        Raises:
            ShapeError: If the network cannot be built.
        """
        return trial_hash(super().hash(), self.choices)

    @property
    def choices(self) -> dict[str, Option]:
        """The decisions on its training."""
        return {path: option for path, option in self.decisions.items() if path in self.space.recipe.paths}


@dataclass(frozen=True, kw_only=True, eq=False)
class TrialSpace(Space):
    """A space of networks together with an open recipe.

    Attributes:
        networks: The space of the networks.
        recipe: How they are trained.
    """

    samples_are: ClassVar[str] = "trainings of networks"

    networks: Space
    recipe: OpenRecipe

    def __post_init__(self) -> None:
        super(Space, self).__post_init__()  # its choices were looked at when the space was declared

    def decide(self, choose: Choose) -> TrialSample:
        """Return the trial that `choose(path, options) -> option` decides on, its network first."""
        decisions: dict[str, Option] = {}

        def record(path: str, options: Sequence[Option]) -> Option:
            decisions[path] = choose(path, options)
            return decisions[path]

        drawn = self.program.draw(record)
        self.recipe.decide(record)
        return self.sample_of(decisions, drawn)

    def sample_of(self, decisions: dict[str, Option], drawn: Drawn) -> TrialSample:
        """Return the trial that was drawn."""
        return TrialSample(decisions=decisions, space=self, drawn=drawn)

    def sample(self, rng: Random) -> TrialSample:
        """Return a random trial within the limits, which concern its network alone."""
        network = self.networks.sample(rng)
        return self.decide(follow(network.decisions, uniform(rng)))

    def replay(self, decisions: Decisions) -> TrialSample:
        """Return the trial that a list of decisions gives.

        Raises:
            SpaceError: If a decision is missing, is not an option, or is not asked for.
        """

        def choose(path: str, options: Sequence[Option]) -> Option:
            return decisions[path] if decisions.get(path) in options else options[0]

        for path in self.recipe.decide(choose):
            if path not in decisions:
                # JSON, which the command line takes and a job too
                example = json.dumps({"network": "...", path: self.paths[path][0]})
                raise SpaceError(f"the recipe leaves '{path}' open; say it too, as in {example}")
        return cast("TrialSample", super().replay(decisions))

    def sample_of_texts(self, decisions: Mapping[str, object]) -> Sample:
        """Return the trial that a list of decisions gives, each option as itself or as it may be written.

        Raises:
            SpaceError: If a decision is missing, is not an option, or is not asked for.
        """
        own = {path: option_of(str(decisions[path])) for path in self.recipe.paths if path in decisions}
        return super().sample_of_texts({**decisions, **own})

    def member(self, network: Network) -> Sample:
        """Return the sample of the networks' space that gives a network; nothing is said of its training."""
        return self.networks.member(network)

    def count(self) -> int:
        """Return the number of decision lists, exactly; limits are not looked at."""
        return self.networks.count() * self.recipe.count()

    @cached_property
    def paths(self) -> dict[str, Sequence[Option]]:
        """Every path that can be asked for, with its options; those of training come last."""
        return {**self.networks.paths, **self.recipe.paths}


def trial_space(networks: Space, recipe: AnyRecipe) -> Space:
    """Return the space that trials come from: that of the networks, with what a recipe leaves open."""
    if isinstance(recipe, Recipe):
        return networks
    settings = {name: getattr(networks, name) for name in networks.settable()}
    return TrialSpace(**settings, networks=networks, recipe=recipe)


def check_names(networks: Space, recipe: AnyRecipe) -> None:
    """Check that no decision on a network has the name of one on its training.

    Raises:
        JobError: If one has.
    """
    if isinstance(recipe, OpenRecipe) and any(path.partition(".")[0] == HEAD for path in networks.paths):
        law = f"a row or variable of space {networks.name} has the name `{HEAD}`, as training choices have"
        raise JobError(f"recipe: {law}; give it another one")
