"""The rule on context: what is averaged over the map has seen the input as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod

from archscape.spaces.graph import FREE, Shape, Totals
from archscape.spaces.operators import Conv, GlobalAvgPool, GlobalMaxPool
from archscape.spaces.values import shape_text

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total


def _small_fields(dataflow: Dataflow) -> Iterator[Hit]:
    for index, node in enumerate(dataflow.nodes):
        last = isinstance(node.op, GlobalAvgPool | GlobalMaxPool) and not any(
            prod(dataflow.nodes[i].shape[1:]) > 1 for i in dataflow.following(index)
        )
        if not last or node.inputs[0] == 0:
            continue
        field = dataflow.fields[node.inputs[0] - 1]
        extent = dataflow.flat.input[1:]
        share = min(size / n for size, n in zip(field.size, extent, strict=True))
        if share < 1:
            steps = zip(field.size, field.jump, extent, strict=True)
            more = max([ceil((n - size) / (2 * jump)) for size, jump, n in steps if jump])
            shape = _last_window(dataflow, index)
            yield Hit(
                index=index,
                measured=f"each position has seen {shape_text(field.size)} of {shape_text(extent)}",
                value=share,
                alternative=f"{more} more convolution{'s' * (more > 1)} of kernel 3 and {shape[0]} channels",
                before=FREE,
                after=_more(shape, more),
            )


def _last_window(dataflow: Dataflow, index: int) -> Shape:
    """Return the output of the last convolution of more than one weight before a pooling; else its input."""
    for candidate in range(index - 1, -1, -1):
        op = dataflow.op(candidate)
        if isinstance(op, Conv) and max(op.kernel) > 1 and dataflow.reaches(candidate, index):
            return dataflow.nodes[candidate].shape
    return dataflow.flat.shape_of(dataflow.nodes[index].inputs[0])


def _more(shape: Shape, count: int) -> Totals:
    """Return the cost of so many convolutions of kernel 3 that keep a map's shape."""
    ones, threes = (1,) * (len(shape) - 1), (3,) * (len(shape) - 1)
    convolution = Conv(shape[0], shape[0], threes, ones, ones, ones, 1, False)
    return total([convolution.costs((shape,), shape)] * count)


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
