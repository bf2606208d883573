"""The rule on context: what is averaged over the map has seen the input as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import NamedTuple

from archscape.spaces.graph import FREE, Shape, Totals
from archscape.spaces.operators import Conv, GlobalAvgPool, GlobalMaxPool
from archscape.spaces.values import shape_text

from ..costs.receptive_field import Field
from .dataflow import Dataflow
from .finding import Hit, Rule, Severity


def _small_fields(dataflow: Dataflow) -> Iterator[Hit]:
    before_a_map = dataflow.behind(lambda index: prod(dataflow.nodes[index].shape[1:]) > 1)
    for index, node in enumerate(dataflow.nodes):
        pools = isinstance(node.op, GlobalAvgPool | GlobalMaxPool)
        if not pools or before_a_map[index] or node.inputs[0] < dataflow.flat.start:
            continue
        seen = dataflow.fields[node.inputs[0] - dataflow.flat.start]
        shares = [_Seen.of(dataflow, at, field) for at, field in enumerate(seen) if field.size]
        least = min(shares, default=None)
        if least is not None and least.share < 1:
            shape = _last_window(dataflow, index)
            more = least.more
            yield Hit(
                index=index,
                measured=least.text,
                value=least.share,
                alternative=f"{more} more convolution{'s' * (more > 1)} of kernel 3 and {shape[0]} channels",
                before=FREE,
                after=_more(shape, more),
            )


class _Seen(NamedTuple):
    """How much of an input each position of a map has seen.

    Attributes:
        share: The share along the axis of which it has seen least.
        text: The same in words.
        more: Convolutions of kernel 3 that would see all.
    """

    share: float
    text: str
    more: int

    @classmethod
    def of(cls, dataflow: Dataflow, at: int, field: Field) -> _Seen:
        """Return what a field is of the input at a place."""
        extent = dataflow.flat.inputs[at][1:]
        of_which = f" of '{[*dataflow.network.inputs][at]}'" if dataflow.flat.start > 1 else ""
        steps = zip(field.size, field.jump, extent, strict=True)
        return cls(
            min(size / n for size, n in zip(field.size, extent, strict=True)),
            f"each position has seen {shape_text(field.size)} of {shape_text(extent)}{of_which}",
            max([ceil((n - size) / (2 * jump)) for size, jump, n in steps if jump], default=0),
        )


def _last_window(dataflow: Dataflow, index: int) -> Shape:
    """Return the output of the last convolution of more than one weight before a pooling; else its input."""
    for earlier in dataflow.before(index):
        op = dataflow.op(earlier)
        if isinstance(op, Conv) and max(op.kernel) > 1:
            return dataflow.nodes[earlier].shape
    return dataflow.flat.shape_of(dataflow.nodes[index].inputs[0])


def _more(shape: Shape, count: int) -> Totals:
    """Return the cost of so many convolutions of kernel 3 that keep a map's shape."""
    ones, threes = (1,) * (len(shape) - 1), (3,) * (len(shape) - 1)
    convolution = Conv(shape[0], shape[0], threes, ones, ones, ones, 1, False)
    return Totals(*[count * cost for cost in convolution.costs((shape,), shape)])


RULES = (
    Rule(
        name="small-field",
        law="before a global pooling the receptive field is at least the input",
        reason="pooling only averages what each position has found by itself; a relation between parts "
        "further apart than the field is never seen. Layers that read a whole map, as gates and "
        "flattened heads do, count",
        source="Araujo et al. 2019, Computing receptive fields of convolutional neural networks",
        threshold=1.0,
        severity=Severity.note,
        check=_small_fields,
    ),
)
