"""A space: the table of a network with choices left open, and every walk through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from .blocks import Block
from .errors import ShapeError, SpaceError, suggest
from .graph import Graph, Shape, Totals
from .hashing.equivalence import graph_hash
from .language.compile import check_space
from .language.document import Document, read_text
from .language.expressions import Expr
from .language.freeze import network_of
from .language.rows import Composed, Row, measure
from .language.uses import user_blocks
from .network import Network, network_body
from .sampling import drawing as sampling
from .sampling.counting import count
from .sampling.limits import Limit, check_limits, miss, parse_limit
from .sampling.program import Drawn, Program
from .sampling.slots import Choose, walk
from .sampling.unused_choices import check_idle
from .values import Option

if TYPE_CHECKING:
    from .sampling.lookahead import Lookahead

Decisions = Mapping[str, Option]
Watch: TypeAlias = "Callable[[Iterator[Sample], int], Iterable[Sample]]"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One list of decisions, and the network it gives.

    Attributes:
        decisions: Option by path: the genotype.
        space: The space it was drawn from.
        drawn: The calls.
    """

    decisions: dict[str, Option]
    space: Space = field(repr=False)
    drawn: Drawn = field(repr=False)

    @property
    def totals(self) -> Totals:
        """Costs from remembered blocks.

        Raises:
            ShapeError: If the network cannot be built.
        """
        return measure(self.drawn.calls, self.space.input)

    def hash(self) -> str:
        """Return the hash of the network, without making its table.

        Raises:
            ShapeError: If it cannot be built.
        """
        space = self.space
        body = network_body(space.name, self.drawn.calls, space.input, space.outputs)
        return graph_hash(Graph(space.name, body), space.alike)

    @cached_property
    def network(self) -> Network:
        """The network as a table with nothing left open.

        Raises:
            ShapeError: If it cannot be built.
        """
        return network_of(self.drawn, self.space)


