"""What a sampler is, and how a search gets a network from it that was not tried before.

A sampler is a pure function of the space, the history and a source of randomness, so a search that was killed
goes on with the very samples it would have drawn. It proposes samples one after the other, the best first;
the search takes the first that is new and within the limits.

::

    @dataclass(frozen=True, kw_only=True)
    class Greedy(Sampler):
        name: ClassVar[str] = "greedy"

        def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
            best = self.recommend(space, history)
            return space.mutate(best.decisions, rng) if best else space.sample(rng)
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from archscape.spaces.errors import StudyError
from archscape.spaces.language.settings import RuleSettings

from ..study.proposal import Prediction, Proposal

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

    from ..study.history import History, Record

__all__ = ["STARTUP", "Exhausted", "Prediction", "Proposal", "Sampler", "propose_unique"]

STARTUP = 10
"""How many first samples are random, whatever the sampler, unless its settings say otherwise."""

ASKS = 4
"""How often a sampler that returns one sample at a time is asked before it is helped."""

PROPOSALS = 200
"""How many proposals of a sampler are looked at before it is helped."""

MUTANTS = 32
DRAWS = 500
LIMITED_DRAWS = 5000
"""Where limits have to be met as well that samples do not know of, such as one on latency."""
ENUMERABLE = 20_000
"""Up to how many decision lists a space is walked through, to find what is left of it."""


class Exhausted(StudyError):  # noqa: N818 - the word of the field
    """The space holds no architecture that the study has not tried."""


@dataclass(frozen=True, kw_only=True)
class Sampler(RuleSettings):
    """Says which architecture of a space is tried next; its fields are its settings, all with defaults.

    A subclass defines `sample` or `proposals`; each follows from the other. One without a `name` has that of
    its class.
    """

    looks_back: ClassVar[bool] = True
    """Whether a sample depends on how other trials ended."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.sample is Sampler.sample and cls.proposals is Sampler.proposals:
            raise TypeError(f"the sampler {cls.__name__} defines `sample` or `proposals`, but has neither")
        if not hasattr(cls, "name"):
            cls.name = cls.__name__

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a sample within the limits of the space; it may be one that the history holds."""
        return next(self.proposals(space, history, rng)).sample

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield proposals, the best first; what has been tried may be among them."""
        for _ in range(ASKS):
            yield Proposal(sample=self.sample(space, history, rng))

    def recommend(self, space: Space, history: History) -> Record | None:
        """Return the trial whose network to take: the best first objective that is least beyond the limits.

        None if no trial is complete.
        """
        sign = -1 if next(iter(history.objectives.values())) == "maximize" else 1

        def rank(record: Record) -> tuple[float, float, int]:
            assert record.values is not None  # of a complete trial
            return record.violation, sign * record.values[0], record.number

        return min(history.complete, key=rank, default=None)

    def expected(self, space: Space, history: History, record: Record) -> Mapping[str, Prediction]:
        """Return what is expected of training the network of a complete trial once more, by metric.

        Empty where there is no model.
        """
        return {}


def propose_unique(sampler: Sampler, space: Space, history: History, rng: random.Random) -> Proposal:
    """Return a proposal that the history does not hold: another network, or one that is trained otherwise.

    Those of the sampler are looked at in their order; then its last sample is changed step by step, then
    random ones are drawn, and at last a small space is walked through.

    Raises:
        Exhausted: If no such network exists, or none was found in a large space.
        Infeasible: If no network of the space meets its limits.
    """
    limited = str(history.asked) if history.asked is not None and history.asked.is_limited else ""
    draws = LIMITED_DRAWS if limited else DRAWS
    candidates = _candidates(sampler, space, history, rng)
    for proposal in itertools.islice(candidates, PROPOSALS + MUTANTS + draws):
        if history.fits(proposal.sample):
            return proposal if proposal.sampler else replace(proposal, sampler=sampler.name)
    if space.count() > ENUMERABLE:
        tried = f"the {len(history.hashes)} {space.samples_are} tried"
        tried += f", or beyond {limited}" if limited else ""
        raise Exhausted(f"space {space.name}: {draws} samples were all among {tried}")
    for sample in space.enumerate():
        if space.feasible(sample) and history.fits(sample):
            return Proposal(sample=sample, reason="what is left of the space", sampler=sampler.name)
    tried = f"{len(history.hashes)} {space.samples_are}"
    raise Exhausted(f"space {space.name}: all its {tried} within the limits were tried")


def _candidates(sampler: Sampler, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
    proposal = None
    for proposal in itertools.islice(sampler.proposals(space, history, rng), PROPOSALS):
        yield proposal
    decisions = proposal.sample.decisions if proposal else {}
    for _ in range(MUTANTS if decisions else 0):
        sample = space.mutate(decisions, rng)
        decisions = sample.decisions
        yield Proposal(sample=sample, reason="near to a network that was tried")
    while True:
        yield Proposal(sample=space.sample(rng), reason="random, as all near ones were tried")
