"""A space: the table of a network with choices left open, and the networks that are drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, TypeAlias

from .catalog_files import find_document
from .errors import SpaceError
from .language.document import Runs
from .language.freeze import freeze
from .language.limits import Limit, check_cost, cost_of, parse_limit
from .language.reading import is_network, read
from .language.row_program import Drawn
from .language.slots import enumerate_results
from .language.uses import vouch_all
from .network import Network, TextTable
from .printing import Printed, Printout
from .sampling.counting import count
from .sampling.distinct import count_chain
from .sampling.drawing import SampledTable
from .sampling.membership import Membership
from .sampling.open_table import BaseSample, Decisions
from .sampling.unused_choices import check_unused_choices
from .values import Option

Watch: TypeAlias = "Callable[[Iterator[Sample], int], Iterable[Sample]]"


@dataclass(frozen=True, kw_only=True, repr=False)
class Sample(BaseSample, Printed):
    """One list of decisions, the genotype, and the network it gives."""

    space: Space = field(repr=False)

    def printout(self) -> Printout:
        """Return the decisions."""
        rows = [*self.decisions.items()]
        return Printout(title=f"sample of {self.space.name}", columns=("decision", "option"), rows=rows)

    @cached_property
    def network(self) -> Network:
        """The network as a table with nothing left open.

        Raises:
            ShapeError: If it cannot be built.
        """
        self.lower()
        return freeze(self.drawn, self.space, Network)


@dataclass(frozen=True, kw_only=True, eq=False)
class Space(SampledTable[Sample], TextTable):
    """A search space as a table with choices left open.

    It is given what `Table` lists.

    Raises:
        SpaceError: If it does not follow the language.
    """

    word: ClassVar[str] = "space"
    samples_are: ClassVar[str] = "networks"
    """What its samples are, in words."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_unused_choices(self)

    @classmethod
    def load(cls, name: str | Path, *, uses: Iterable[str | Path] = (), runs: Runs = "beside") -> Space:
        """Return a space of the catalog, or one from a YAML or JSON file.

        Args:
            name: The name or the path.
            uses: Python files and modules that it may use wherever they lie; they are run.
            runs: Which Python files it may name itself.

        Raises:
            SpaceError: If there is no such name or file, it does not follow the language, or it is a network.
        """
        vouch_all(uses)
        document = find_document(name, runs=runs)
        if is_network(document):
            raise SpaceError(f"{name} is a network; a space, with choices left open, is needed here")
        return read(document, cls)

    def sample_of(self, decisions: dict[str, Option], drawn: Drawn) -> Sample:
        """Return the sample that was drawn."""
        return Sample(decisions=decisions, space=self, drawn=drawn)

    def tighten(self, within: Mapping[str, Limit | str]) -> Space:
        """Return the space with further limits; where it has one already, both hold.

        Raises:
            SpaceError: If a limit is none, or excludes the one that the space has.
        """
        limits = dict(self.within)
        for name, bound in within.items():
            check_cost(name)
            limit = parse_limit(bound) if isinstance(bound, str) else bound
            limits[name] = limits[name].tightened(limit) if name in limits else limit
        return replace(self, within=limits)

    def enumerate(self) -> Iterator[Sample]:
        """Yield the sample of every list of decisions, whatever its cost."""
        return enumerate_results(self.decide)

    def contains(self, decisions: Decisions) -> bool:
        """Tell whether a list of decisions belongs to the space and its network is feasible."""
        try:
            return self.feasible(self.replay(decisions))
        except SpaceError:
            return False

    def sample_of_texts(self, decisions: Mapping[str, object]) -> Sample:
        """Return the sample that a list of decisions gives, each option as itself or as it is written.

        Raises:
            SpaceError: If a decision is missing, is not an option, or is not asked for.
        """

        def option(path: str, written: object) -> Option:
            options = self.paths.get(path, ())
            return next((option for option in options if str(option) == str(written)), str(written))

        return self.replay({path: option(path, written) for path, written in decisions.items()})

    def member(self, network: Network) -> Sample:
        """Return the sample that gives a network, which may be written otherwise; limits are not looked at.

        Raises:
            SpaceError: If the network is no member, or its decisions were not found; with which of the two.
        """
        law = f"{network.name} is no member of space {self.name}"
        if network.input_shapes != self.input_shapes:
            raise SpaceError(f"{law}: it reads {network.input_text}, and the space {self.input_text}")
        membership = Membership(space=self, body=network.body, totals=network.totals)
        sample = membership.find()
        if sample is not None:
            return sample
        if membership.is_certain:
            raise SpaceError(f"{law}: none of its {self.count():,} lists of decisions gives it")
        raise SpaceError(
            f"no decisions of space {self.name} were found that give {network.name}: it is no member, or one "
            f"of {self.count():,} that was not met; if it is one, give its decisions"
        )

    def check_within(self, sample: Sample) -> None:
        """Check that a sample can be built and meets the limits.

        Raises:
            SpaceError: If it does not; with the first limit that it misses, and what it costs.
        """
        totals = sample.totals
        for name, limit in self.within.items():
            cost = cost_of(totals, name)
            if any(value > 0 for value in limit.excess(cost)):
                raise SpaceError(f"it has {cost:,} {name}, and the limit is {limit}")

    def count(self) -> int:
        """Return the number of decision lists, exactly; limits are not looked at."""
        return count(self.program)

    def count_distinct(self, *, limit: int = 100_000, watch: Watch | None = None) -> int | None:
        """Return the number of distinct networks that can be built and meet the limits.

        Up to `limit` decision lists are enumerated; `watch(samples, count)` may wrap them, to show how far it
        has come. Beyond, networks of a chain of rows are counted as `sampling.distinct` says where there are
        no limits; else it is None.
        """
        count = self.count()
        if count > limit:
            told = not self.within and self.alike == "graph" and len(self.inputs) == 1
            return count_chain(self.program, self.input_shapes[0]) if told else None
        samples = watch(self.enumerate(), count) if watch else self.enumerate()
        return len({sample.hash() for sample in samples if self.feasible(sample)})
