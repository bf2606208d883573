"""A space: the table of a network with choices left open, and the networks that are drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, TypeAlias

from .catalog_files import find_document
from .errors import SpaceError
from .language.freeze import freeze
from .language.limits import Limit, parse_limit
from .language.program import Drawn
from .language.reading import is_network, read
from .language.slots import enumerate_results
from .network import Network, TextTable
from .sampling.counting import count
from .sampling.drawing import SampledTable
from .sampling.open_table import BaseSample, Decisions
from .sampling.unused_choices import check_unused_choices
from .values import Option

Watch: TypeAlias = "Callable[[Iterator[Sample], int], Iterable[Sample]]"


@dataclass(frozen=True, kw_only=True)
class Sample(BaseSample):
    """One list of decisions, the genotype, and the network it gives."""

    space: Space = field(repr=False)

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

    def __post_init__(self) -> None:
        super().__post_init__()
        check_unused_choices(self)

    @classmethod
    def load(cls, name: str | Path) -> Space:
        """Return a space of the catalog, or one from a YAML or JSON file.

        Raises:
            SpaceError: If there is no such name or file, it does not follow the language, or it is a network.
        """
        document = find_document(name)
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
