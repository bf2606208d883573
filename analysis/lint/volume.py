"""Rules on the flow of data: how fast its volume falls, and how width answers to down-sampling."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil, prod
from typing import NamedTuple

from archscape.spaces.graph import Totals
from archscape.spaces.operators import Conv
from archscape.spaces.values import shape_text

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total

FALL = 4.0  # a stride of 2 along two axes, channels kept; along three axes it is 8
WIDE = 512  # where VGG-16, the origin of the rule, stops to grow


def _bottlenecks(dataflow: Dataflow) -> Iterator[Hit]:
    classes = {dataflow.flat.shape_of(value)[0] for value in dataflow.flat.outputs}
    # Gates read vectors, and auxiliary classifiers are a way out of the trunk.
    result = dataflow.flat.output - dataflow.flat.start
    trunk = dataflow.behind(lambda index: index == result)
    convs = [
        conv
        for conv in dataflow.weighted()
        if prod(dataflow.nodes[conv].shape[1:]) > 1 and (trunk[conv] or conv == result)
    ]
    before_weights = dataflow.behind(lambda index: dataflow.op(index).weighted)
    for last, index in pairwise([None, *convs]):
        assert index is not None
        before, after = _volume_after(dataflow, last, index), dataflow.alive[index]
        op, (width, *extent) = dataflow.op(index), dataflow.nodes[index].shape
        limit = max(FALL, 2.0 ** len(extent))
        # A vector is where a decision begins, a map of the classes where it has been taken.
        if before <= limit * after or width in classes or not isinstance(op, Conv):
            continue
        # What stays linear keeps all that a map of low rank holds (Sandler et al. 2018).
        if not dataflow.is_nonlinear(index) or not before_weights[index]:
            continue
        wider = width + ceil((before / limit - after) / prod(extent) / op.groups) * op.groups
        made = (wider, *extent)
        shapes = dataflow.flat.shapes(dataflow.nodes[index])
        yield Hit(
            index=index,
            measured=f"{before:,} elements to {after:,} ({shape_text(dataflow.nodes[index].shape)}), "
            f"{before / after:.3g} times fewer",
            value=before / after,
            alternative=f"a bypass around it, or {wider} channels in place of {width}",
            after=op._replace(outputs=wider).costs(shapes, made),
        )


def _volume_after(dataflow: Dataflow, last: int | None, index: int) -> int:
    """Return what is alive between two convolutions where it is least, before anything is pooled."""
    if last is None:
        return sum(map(prod, dataflow.flat.inputs))
    extent = dataflow.nodes[last].shape[1:]
    between = [place for place in range(last, index) if dataflow.nodes[place].shape[1:] == extent]
    return min(dataflow.alive[place] for place in between)


class _Stage(NamedTuple):
    """What stands between two down-samplings: its width where it is least, its convolutions."""

    width: int
    places: list[int]


def _flat_widths(dataflow: Dataflow) -> Iterator[Hit]:
    if dataflow.enlarges:
        return  # an encoder of a code is meant to lose volume
    stages = _stages(dataflow)
    for first, second, third in zip(stages, stages[1:], stages[2:], strict=False):
        if third.width <= second.width <= first.width < WIDE:
            width = first.width
            convs = [place for place in third.places if isinstance(dataflow.op(place), Conv)]
            yield Hit(
                index=third.places[0],
                measured=f"{first.width}, {second.width}, {third.width} channels through two down-samplings",
                value=third.width / first.width,
                alternative=f"twice the channels after each: {width}, {2 * width}, {4 * width}",
                before=total([dataflow.costs(place) for place in convs]),
                after=_scaled(dataflow, convs, 4 * first.width / third.width),
            )
            return


def _stages(dataflow: Dataflow) -> list[_Stage]:
    """Return the stages of the trunk, as far as it is made of maps; one without a convolution is none."""
    by_jump: dict[object, _Stage] = {}
    classes = {dataflow.flat.shape_of(value)[0] for value in dataflow.flat.outputs}
    pending: list[int] = []
    for index, node in enumerate(dataflow.nodes):
        pending += [index] if dataflow.op(index).weighted else []
        if not dataflow.single(index) or prod(node.shape[1:]) <= 1 or not pending:
            continue
        if node.shape[0] in classes:
            continue
        # What is expanded before it is down-sampled is no width of a stage.
        jumps = tuple([field.jump for field in dataflow.fields[index]])
        stage = by_jump.get(jumps, _Stage(node.shape[0], []))
        stage.places.extend(pending)
        by_jump[jumps] = _Stage(min(stage.width, node.shape[0]), stage.places)
        pending = []
    return list(by_jump.values())


def _scaled(dataflow: Dataflow, places: list[int], factor: float) -> Totals:
    """Return the cost of convolutions with so many times the channels, in and out."""
    parts = []
    for place in places:
        op, node = dataflow.op(place), dataflow.nodes[place]
        assert isinstance(op, Conv)
        groups = round(op.groups * factor) if op.groups == op.inputs else op.groups
        wide = op._replace(
            inputs=round(op.inputs * factor), outputs=round(op.outputs * factor), groups=groups
        )
        made = (wide.outputs, *node.shape[1:])
        parts.append(wide.costs(dataflow.flat.shapes(node), made))
    return total(parts)


RULES = (
    Rule(
        name="tight-bottleneck",
        law="between two convolutions the data volume HxWxC falls at most 4 times (2 per axis in "
        "3-D), all that is alive counted",
        reason="what a cut through the network does not hold is lost to all that follows; the volume "
        "should fall gently. What flows around, as through a shortcut, counts; layers without "
        "activation, vectors and maps of classes are left out",
        source="Szegedy et al. 2016, Rethinking the Inception architecture, first principle; bypasses: "
        "Iandola et al. 2016, SqueezeNet",
        threshold=FALL,
        severity=Severity.note,
        check=_bottlenecks,
    ),
    Rule(
        name="flat-width",
        law="width grows within any two down-samplings, until it is 512",
        reason="where a map's sides are halved, twice the channels keep the cost of a layer; without "
        "growth most is spent on the first stage, and the last ones are narrow",
        source="Simonyan and Zisserman 2015; He et al. 2016",
        threshold=1.0,
        severity=Severity.note,
        check=_flat_widths,
    ),
)