@dataclass(frozen=True)
class Space:
    """A search space as a table with choices left open.

    Attributes:
        name: Letters, digits, `.`, `_`, `-`.
        input: Channels, then the extent of each spatial axis.
        layers: The rows.
        defaults: `norm`, `act`, `bias` for all rows; they may be open.
        choices: Choices by name; each use is drawn anew.
        let: Variables by name; each is drawn once and shared.
        blocks: New words; each stands for one of several blocks, or for rows one after the other.
        outputs: Names of the rows that a network returns; the last row's alone unless given.
        uses: Python files and modules whose blocks are words of the table, or such blocks themselves.
        alike: What tells networks apart: `graph`, what is computed, or `formula`, as NAS-Bench-201 has it.
        within: Limits on `params`, `macs`, `flops`, `activations`.
        origin: The document it was read from, for messages.

    Raises:
        SpaceError: If it does not follow the language.
    """

    _: KW_ONLY
    name: str
    input: Shape
    layers: tuple[Row, ...]
    defaults: Mapping[str, Expr] = field(default_factory=dict)
    choices: Mapping[str, Expr] = field(default_factory=dict)
    let: Mapping[str, Expr] = field(default_factory=dict)
    blocks: Mapping[str, tuple[Row, ...] | Composed] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    uses: tuple[str | Block[Any], ...] = ()
    alike: str = "graph"
    within: Mapping[str, Limit] = field(default_factory=dict)
    origin: Document | None = field(default=None, compare=False, repr=False)
    users: tuple[Block[Any], ...] = field(init=False, repr=False, compare=False)
    program: Program = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("input", "layers", "outputs", "uses"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_limits(self.within)
        object.__setattr__(self, "users", user_blocks(self.origin, self.uses))
        object.__setattr__(self, "program", check_space(self))
        check_idle(self)

    def __hash__(self) -> int:
        return hash((self.name, self.input, self.layers))

    def __reduce__(self) -> tuple[object, ...]:
        return Space.from_yaml, (self.to_yaml(),)

    @classmethod
    def load(cls, name: str) -> Space:
        """Return a space of the catalog, or one from a YAML or JSON file."""
        from .loading import load_space

        return load_space(name)

    @classmethod
    def from_yaml(cls, text: str, *, name: str = "<text>") -> Space:
        """Read a space from YAML or JSON text."""
        from .language.reading import read_space

        return read_space(read_text(text, name=name))

    from_json = from_yaml

    def to_yaml(self) -> str:
        """Return the table as YAML."""
        from .language.writing import to_yaml

        return to_yaml(self)

    def to_json(self) -> str:
        """Return the table as one line of JSON."""
        from .language.writing import to_json

        return to_json(self)

    def tighten(self, within: Mapping[str, Limit | str]) -> Space:
        """Return the space with further limits; where it has one already, both hold.

        Raises:
            SpaceError: If a limit is none, or excludes the one that the space has.
        """
        limits = dict(self.within)
        for name, given in within.items():
            limit = parse_limit(given) if isinstance(given, str) else given
            limits[name] = limits[name].tightened(limit) if name in limits else limit
        return replace(self, within=limits)

    # Walks

    def decide(self, choose: Choose) -> Sample:
        """Return the network that `choose(path, options) -> option` decides on, choice by choice.

        This is the one seam for every random, exhaustive, model-based or evolutionary walk. The network may
        exceed the limits, or not be buildable; see `feasible`.
        """
        decisions: dict[str, Option] = {}

        def record(path: str, options: Sequence[Option]) -> Option:
            option = choose(path, options)
            decisions[path] = option
            return option

        drawn = self.program.draw(record)
        return Sample(decisions=decisions, space=self, drawn=drawn)

    def replay(self, decisions: Decisions) -> Sample:
        """Return the network that a list of decisions gives.

        Raises:
            SpaceError: If a decision is missing, is not an option, or is not asked for.
        """

        def choose(path: str, options: Sequence[Option]) -> Option:
            if path not in decisions:
                raise SpaceError(f"space {self.name}: the decision '{path}' is missing")
            if decisions[path] not in options:
                raise self._no_option(path, decisions[path])
            return options[options.index(decisions[path])]

        sample = self.decide(choose)
        for path in decisions:
            if path not in sample.decisions:
                raise SpaceError(
                    f"space {self.name}: nothing asks for '{path}'{suggest(path, sample.decisions)}"
                )
        return sample

    def _no_option(self, path: str, given: object) -> SpaceError:
        near = suggest(str(given), map(str, self.paths[path][:1000]))
        return SpaceError(f"space {self.name}: '{given}' is no option of '{path}'{near}")

    def enumerate(self) -> Iterator[Sample]:
        """Yield the sample of every list of decisions, whatever its cost."""
        return walk(self.decide)

    def sample(self, rng: Random) -> Sample:
        """Return a random network within the limits.

        Every choice is uniform over its options, given that the whole network can be built and meets the
        limits. Where such networks are rare, so closely that it takes many samples to tell; see `sampling`.

        Raises:
            Infeasible: If none was found; the message has what the nearest miss costs.
        """
        return sampling.sample(self, rng)

    def mutate(self, decisions: Decisions, rng: Random) -> Sample:
        """Return a neighbour within the limits: one decision changed, what it newly opens drawn at random.

        Where no single change meets the limits, several are made.
        """
        return sampling.mutate(self, decisions, rng)

    def crossover(self, first: Decisions, second: Decisions, rng: Random) -> Sample:
        """Return a child within the limits: every decision from one of the parents that makes it."""
        return sampling.crossover(self, first, second, rng)

    def neighbours(self, decisions: Decisions) -> Iterator[Sample]:
        """Yield every feasible network one decision away; what it newly opens takes its first option."""
        return sampling.neighbours(self, decisions)

    # Questions

    def feasible(self, sample: Sample) -> bool:
        """Tell whether a network can be built and meets the limits."""
        try:
            return miss(self.within, sample.totals) == 0
        except ShapeError:
            return False

    def contains(self, decisions: Decisions) -> bool:
        """Tell whether a list of decisions belongs to the space and its network is feasible."""
        try:
            return self.feasible(self.replay(decisions))
        except SpaceError:
            return False

    def count(self) -> int:
        """Return the number of decision lists, exactly; limits are not looked at."""
        return count(self.program)

    def count_distinct(self, *, limit: int = 100_000, watch: Watch | None = None) -> int | None:
        """Return the number of distinct networks that can be built and meet the limits.

        They are enumerated, so None where there are more than `limit` decision lists. `watch(samples, count)`
        may wrap them, to show how far it has come.
        """
        count = self.count()
        if count > limit:
            return None
        samples = watch(self.enumerate(), count) if watch else self.enumerate()
        return len({sample.hash() for sample in samples if self.feasible(sample)})

    @cached_property
    def easy(self) -> bool:
        """Whether random walks meet the limits often; found out once."""
        return sampling.easy(self)

    @cached_property
    def lookahead(self) -> Lookahead | None:
        """What random walks need to know of the limits, found out once; None where rows form no chain."""
        from .sampling.lookahead import Lookahead

        return Lookahead(self, Random(0)) if self.program.chain else None

    @cached_property
    def paths(self) -> dict[str, Sequence[Option]]:
        """Every path that a walk can ask for, with its options; variables first."""
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
                raise SpaceError(f"space {self.name}: nothing asks for '{path}'{suggest(path, self.paths)}")
            if taken not in self.paths[path]:
                raise self._no_option(path, taken)
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
        return frozenset(
            path
            for path, options in self.paths.items()
            if isinstance(options, range) or all(isinstance(option, int) for option in options)
        )
