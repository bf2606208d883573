"""A closed table: nothing is left open, so it is lowered to a graph, with its costs and its hash."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ..graph import Body, Graph, Totals
from ..hashing import graph_hash
from ..values import Option
from .calls import Call, measure
from .compile import compile_closed
from .table import Table


@dataclass(frozen=True, kw_only=True, eq=False)
class ClosedTable(Table):
    """A table with nothing left open.

    Attributes:
        calls: The blocks that its rows come down to.
        body: The graph of these.

    Raises:
        SpaceError: If a row does not follow the language.
        ShapeError: If the rows do not fit each other or the input.
    """

    calls: tuple[Call, ...] = field(init=False, repr=False)
    body: Body = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        program = compile_closed(self)
        calls = tuple(program.draw(_nothing_open).calls)
        object.__setattr__(self, "calls", calls)
        object.__setattr__(self, "body", program.lower(self, calls))

    @property
    def graph(self) -> Graph:
        """The lowered network."""
        return Graph(self.name, self.body)

    @property
    def totals(self) -> Totals:
        """Costs from remembered bodies."""
        return measure(self.calls, self.inputs)

    def hash(self) -> str:
        """Return sixteen hexadecimal digits; networks whose simplified graphs are the same share them."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        return graph_hash(self.graph, self.alike)


def _nothing_open(path: str, options: object) -> Option:
    raise AssertionError(f"a closed table asked for {path}")
