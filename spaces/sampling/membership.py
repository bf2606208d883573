"""Membership: the decisions of a space that give a known network.

A network is looked for choice by choice, in the order in which a draw asks. Each partial list of decisions is
completed by first options, and goes by how many values of the network's graph it has: a value counts with
all that it is computed from, so a list that is right up to a layer has every value up to there. The best
lists are kept (a beam). What is found is certain, since the hashes are compared; what is not found is proved
to be no member only where all lists of a small space are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ..errors import ShapeError
from ..graph import Body, Graph, Totals
from ..hashing import graph_hash
from ..hashing.canonical import value_keys
from ..language.slots import enumerate_results
from ..values import Option
from .counting import count
from .drawing import follow
from .open_table import BaseSample, OpenTable

BEAMS = (20, 60, 200)
"""Partial lists that are kept; a larger number where the smaller finds nothing."""
MOST_LISTS = 12_000
"""Lists that are completed."""
SMALL = 20_000
"""Lists of a space of which those that cost what the network does are looked at first."""
TINY = 1000
"""Lists of a space that are all looked at."""

S = TypeVar("S", bound=BaseSample)


@dataclass(kw_only=True)
class Membership(Generic[S]):
    """Looks for a network in a space.

    Attributes:
        space: The space.
        body: The graph of the network.
        totals: What it costs.
        is_certain: Whether there is no such member, once none was found.
    """

    space: OpenTable[S]
    body: Body
    totals: Totals
    is_certain: bool = field(default=False, init=False)
    _seen: dict[tuple[tuple[str, Option], ...], tuple[int, S]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._hash = graph_hash(Graph(self.space.name, self.body), self.space.alike)
        self._keys = value_keys(self.body)

    def find(self) -> S | None:
        """Return the sample that gives the network, whatever the limits; None if none was found."""
        return next((sample for sample in self._candidates() if self._is_it(sample)), None)

    def _candidates(self) -> Iterator[S]:
        lists = count(self.space.program)
        if lists <= SMALL:
            samples = enumerate_results(self.space.decide)
            yield from (sample for sample in samples if _costs(sample) == self.totals)
        for beam in BEAMS:
            yield from self._walk(beam)
        if lists <= TINY:
            yield from enumerate_results(self.space.decide)
            self.is_certain = True

    def _walk(self, beam: int) -> Iterator[S]:
        """Yield the lists that have most of the network after each choice."""
        lists: list[dict[str, Option]] = [{}]
        while lists and len(self._seen) < MOST_LISTS:
            scored = [(*self._score(decisions), decisions) for decisions in lists]
            scored.sort(key=lambda entry: -entry[0])
            yield from (sample for score, sample, _ in scored if score == scored[0][0])
            kept = scored[:beam]
            lists = [more for _, sample, known in kept for more in self._extended(sample, known)]

    def _extended(self, sample: S, known: Mapping[str, Option]) -> list[dict[str, Option]]:
        """Return a partial list with each option of the choice asked for next; none if it is whole."""
        path = next((path for path in sample.decisions if path not in known), None)
        return [] if path is None else [{**known, path: option} for option in self.space.paths[path]]

    def _score(self, decisions: Mapping[str, Option]) -> tuple[int, S]:
        """Return how many values of the network a list has, completed by first options, and its sample."""
        sample = self.space.decide(follow(decisions, lambda path, options: options[0]))
        key = tuple(sample.decisions.items())
        if key not in self._seen:
            try:
                score = len(self._keys & value_keys(sample.lower()))
            except ShapeError:
                score = -1
            self._seen[key] = score, sample
        return self._seen[key]

    def _is_it(self, sample: S) -> bool:
        try:
            return sample.hash() == self._hash
        except ShapeError:
            return False


def _costs(sample: BaseSample) -> Totals | None:
    try:
        return sample.totals
    except ShapeError:
        return None
