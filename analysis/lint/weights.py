"""Rules on weights: those that do nothing, and where most of them lie."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from archscape.spaces.graph import Totals
from archscape.spaces.operators import BatchNorm, Conv, Flatten, InstanceNorm, Linear, Reshape
from archscape.spaces.values import shape_text

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total

MOST = 0.5


def _idle_biases(dataflow: Dataflow) -> Iterator[Hit]:
    for index in dataflow.weighted():
        op, node, readers = dataflow.op(index), dataflow.nodes[index], dataflow.readers_of(index)
        normed = [r for r in readers if isinstance(dataflow.op(r), BatchNorm | InstanceNorm)]
        alone = len(normed) == len(readers) > 0 and not dataflow.is_output(index)
        if not getattr(op, "bias", False) or not alone:
            continue
        without = op._replace(bias=False)
        yield Hit(
            index=index,
            measured=f"{node.shape[0]} biases before {dataflow.nodes[normed[0]].name}",
            value=node.shape[0],
            alternative="bias: false; computes the same",
            after=without.costs(dataflow.flat.shapes(node), node.shape),
        )


def _heavy_heads(dataflow: Dataflow) -> Iterator[Hit]:
    decodes = dataflow.behind(lambda index: isinstance(dataflow.op(index), Reshape))
    for index, node in enumerate(dataflow.nodes):
        channels, *extent = dataflow.flat.shape_of(node.inputs[0])
        if not isinstance(node.op, Flatten) or prod(extent) <= 1 or decodes[index]:
            continue
        head = [i for i in dataflow.following(index) if isinstance(dataflow.op(i), Linear)]
        if not head:
            continue
        before = total([dataflow.costs(i) for i in head])
        share = before.params / dataflow.network.totals.params
        if share > MOST:
            made = dataflow.nodes[head[-1]].shape
            alone = Linear(channels, made[0], True)
            yield Hit(
                index=head[0],
                measured=f"linear layers hold {before.params:,} of {dataflow.network.totals.params:,} params "
                f"({share:.0%})",
                value=share,
                alternative=f"global average pooling of the {shape_text(tuple(extent))} map and one linear "
                "layer, where the answer does not depend on place",
                before=before,
                after=alone.costs(((channels,),), made),
            )


def _linear_chains(dataflow: Dataflow) -> Iterator[Hit]:
    for index in dataflow.weighted():
        following = dataflow.next_weighted(index)
        if following is None:
            continue
        merged = _merged(dataflow, index, following)
        before = total([dataflow.costs(index), dataflow.costs(following)])
        if merged is None or merged.params >= before.params or merged.macs > before.macs:
            continue
        yield Hit(
            index=following,
            measured=f"no activation between {dataflow.nodes[index].name} and this",
            value=1 - merged.params / before.params,
            alternative="one layer in place of both, or an activation between them",
            before=before,
            after=merged,
        )


def _merged(dataflow: Dataflow, index: int, following: int) -> Totals | None:
    """Return the cost of the one layer that two in a row are, but at the border; None where there is none."""
    first, second = dataflow.op(index), dataflow.op(following)
    made = dataflow.nodes[following].shape
    shapes = dataflow.flat.shapes(dataflow.nodes[index])
    if isinstance(first, Linear) and isinstance(second, Linear):
        return Linear(first.inputs, second.outputs, first.bias or second.bias).costs(shapes, made)
    if not (type(first) is type(second) is Conv):
        return None
    assert isinstance(first, Conv)
    assert isinstance(second, Conv)
    if {first.groups, second.groups, *first.stride, *first.dilation, *second.dilation} != {1}:
        return None
    kernel = tuple([a + b - 1 for a, b in zip(first.kernel, second.kernel, strict=True)])
    bias = first.bias or second.bias
    return second._replace(inputs=first.inputs, kernel=kernel, bias=bias).costs(shapes, made)


RULES = (
    Rule(
        name="bias-before-norm",
        law="a layer that batch or instance norm alone reads has no bias",
        reason="the norm takes the mean away, and the bias with it; it has a shift of its own",
        source="Ioffe and Szegedy 2015",
        threshold=0,
        severity=Severity.warning,
        check=_idle_biases,
    ),
    Rule(
        name="heavy-head",
        law="linear layers on a flattened map hold at most half of the parameters",
        reason="they give every position weights of its own, and overfit first; global average pooling "
        "has none. Heads of decoders are left out",
        source="Lin et al. 2014, Network in network",
        threshold=MOST,
        severity=Severity.note,
        check=_heavy_heads,
    ),
    Rule(
        name="linear-chain",
        law="an activation stands between two dense layers, unless one layer in their place has as "
        "many parameters",
        reason="linear after linear is linear: one layer computes what both do, for less. A narrow map "
        "between them is a factorisation, which saves, and is left out",
        source="Goodfellow et al. 2016, Deep learning; factorisation: Sandler et al. 2018",
        threshold=0.0,
        severity=Severity.warning,
        check=_linear_chains,
    ),
)
