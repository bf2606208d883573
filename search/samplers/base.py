"""Who proposes the next architecture, all through the one seam of the space, and none twice.

A proposer is a pure function of the space, the history and a source of randomness, so a search that was
killed goes on with the very proposals it would have made.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from archscape.spaces.errors import JobError, StudyError, suggest

from ..job import SAMPLERS
from ..study.history import History
from .nsga2 import Nsga2Sampler
from .tpe import TpeSampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

    from ..latency import LatencyObjective

START_TRIALS = 10
"""How many first proposals are random, whoever proposes afterwards."""

PROPOSALS = 4
"""How often a proposer may propose what is known before it is helped."""

MUTANTS = 32
DRAWS = 500
LIMITED_DRAWS = 5000
"""Where a limit on latency has to be met as well, which samples do not know of."""
ENUMERABLE = 20_000
"""Up to how many decision lists a space is walked through, to find what is left of it."""


class Exhausted(StudyError):  # noqa: N818 - the word of the field
    """The space holds no architecture that the study has not tried."""


class Sampler(Protocol):
    """Proposes the next architecture of a search; it may be one that the history holds."""

    def propose(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a sample within the limits of the space."""


@dataclass(frozen=True, kw_only=True)
class RandomSampler:
    """Every choice uniform over its options, given that the network meets the limits."""

    def propose(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a random sample."""
        return space.sample(rng)


def make_sampler(name: str) -> Sampler:
    """Return the proposer of a name.

    Raises:
        JobError: If there is none of this name.
    """
    if name == "random":
        return RandomSampler()
    if name == "tpe":
        return TpeSampler(start=START_TRIALS)
    if name == "nsga2":
        return Nsga2Sampler(start=START_TRIALS)
    raise JobError(f"no sampler '{name}'{suggest(name, SAMPLERS)}")


def sample_unique(
    make_sampler: Sampler,
    space: Space,
    history: History,
    rng: random.Random,
    *,
    aim: LatencyObjective | None = None,
) -> Sample:
    """Return a sample whose network the history does not hold.

    The proposer is asked a few times; then its last proposal is changed step by step, then samples are drawn,
    and at last a small space is walked through.

    Args:
        make_sampler: Who proposes.
        space: Where the networks come from.
        history: What was tried.
        rng: Source of randomness.
        aim: The limit on latency, which the space does not know; None for none.

    Raises:
        Exhausted: If no such network exists, or none was found in a large space.
        Infeasible: If no network of the space meets its limits.
    """

    def fits(sample: Sample) -> bool:
        network = sample.network
        return network.hash() not in history.hashes and (aim is None or aim.holds(network))

    draws = DRAWS if aim is None else LIMITED_DRAWS
    for sample in itertools.islice(
        _candidates(make_sampler, space, history, rng), PROPOSALS + MUTANTS + draws
    ):
        if fits(sample):
            return sample
    if space.count() > ENUMERABLE:
        tried = f"the {len(history.hashes)} networks tried"
        tried += "" if aim is None else f", or beyond latency {aim.within}"
        raise Exhausted(f"space {space.name}: {draws} samples were all among {tried}")
    for sample in space.enumerate():
        if space.feasible(sample) and fits(sample):
            return sample
    raise Exhausted(
        f"space {space.name}: all its {len(history.hashes)} networks within the limits were tried"
    )


def _candidates(
    make_sampler: Sampler, space: Space, history: History, rng: random.Random
) -> Iterator[Sample]:
    for _ in range(PROPOSALS):
        sample = make_sampler.propose(space, history, rng)
        yield sample
    for _ in range(MUTANTS if sample.decisions else 0):
        sample = space.mutate(sample.decisions, rng)
        yield sample
    while True:
        yield space.sample(rng)
