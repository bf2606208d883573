"""What a sampler is, and how a search gets a network from it that was not tried before.

A sampler is a pure function of the space, the history and a source of randomness, so a search that was killed
goes on with the very samples it would have drawn.
"""

from __future__ import annotations

import itertools
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from archscape.spaces.errors import StudyError
from archscape.spaces.language.settings import RuleSettings

if TYPE_CHECKING:
    from archscape.spaces import Network, Sample, Space

    from ..study.history import History

STARTUP = 10
"""How many first samples are random, whatever the sampler, unless its settings say otherwise."""

SAMPLES = 4
"""How often a sampler may return what is known before it is helped."""

MUTANTS = 32
DRAWS = 500
LIMITED_DRAWS = 5000
"""Where limits have to be met as well that samples do not know of, such as one on latency."""
ENUMERABLE = 20_000
"""Up to how many decision lists a space is walked through, to find what is left of it."""


class Aim(Protocol):
    """Limits on what a network costs that its space does not know; as text, what they are."""

    def holds(self, network: Network) -> bool:
        """Tell whether a network is within."""


class Exhausted(StudyError):  # noqa: N818 - the word of the field
    """The space holds no architecture that the study has not tried."""


@dataclass(frozen=True, kw_only=True)
class Sampler(RuleSettings, ABC):
    """Says which architecture of a space is tried next; its fields are its settings, all with defaults."""

    looks_back: ClassVar[bool] = True
    """Whether a sample depends on how other trials ended."""

    @abstractmethod
    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a sample within the limits of the space; it may be one that the history holds."""


def sample_unique(
    sampler: Sampler,
    space: Space,
    history: History,
    rng: random.Random,
    *,
    aim: Aim | None = None,
) -> Sample:
    """Return a sample that the history does not hold: another network, or one that is trained otherwise.

    The sampler is asked a few times; then its last sample is changed step by step, then random ones are
    drawn, and at last a small space is walked through. `aim` has limits that no space knows.

    Raises:
        Exhausted: If no such network exists, or none was found in a large space.
        Infeasible: If no network of the space meets its limits.
    """

    def fits(sample: Sample) -> bool:
        return sample.hash() not in history.hashes and (aim is None or aim.holds(sample.network))

    draws = DRAWS if aim is None else LIMITED_DRAWS
    for sample in itertools.islice(_candidates(sampler, space, history, rng), SAMPLES + MUTANTS + draws):
        if fits(sample):
            return sample
    if space.count() > ENUMERABLE:
        tried = f"the {len(history.hashes)} {space.samples_are} tried"
        tried += "" if aim is None else f", or beyond {aim}"
        raise Exhausted(f"space {space.name}: {draws} samples were all among {tried}")
    for sample in space.enumerate():
        if space.feasible(sample) and fits(sample):
            return sample
    tried = f"{len(history.hashes)} {space.samples_are}"
    raise Exhausted(f"space {space.name}: all its {tried} within the limits were tried")


def _candidates(sampler: Sampler, space: Space, history: History, rng: random.Random) -> Iterator[Sample]:
    for _ in range(SAMPLES):
        sample = sampler.sample(space, history, rng)
        yield sample
    for _ in range(MUTANTS if sample.decisions else 0):
        sample = space.mutate(sample.decisions, rng)
        yield sample
    while True:
        yield space.sample(rng)
