"""Folding: batch norms become part of the layers before them, which changes no value and costs less.

At inference a batch norm is y = s (x - mean) + beta per channel, with s = gamma / sqrt(var + eps). Behind a
convolution or a linear layer, W x + b, the two are one layer with the weights s W and the bias
s (b - mean) + beta (Jacob et al. 2018, section 3.2). The network that is left has a graph of its own, hence a
source of its own that loads the folded state dict; its table stays as it is.

A norm stays where something else stands before it, in its block or as the block's input, where another step
reads its layer too, and where weights are shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, NamedTuple

from ..graph import Body, Definition, Node, Op, Shape, Totals
from ..language.closed_table import ClosedTable
from ..operators import BatchNorm, Conv, Linear
from ..operators.deformable import DeformConv, ModulatedDeformConv
from ..operators.masked import MaskedConvA, MaskedConvB
from ..operators.transposed import TransposedConv
from ..values import Value

LAYERS: Mapping[type[Op], str] = {
    Conv: "",
    Linear: "",
    TransposedConv: "",
    MaskedConvA: ".conv",
    MaskedConvB: ".conv",
    DeformConv: ".conv",
    ModulatedDeformConv: ".conv",
}
"""Operators of which each output has weights, and a bias, of its own; the part of its module with these."""


class Folding(NamedTuple):
    """A batch norm that is folded.

    Attributes:
        layer: Full name of the module whose weights take it up.
        norm: Its own.
        op: The layer as it was.
        eps: What the norm adds to a variance.
    """

    layer: str
    norm: str
    op: Op
    eps: float


class Unfolded(NamedTuple):
    """A batch norm that stays.

    Attributes:
        norm: Its full name.
        reason: Why.
    """

    norm: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldedNetwork(ClosedTable):
    """A network whose batch norms are folded: the table of the network, and a body of fewer steps."""

    word: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "body", folded_body(self.body))

    @property
    def totals(self) -> Totals:
        """Costs of the body; what the rows come down to has the norms still."""
        return self.body.totals


def folded(network: ClosedTable) -> FoldedNetwork:
    """Return a network with its batch norms folded into the layers before them."""
    return FoldedNetwork(**{each.name: getattr(network, each.name) for each in fields(network) if each.init})


def foldings(body: Body, prefix: str = "") -> Iterator[Folding]:
    """Yield the norms of a network that are folded, those of shared weights once."""
    for node, decided in zip(body.nodes, _decide(body), strict=True):
        if isinstance(node.op, Body) and not node.like:
            yield from foldings(node.op, f"{prefix}{node.name}.")
        elif isinstance(decided, Node) and isinstance(node.op, BatchNorm) and isinstance(decided.op, Op):
            layer = f"{prefix}{decided.name}{LAYERS[type(decided.op)]}"
            yield Folding(layer, f"{prefix}{node.name}", decided.op, float(node.op.eps))


def unfolded(body: Body, prefix: str = "") -> Iterator[Unfolded]:
    """Yield the batch norms of a network that stay, with the reasons."""
    for node, decided in zip(body.nodes, _decide(body), strict=True):
        if isinstance(node.op, Body) and not node.like:
            yield from unfolded(node.op, f"{prefix}{node.name}.")
        elif isinstance(decided, str):
            yield Unfolded(f"{prefix}{node.name}", decided)


def fold_text(network: ClosedTable) -> str:
    """Return in a line how many batch norms of a network are folded, and which stay and why.

    >>> from archscape.spaces import load_network
    >>> print(fold_text(load_network("amoebanet-a")))
    207 batch norms folded; 2 stay (behind Concat): normal2.0.h1.norm, ...
    """
    reasons: dict[str, list[str]] = {}
    for norm, reason in unfolded(network.body):
        reasons.setdefault(reason, []).append(norm)
    staying = [
        f"{len(norms)} stay{'s' * (len(norms) == 1)} ({reason}): {norms[0]}{', ...' * (len(norms) > 1)}"
        for reason, norms in reasons.items()
    ]
    count = sum(1 for _ in foldings(network.body))
    return "; ".join([f"{count} batch norm{'s' * (count != 1)} folded", *staying])


def _decide(body: Body) -> list[Node | str | None]:
    """Return the layer that takes up each batch norm of a body, or why none does; None for other nodes."""
    count = len(body.inputs)
    readers = Counter([*body.outputs, *(value for node in body.nodes for value in node.inputs)])
    sharing = {name for node in body.nodes if node.like for name in (node.name, node.like)}

    def decide(node: Node) -> Node | str | None:
        if not isinstance(node.op, BatchNorm):
            return None
        if node.inputs[0] < count:
            return "first in its block"
        layer = body.nodes[node.inputs[0] - count]
        if isinstance(layer.op, Body) or type(layer.op) not in LAYERS:
            return f"behind {_called(layer.op)}"
        if readers[node.inputs[0]] > 1:
            return f"{layer.name} is read without it"
        if sharing & {node.name, layer.name}:
            return f"weights are shared with {layer.name} or it"
        return layer

    return [decide(node) for node in body.nodes]


def _called(op: Op | Body) -> str:
    """Return what an operator or a block is called in a reason."""
    if isinstance(op, Body):
        return f"the block {op.word}" if op.word else "a list of blocks"
    return type(op).__name__


class _FoldedDefinition(NamedTuple):
    """A block whose body is folded, whatever its arguments."""

    definition: Definition

    @property
    def defaults(self) -> Mapping[str, Value]:
        """What its arguments are where nothing else is given."""
        return self.definition.defaults

    def trace(self, inputs: tuple[Shape, ...], args: tuple[tuple[str, Value], ...]) -> Body:
        """Return the folded body on other inputs or with other arguments."""
        return folded_body(self.definition.trace(inputs, args))


def folded_body(body: Body) -> Body:
    """Return a body with the batch norms folded in it and in the blocks that it calls."""
    return _folded_body(body, {})


def _folded_body(body: Body, known: dict[int, Body]) -> Body:
    """Fold a body, or return what became of it: equal blocks stay one body."""
    if id(body) in known:
        return known[id(body)]
    decided = _decide(body)
    layers = {layer.name for layer in decided if isinstance(layer, Node)}
    values = list(range(len(body.inputs)))
    nodes: list[Node] = []
    costs: list[Totals] = []
    for node, layer, cost in zip(body.nodes, decided, body.costs, strict=True):
        inputs = tuple([values[value] for value in node.inputs])
        if isinstance(layer, Node):
            values.append(inputs[0])
            continue
        op, totals = node.op, cost
        if isinstance(op, Body):
            op = _folded_body(op, known)
            totals = op.totals._replace(params=0) if node.like else op.totals
        elif node.name in layers:
            op = op._replace(bias=True)
            totals = op.costs(tuple(map(body.shape_of, node.inputs)), node.shape)
        values.append(len(body.inputs) + len(nodes))
        nodes.append(node._replace(op=op, inputs=inputs))
        costs.append(totals)
    known[id(body)] = replace(
        body,
        doc=_folded_doc(body.doc) if layers else body.doc,
        nodes=tuple(nodes),
        costs=tuple(costs),
        outputs=tuple([values[value] for value in body.outputs]),
        definition=None if body.definition is None else _FoldedDefinition(body.definition),
    )
    return known[id(body)]


def _folded_doc(doc: str) -> str:
    """Return the formula of a block, which names its norms, with where they are."""
    formula, *rest = doc.split("\n\n")
    return "\n\n".join([f"{formula}\nBatch norms are folded into the layers before them.", *rest])
