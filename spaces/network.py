"""A network: a table of rows with nothing left open. A network that exists can be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from .canonical import canonical_hash
from .document import Document, read_text
from .errors import ShapeError, SpaceError
from .expressions import Expr
from .graph import Body, Graph, Node, Op, Shape, Totals
from .rows import Call, Row, RowShapeError, bodies, measure

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Network:
    """A convolutional network as the table of its paper.

    Attributes:
        name: Letters, digits, `.`, `_`, `-`.
        input: Channels, then the extent of each spatial axis.
        layers: The rows.
        defaults: `norm`, `act`, `bias` for all rows.
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
    origin: Document | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        from .declare import check_network

        object.__setattr__(self, "input", tuple(self.input))
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "calls", check_network(self))
        try:
            object.__setattr__(self, "body", network_body(self.name, self.calls, self.input))
        except RowShapeError as error:
            document = self.origin or Document(tree=None, name=f"network {self.name}")
            raise document.error(("layers", error.row), str(error), kind=ShapeError) from None

    calls: tuple[Call, ...] = field(init=False, repr=False, compare=False)
    body: Body = field(init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash((self.name, self.input, self.layers, frozenset(self.defaults.items())))

    def __reduce__(self) -> tuple[object, ...]:
        return _network, (self.name, self.input, self.layers, dict(self.defaults))

    def at(self, *, input: Shape | None = None, classes: int | None = None) -> Network:  # noqa: A002 - the language's word
        """Return the same rows on another input, or with another width of the last linear layer.

        Raises:
            ShapeError: If the rows do not fit the input.
            SpaceError: If the last row is not `linear` and classes are given.
        """
        layers = self.layers
        if classes is not None:
            if layers[-1].word != "linear":
                raise SpaceError(
                    f"network {self.name} does not end in `linear`, so its classes cannot be set"
                )
            layers = (*layers[:-1], Row("linear", **{**layers[-1].args, "width": classes}))
        return replace(self, input=input or self.input, layers=layers)

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
        return canonical_hash(self.graph)

    @classmethod
    def from_yaml(cls, text: str, *, name: str = "<text>") -> Network:
        """Read a network from YAML or JSON text."""
        from .language import read_network

        return read_network(read_text(text, name=name))

    from_json = from_yaml

    def to_yaml(self) -> str:
        """Return the table as YAML."""
        from .writing import to_yaml

        return to_yaml(self)

    def to_json(self) -> str:
        """Return the table as one line of JSON."""
        from .writing import to_json

        return to_json(self)

    def build(self) -> nn.Module:
        """Return the PyTorch module: the compiled form of `archscape export --format source`."""
        from .build import build

        return build(self)


def _network(name: str, shape: Shape, layers: tuple[Row, ...], defaults: dict[str, Expr]) -> Network:
    return Network(name=name, input=shape, layers=layers, defaults=defaults)


def network_body(name: str, calls: tuple[Call, ...], shape: Shape) -> Body:
    """Return the body of a whole network: a node a row, or the operators of a row with at most one module."""
    nodes: list[Node] = []
    costs: list[Totals] = []
    value = 0
    for call, body in bodies(calls, shape):
        if _spliced(body):
            value = _splice(nodes, call.name, body, value)
            costs += body.costs
        else:
            nodes.append(Node(body, (value,), body.shape, call.name))
            costs.append(body.totals)
            value = len(nodes)
    return Body(name, (), "", (shape,), tuple(nodes), tuple(costs), (value,))


def _spliced(body: Body) -> bool:
    """Tell whether a body is a plain chain with at most one module: it needs no class of its own."""
    modules = 0
    for index, node in enumerate(body.nodes):
        if isinstance(node.op, Body) or node.inputs != (index,):
            return False
        modules += node.op.stateful
    return modules <= 1 and body.outputs == (len(body.nodes),)


def _splice(nodes: list[Node], name: str, body: Body, value: int) -> int:
    for index, node in enumerate(body.nodes):
        assert isinstance(node.op, Op)
        plain = node.op.stateful or (len(body.nodes) == 1 and index == 0)
        nodes.append(Node(node.op, (value,), node.shape, name if plain else f"{name}_{node.op.kind}"))
        value = len(nodes)
    return value
