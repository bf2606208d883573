"""Attention over the positions of a map."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Totals, Workload, join, make
from ..memory_use import Footprint, Size
from ..values import shape_text

__all__ = ["Attention", "ContextPool", "attend", "context_pool"]

SOFTMAX = 3
"""An exponential, an addition and a division for each weight."""


class Attention(Op):
    """softmax(q k^T / sqrt(d)) v over all positions, head by head (Vaswani et al. 2017, eq. 1).

    Its inputs are queries and keys of one width, and values. Unscaled, it is the embedded Gaussian of Wang
    et al. 2018, eq. 3.
    """

    heads: int
    scaled: bool
    kind: ClassVar[str] = "attend"
    helper: ClassVar[str] = "attend"
    workload: ClassVar[Workload] = "products"
    example: ClassVar[Example] = Example((2, True), ((8, 6, 4), (8, 6, 4), (4, 6, 4)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the width of the values and the extent of the queries.

        Raises:
            ShapeError: If the maps do not fit each other, or the heads do not divide their widths.
        """
        query, key, value = inputs
        if query[0] != key[0] or key[1:] != value[1:]:
            shapes = ", ".join(map(shape_text, inputs))
            raise ShapeError(f"queries, keys and values do not fit each other: {shapes}")
        if query[0] % self.heads or value[0] % self.heads:
            raise ShapeError(f"{self.heads} heads must divide the widths {query[0]} and {value[0]}")
        return value[0], *query[1:]

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return the two products as macs; for each weight its scale and its part of the softmax."""
        query, key, value = inputs
        pairs = prod(query[1:]) * prod(key[1:])
        other = pairs * self.heads * (SOFTMAX + self.scaled)
        return make(Totals, (0, pairs * (query[0] + value[0]), other, 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the values, scaled queries and keys, and the weights of all pairs.

        The rows of queries are not contiguous here, so that PyTorch takes none of its fused kernels.
        """
        query, key, value = map(prod, inputs)
        written = prod(output)
        pairs = self.heads * prod(inputs[0][1:]) * prod(inputs[1][1:])
        laid_out = written if self.heads > 1 else 0
        if training:
            during, backward = max(pairs - written, laid_out), 2 * pairs - query - key - value - written
            keeps = Size(query + key + pairs)
            return Footprint(saves=(2,), keeps=keeps, during=Size(during), backward=Size(max(backward, 0)))
        most = max(query + 2 * pairs - written, query + key + pairs - written, query + pairs, laid_out)
        return Footprint(during=Size(most))

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        """Return the whole map."""
        return inputs[1][1:], (1,) * (len(inputs[0]) - 1)

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `attend(query, key, value, heads=4)`."""
        scale = "" if self.scaled else ", scale=1.0"
        return f"attend({', '.join(arguments)}, heads={values['heads']}{scale})"


class ContextPool(Op):
    """The mean of a map over its positions, weighted by a softmax of logits (Cao et al. 2019, eq. 6).

    Its inputs are the map, and a map of one channel with the logits.
    """

    kind: ClassVar[str] = "pool"
    helper: ClassVar[str] = "context_pool"
    whole: ClassVar[bool] = True
    text: ClassVar[str] = "context_pool({0}, {1}, axes={rank})"
    example: ClassVar[Example] = Example((), ((8, 6, 4), (1, 6, 4)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C, 1, ...)."""
        x, logits = inputs
        if logits != (1, *x[1:]):
            shapes = " and ".join(map(shape_text, inputs))
            raise ShapeError(f"a map is weighted by a map of one channel, but got {shapes}")
        return x[0], *(1,) * (len(x) - 1)

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return a mac per element of the map, and the softmax of the positions."""
        return make(Totals, (0, prod(inputs[0]), SOFTMAX * prod(inputs[1]), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the map and the weights of its positions."""
        weights = Size(prod(inputs[1]))
        return Footprint(saves=(0,), keeps=weights) if training else Footprint(during=weights)


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int = 1, scaled: bool = True) -> Tensor:
    """Place an attention of every position of the queries to every position of the keys."""
    return join(Attention(heads=heads, scaled=scaled), (query, key, value))


def context_pool(x: Tensor, logits: Tensor, *, scope: str = "") -> Tensor:
    """Place a weighted mean over the positions."""
    return join(ContextPool(), (x, logits), scope)
