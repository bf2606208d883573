"""An open table: choices are left open, so samples are drawn from it, decision by decision."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, islice
from math import inf
from random import Random
from typing import TYPE_CHECKING, Generic, NoReturn, TypeAlias, TypeVar

from ..errors import ShapeError, SpaceError, suggest
from ..graph import Body, Graph, Totals
from ..hashing import graph_hash
from ..language.calls import measure
from ..language.compile import compile_open
from ..language.limits import miss
from ..language.program import Program
from ..language.row_program import Drawn
from ..language.slots import Choose, uniform
from ..language.table import Table
from ..values import LogOptions, Option

if TYPE_CHECKING:
    from .lookahead import Lookahead

Decisions: TypeAlias = Mapping[str, Option]
"""Option by path: the genotype."""

PLAIN = 1500
"""Plain samples drawn to find out how often they meet the limits."""
HITS = 3
"""Of these, how many must for plain samples to do."""
WORK = 40_000
"""Rows or blocks of all samples of one kind, so that a long table takes no longer."""


def is_ordered(options: Sequence[Option]) -> bool:
    """Tell whether the options of a choice are numbers."""
    return isinstance(options, LogOptions) or all(isinstance(option, int) for option in options)


@dataclass(frozen=True, kw_only=True, repr=False)
class BaseSample:
    """One list of decisions, and the calls that it gives.

    Attributes:
        decisions: Option by path: the genotype.
        space: The table it was drawn from.
    """

    decisions: dict[str, Option]
    space: OpenTable[BaseSample] = field(repr=False)
    drawn: Drawn = field(repr=False)

    @property
    def totals(self) -> Totals:
        """Costs from remembered blocks.

        Raises:
            ShapeError: If the network cannot be built.
        """
        return measure(self.drawn.calls, self.space.inputs)

    def lower(self) -> Body:
        """Return the graph of the network.

        Raises:
            ShapeError: If it cannot be built, with the place in the space's document.
        """
        return self.space.program.lower(self.space, self.drawn.calls)

    def hash(self) -> str:
        """Return the hash of the network, without making its table.

        Raises:
            ShapeError: If it cannot be built.
        """
        return graph_hash(Graph(self.space.name, self.lower()), self.space.alike)


S_co = TypeVar("S_co", bound=BaseSample, covariant=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenTable(Table, ABC, Generic[S_co]):
    """A table with choices left open.

    Raises:
        SpaceError: If it does not follow the language.
    """

    program: Program = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "program", compile_open(self))

    @abstractmethod
    def sample_of(self, decisions: dict[str, Option], drawn: Drawn) -> S_co:
        """Return the sample that was drawn."""

    def decide(self, choose: Choose) -> S_co:
        """Return the network that `choose(path, options) -> option` decides on, choice by choice.

        This is the one seam for every random, exhaustive, model-based or evolutionary sampler. The network
        may exceed the limits, or not be buildable; see `feasible`.
        """
        decisions: dict[str, Option] = {}

        def record(path: str, options: Sequence[Option]) -> Option:
            option = choose(path, options)
            decisions[path] = option
            return option

        drawn = self.program.draw(record)
        return self.sample_of(decisions, drawn)

    def replay(self, decisions: Decisions) -> S_co:
        """Return the network that a list of decisions gives.

        Raises:
            SpaceError: If a decision is missing, is not an option, or is not asked for.
        """

        def choose(path: str, options: Sequence[Option]) -> Option:
            if path not in decisions:
                raise SpaceError(f"space {self.name}: the decision '{path}' is missing")
            if decisions[path] not in options:
                self._refuse(path, decisions[path])
            return options[options.index(decisions[path])]

        sample = self.decide(choose)
        for path in decisions:
            if path not in sample.decisions:
                self._refuse_path(path, sample.decisions)
        return sample

    def miss(self, sample: BaseSample) -> float:
        """Return by how much a network misses the worst limit; without end if it cannot be built."""
        try:
            return miss(self.within, sample.totals)
        except ShapeError:
            return inf

    def feasible(self, sample: BaseSample) -> bool:
        """Tell whether a network can be built and meets the limits."""
        return self.miss(sample) == 0

    def plain_samples(self, rng: Random) -> Iterator[S_co]:
        """Yield samples, each choice uniform, whatever they cost."""
        choose = uniform(rng)
        return (self.decide(choose) for _ in count())

    def affordable(self, samples: int) -> int:
        """Return a number of samples, fewer where the table is long."""
        return min(samples, max(20, WORK // len(self.program.steps())))

    @cached_property
    def easy(self) -> bool:
        """Whether random samples meet the limits often; found out once."""
        samples = islice(self.plain_samples(Random(0)), self.affordable(PLAIN))
        return sum(1 for _ in islice(filter(self.feasible, samples), HITS)) == HITS

    @cached_property
    def lookahead(self) -> Lookahead | None:
        """What random samples need to know of the limits, found out once; None where rows form no chain."""
        from .lookahead import Lookahead

        shape = self.input_shapes[0]  # a chain reads no other
        return Lookahead(self.program, shape, self.within, Random(0)) if self.program.chain else None

    @cached_property
    def paths(self) -> dict[str, Sequence[Option]]:
        """Every path that can be asked for, with its options; variables first."""
        return dict(self.program.each_path())

    def encode(self, decisions: Decisions) -> tuple[float, ...]:
        """Return a list of decisions as a vector of fixed length for a model.

        A path whose options are numbers is one coordinate, its rank scaled to 0..1; any other has one
        coordinate an option, 1 where it was taken. The coordinates of a path that was not asked for are -1.

        Raises:
            SpaceError: If the space has no such path or option.
        """
        for path, taken in decisions.items():
            if path not in self.paths:
                self._refuse_path(path, self.paths)
            if taken not in self.paths[path]:
                self._refuse(path, taken)
        vector: list[float] = []
        for path, options in self.paths.items():
            at = options.index(decisions[path]) if path in decisions else None
            if path in self._ordered:
                vector.append(-1.0 if at is None else at / (len(options) - 1))
            else:
                vector += [-1.0 if at is None else float(i == at) for i in range(len(options))]
        return tuple(vector)

    @cached_property
    def _ordered(self) -> frozenset[str]:
        """The paths whose options are numbers."""
        return frozenset(path for path, options in self.paths.items() if is_ordered(options))

    def _refuse(self, path: str, option: object) -> NoReturn:
        near = suggest(str(option), map(str, self.paths[path][:1000]))
        raise SpaceError(f"space {self.name}: '{option}' is no option of '{path}'{near}")

    def _refuse_path(self, path: str, known: Mapping[str, object]) -> NoReturn:
        raise SpaceError(f"space {self.name}: nothing asks for '{path}'{suggest(path, known)}")
