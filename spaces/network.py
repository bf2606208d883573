"""A network: a table of rows with nothing left open. A network that exists can be built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .blocks import Block
from .errors import InputError, ShapeError, SpaceError
from .graph import Body, Graph, Shape, Style, Totals, Trace
from .hashing.equivalence import graph_hash
from .language.document import Document, read_text
from .language.expressions import Expr, references
from .language.rows import (
    INPUT,
    NOTHING_LEFT,
    Call,
    Composed,
    Row,
    RowError,
    RowShapeError,
    check_size,
    lay,
    measure,
    row_references,
)
from .language.scope import Line, lines
from .language.uses import used_name, user_blocks
from .sampling.program import Program
from .values import Option

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Network:
    """A convolutional network as the table of its paper.

    Attributes:
        name: Letters, digits, `.`, `_`, `-`.
        input: Channels, then the extent of each spatial axis.
        layers: The rows.
        defaults: `norm`, `act`, `bias`, `init`, `last_norm` for all rows.
        let: Constants by name.
        blocks: New words; each stands for rows one after the other.
        outputs: Names of the rows that it returns; the last row's alone unless given.
        uses: Python files and modules whose blocks are words of the table, or such blocks themselves.
        alike: What tells networks apart: `graph`, what is computed, or `formula`, as NAS-Bench-201 has it.
        origin: The document it was read from, for messages.

    Raises:
        SpaceError: If a row does not follow the language.
        ShapeError: If the rows do not fit each other or the input.

    >>> rows = (Row("conv", width=4), Row("avgpool"), Row("linear", width=2))
    >>> net = Network(name="tiny", input=(1, 8, 8), layers=rows)
    >>> net.totals.params
    54
    """

    _: KW_ONLY
    name: str
    input: Shape
    layers: tuple[Row, ...]
    defaults: Mapping[str, Expr] = field(default_factory=dict)
    let: Mapping[str, Expr] = field(default_factory=dict)
    blocks: Mapping[str, Composed] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    uses: tuple[str | Block[Any], ...] = ()
    alike: str = "graph"
    origin: Document | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        from .language.compile import check_network

        for name in ("input", "layers", "outputs", "uses"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "users", user_blocks(self.origin, self.uses))
        program = check_network(self)
        try:
            object.__setattr__(self, "calls", tuple(program.draw(_closed).calls))
            object.__setattr__(self, "body", network_body(self.name, self.calls, self.input, self.outputs))
        except (RowShapeError, RowError) as error:
            raise placed(error, program, self.origin, f"network {self.name}") from None

    users: tuple[Block[Any], ...] = field(init=False, repr=False, compare=False)
    calls: tuple[Call, ...] = field(init=False, repr=False, compare=False)
    body: Body = field(init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash((self.name, self.input, self.layers, frozenset(self.defaults.items())))

    def __reduce__(self) -> tuple[object, ...]:
        given = {key: dict(getattr(self, key)) for key in ("defaults", "let", "blocks")}
        rest = {"outputs": self.outputs, "uses": tuple(map(used_name, self.uses)), "alike": self.alike}
        return _network, ({"name": self.name, "input": self.input, "layers": self.layers, **given, **rest},)

    def at(self, *, input: Shape | None = None, classes: int | None = None) -> Network:  # noqa: A002 - the language's word
        """Return the same rows on another input, or with another width of the linear layers that classify.

        These are the outputs: the last row, or those that `outputs` names and that are as wide as the first.

        Raises:
            ShapeError: If the rows do not fit the input.
            SpaceError: If the first output is no linear layer and classes are given.
        """
        layers = self.layers
        if classes is not None:
            heads = [line for line in self._outputs() if line.row.word == "linear"]
            if not heads or heads[0] != self._outputs()[0]:
                raise SpaceError(
                    f"network {self.name} does not end in `linear`, so its classes cannot be set"
                )
            width = heads[0].row.args["width"]
            changed = {line.place[1] for line in heads if line.row.args["width"] == width}
            layers = tuple(
                Row("linear", **{**row.args, "width": classes}) if index in changed else row
                for index, row in enumerate(layers)
            )
        return replace(self, input=input or self.input, layers=layers, let=self.constants(layers))

    def constants(self, layers: tuple[Row, ...]) -> dict[str, Expr]:
        """Return the constants that rows use."""
        todo = {name for row in layers for name in row_references(row)}
        todo |= {name for value in self.defaults.values() for name in references(value)}
        used: set[str] = set()
        while todo:
            name = todo.pop()
            if name in self.let and name not in used:
                used.add(name)
                todo |= set(references(self.let[name]))
        return {name: value for name, value in self.let.items() if name in used}

    def _outputs(self) -> list[Line]:
        """Return the lines of the rows that the network returns, those within other rows left out."""
        found = lines(Document(tree=None), self.layers, ("layers",))
        whole = [line for line in found if len(line.place) == 2]
        by_name = {line.name: line for line in whole}
        return [by_name[name] for name in self.outputs if name in by_name] if self.outputs else whole[-1:]

    @property
    def graph(self) -> Graph:
        """The lowered network."""
        return Graph(self.name, self.body)

    @property
    def totals(self) -> Totals:
        """Costs from remembered bodies."""
        return measure(self.calls, self.input)

    def hash(self) -> str:
        """Return sixteen hexadecimal digits; networks whose simplified graphs are the same share them."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        return graph_hash(self.graph, self.alike)

    @classmethod
    def from_yaml(cls, text: str, *, name: str = "<text>") -> Network:
        """Read a network from YAML or JSON text."""
        from .language.reading import read_network

        return read_network(read_text(text, name=name))

    from_json = from_yaml

    def to_yaml(self) -> str:
        """Return the table as YAML."""
        from .language.writing import to_yaml

        return to_yaml(self)

    def to_json(self) -> str:
        """Return the table as one line of JSON."""
        from .language.writing import to_json

        return to_json(self)

    def build(self) -> nn.Module:
        """Return the PyTorch module: the compiled form of `archscape export --format source`."""
        from .codegen.build import build

        return build(self)


def _network(given: dict[str, Any]) -> Network:
    return Network(**given)


def _closed(path: str, options: object) -> Option:
    raise AssertionError(f"a network asked for {path}")


def network_body(name: str, calls: Sequence[Call], shape: Shape, outputs: tuple[str, ...]) -> Body:
    """Return the body of a whole network: a node a row, or the operators of a row with at most one module.

    Raises:
        RowShapeError: If a row does not fit the maps it reads.
    """
    trace = Trace((shape,), Style())
    values = lay(calls, {INPUT: trace.arguments()[0]})
    if not trace.nodes:
        raise RowShapeError(NOTHING_LEFT, 0)
    results = tuple([values[output].index for output in outputs or ("",)])
    body = Body(name, (), "", (shape,), tuple(trace.nodes), tuple(trace.costs), results)
    if any(call.block.composed for call in calls):
        check_size(body)
    return body


def placed(
    error: RowShapeError | RowError, program: Program, origin: Document | None, name: str
) -> InputError:
    """Return the error of a row with its place in the document."""
    document = origin or Document(tree=None, name=name)
    if isinstance(error, RowError):
        user = None if error.user is None else document.line(program.rows[error.user].place)
        law = f"{error}; used in line {user}" if user else str(error)
        return document.error(error.place, law, at_key=error.at_key)
    return document.error(program.rows[error.row].place, str(error), kind=ShapeError)
