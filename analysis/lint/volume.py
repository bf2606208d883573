"""Rules on the flow of data: how fast its volume falls, and how width answers to down-sampling."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil, prod
from typing import NamedTuple

from archscape.spaces.operators import Conv
from archscape.spaces.values import shape_text

from .dataflow import Dataflow
from .finding import Cost, Hit, Rule, Severity

FALL = 4.0  # a stride of 2 along two axes, channels kept; along three axes it is 8
WIDE = 512  # where VGG-16, the origin of the rule, stops to grow


def _bottlenecks(wiring: Dataflow) -> Iterator[Hit]:
    classes = {wiring.flat.shape_of(value)[0] for value in wiring.flat.outputs}
    # Gates read vectors, and auxiliary classifiers are a way out of the trunk.
    places = [
        place
        for place in wiring.weighted()
        if prod(wiring.nodes[place].shape[1:]) > 1 and wiring.reaches(place, wiring.flat.output - 1)
    ]
    for last, index in pairwise([None, *places]):
        assert index is not None
        before, after = _volume_after(wiring, last, index), wiring.alive[index]
        op, (width, *extent) = wiring.op(index), wiring.nodes[index].shape
        limit = max(FALL, 2.0 ** len(extent))
        # A vector is where a decision begins, a map of the classes where it has been taken.
        if before <= limit * after or width in classes or not isinstance(op, Conv):
            continue
        # What is not bent keeps all that a map of low rank holds (Sandler et al. 2018).
        if not wiring.bent(index) or not any(wiring.op(i).weighted for i in wiring.following(index)):
            continue
        wider = width + ceil((before / limit - after) / prod(extent) / op.groups) * op.groups
        made = (wider, *extent)
        given = wiring.flat.shapes(wiring.nodes[index])
        yield Hit(
            index=index,
            measured=f"{before:,} elements to {after:,} ({shape_text(wiring.nodes[index].shape)}), "
            f"{before / after:.3g} times fewer",
            value=before / after,
            alternative=f"a bypass around it, or {wider} channels in place of {width}",
            before=Cost.of(wiring.costs(index)),
            after=Cost.of(op._replace(outputs=wider).costs(given, made)),
        )


def _volume_after(wiring: Dataflow, last: int | None, index: int) -> int:
    """Return what is alive between two convolutions where it is least, before anything is pooled."""
    if last is None:
        return prod(wiring.flat.input)
    extent = wiring.nodes[last].shape[1:]
    between = [place for place in range(last, index) if wiring.nodes[place].shape[1:] == extent]
    return min(wiring.alive[place] for place in between)


class _Stage(NamedTuple):
    """What stands between two down-samplings: its width where it is least, its convolutions."""

    width: int
    places: list[int]


def _flat_widths(wiring: Dataflow) -> Iterator[Hit]:
    if wiring.enlarges:
        return  # an encoder of a code is meant to lose volume
    stages = _stages(wiring)
    for one, two, three in zip(stages, stages[1:], stages[2:], strict=False):
        if three.width <= two.width <= one.width < WIDE:
            convs = [place for place in three.places if isinstance(wiring.op(place), Conv)]
            yield Hit(
                index=three.places[0],
                measured=f"{one.width}, {two.width}, {three.width} channels through two down-samplings",
                value=three.width / one.width,
                alternative=f"twice the channels after each: {one.width}, {2 * one.width}, {4 * one.width}",
                before=Cost.of(*[wiring.costs(place) for place in convs]),
                after=_scaled(wiring, convs, 4 * one.width / three.width),
            )
            return


def _stages(wiring: Dataflow) -> list[_Stage]:
    """Return the stages of the trunk, as far as it is made of maps; one without a convolution is none."""
    found: dict[object, _Stage] = {}
    classes = {wiring.flat.shape_of(value)[0] for value in wiring.flat.outputs}
    pending: list[int] = []
    for index, node in enumerate(wiring.nodes):
        pending += [index] if wiring.op(index).weighted else []
        if not wiring.single(index) or prod(node.shape[1:]) <= 1 or not pending:
            continue
        if node.shape[0] in classes:
            continue
        # What is expanded before it is down-sampled is no width of a stage.
        stage = found.get(wiring.fields[index].jump, _Stage(node.shape[0], []))
        width = min(stage.width, node.shape[0])
        found[wiring.fields[index].jump] = _Stage(width, [*stage.places, *pending])
        pending = []
    return list(found.values())


def _scaled(wiring: Dataflow, places: list[int], factor: float) -> Cost:
    """Return the cost of convolutions with so many times the channels, in and out."""
    parts = []
    for place in places:
        op, node = wiring.op(place), wiring.nodes[place]
        assert isinstance(op, Conv)
        groups = round(op.groups * factor) if op.groups == op.inputs else op.groups
        wide = op._replace(
            inputs=round(op.inputs * factor), outputs=round(op.outputs * factor), groups=groups
        )
        made = (wide.outputs, *node.shape[1:])
        parts.append(wide.costs(wiring.flat.shapes(node), made))
    return Cost.of(*parts)


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
