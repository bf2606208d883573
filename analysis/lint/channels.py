"""Rules on groups: how narrow they are, and whether their channels ever meet."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import NamedTuple

from archscape.spaces.graph import Node, Op
from archscape.spaces.operators import Conv
from archscape.spaces.values import shape_text

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total

NARROW = 4
APART = 3  # two in a row are what AlexNet and ShuffleNet do, measured as harmless (Zhang et al. 2018, 3.2)
APART_STAYS = frozenset(
    (
        "act",
        "add",
        "avgpool",
        "carry",
        "crop",
        "dropout",
        "droppath",
        "maxpool",
        "mul",
        "norm",
        "pad",
        "scale",
    )
)
"""Operators that leave every channel to itself."""


def _narrow_groups(dataflow: Dataflow) -> Iterator[Hit]:
    for index, op, shape in dataflow.convolutions():
        width = min(op.inputs, op.outputs) // op.groups
        if 1 < op.groups < op.inputs and width < NARROW:
            groups = _fewer_groups(op)
            yield Hit(
                index=index,
                measured=f"{op.groups} groups of {width} channels",
                value=width,
                alternative=f"{groups} groups, or depthwise with a 1x1 convolution after it",
                after=op._replace(groups=groups).costs((shape,), dataflow.nodes[index].shape),
            )


def _fewer_groups(op: Conv) -> int:
    """Return the largest number of groups of at least four channels."""
    fits = range(min(op.inputs, op.outputs) // NARROW, 1, -1)
    return next((groups for groups in fits if gcd(op.inputs, op.outputs) % groups == 0), 1)


class _Apart(NamedTuple):
    """What has happened to a map since all its channels last met.

    Attributes:
        parts: Parts whose channels have met only each other; 0 where there was no grouped convolution.
        grouped: Grouped convolutions, depthwise ones left out.
        axes: Axes along which depthwise convolutions have looked.
    """

    parts: int = 0
    grouped: int = 0
    axes: frozenset[int] = frozenset()


def _unmixed_channels(dataflow: Dataflow) -> Iterator[Hit]:
    states = [_Apart()] * dataflow.flat.start
    for index, node in enumerate(dataflow.nodes):
        read = _joined([states[value] for value in node.inputs])
        states.append(_after(node, read))
        if not isinstance(node.op, Conv) or node.op.groups == 1:
            continue
        if _depthwise(node.op):
            if read.axes & _axes(node.op):
                yield _depthwise_hit(dataflow, index, node.op)
        elif states[-1].grouped >= APART:
            parts, grouped, _ = states[-1]
            yield Hit(
                index=index,
                measured=f"{grouped} grouped convolutions in a row keep {parts} parts apart",
                value=grouped,
                alternative="a channel shuffle before it, which costs nothing",
            )


def _joined(states: list[_Apart]) -> _Apart:
    """Return the state of values that are joined element by element."""
    parts = 0
    for state in states:
        parts = gcd(parts, state.parts)
    axes = frozenset[int]().union(*[state.axes for state in states])
    return _Apart(parts, max([state.grouped for state in states], default=0), axes)


def _after(node: Node, read: _Apart) -> _Apart:
    op = node.op
    if isinstance(op, Conv) and op.groups > 1:
        parts = gcd(read.parts, op.groups)
        if parts == 1:
            return _Apart()
        if _depthwise(op):
            return _Apart(parts, read.grouped, read.axes | _axes(op))
        return _Apart(parts, read.grouped + 1)
    assert isinstance(op, Op)
    return read if op.kind in APART_STAYS else _Apart()


def _depthwise(op: Conv) -> bool:
    return op.groups == op.inputs


def _axes(op: Conv) -> frozenset[int]:
    return frozenset(axis for axis, size in enumerate(op.kernel) if size > 1)


def _depthwise_hit(dataflow: Dataflow, index: int, op: Conv) -> Hit:
    shapes = dataflow.flat.shapes(dataflow.nodes[index])
    ones, zeros = (1,) * len(op.kernel), (0,) * len(op.kernel)
    mix = Conv(op.inputs, op.inputs, ones, ones, zeros, ones, 1, False)
    return Hit(
        index=index,
        measured=f"depthwise {shape_text(op.kernel)} after depthwise, and no channels meet between them",
        value=2,
        alternative="a 1x1 convolution between them, or one larger depthwise convolution",
        after=total([dataflow.costs(index), mix.costs(shapes, shapes[0])]),
    )


RULES = (
    Rule(
        name="narrow-groups",
        law="a group holds at least 4 channels, or a single one",
        reason="at a given cost accuracy grows with the number of groups, and saturates when they are "
        "narrow: ResNeXt stops at 4 channels. Narrow groups also move more data for each "
        "operation",
        source="Xie et al. 2017; Ma et al. 2018, ShuffleNet V2, guideline G2",
        threshold=NARROW,
        severity=Severity.note,
        check=_narrow_groups,
    ),
    Rule(
        name="unmixed-channels",
        law="at most two grouped convolutions follow each other, and no depthwise one another along "
        "the same axis, before channels meet",
        reason="a factorised convolution needs its other factor: what grouped or depthwise filters find "
        "in one part of the channels never reaches the others without a shuffle or a 1x1 "
        "convolution",
        source="Zhang et al. 2018, ShuffleNet; Howard et al. 2017, MobileNets",
        threshold=2,
        severity=Severity.warning,
        check=_unmixed_channels,
    ),
)
