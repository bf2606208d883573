"""The cost model of latency: an operator's class, and the amounts that a device takes time for.

The time of an operator is the sum of its terms, each an amount times the seconds that one of its units takes
on a device: a call, a multiply-accumulate, a byte of weights or of maps. It is a roofline (Williams et al.
2009) whose parts do not overlap, which a single inference of batch 1 comes near. The seconds are fitted for
each class of operators by itself, so a class stands for one kernel of PyTorch and its efficiency.

A few terms are not amounts of the operator alone:

- multiply-accumulates are counted a second time with channels rounded up to the lanes of a vector unit, so
  that narrow layers may cost more than they compute;
- bytes of maps are counted again beyond 1 MB and beyond 32 MB, where caches and then PyTorch's reuse of
  memory end, and bytes of weights again as far as the network's weights do not stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Literal, NamedTuple, TypeAlias, cast

from archscape.spaces.graph import Flat, Op, Shape, Workload
from archscape.spaces.operators import Conv, Linear, TransposedConv

LANES = 16
"""Numbers of float32 in a vector of 64 bytes."""
MAP_TIERS = (2**20, 2**25)
WEIGHT_TIER = 2**25
OTHER = "other"
"""The class of what has none: a function of each element, fitted to all of these together."""

Amounts: TypeAlias = tuple[float, ...]
Parts: TypeAlias = tuple[Amounts, float]
Shapes: TypeAlias = tuple[Shape, ...]


Resource: TypeAlias = Literal["call", "compute", "memory"]
"""What a term takes time for: to call the kernel and to loop over its parts, to compute, to move bytes."""


class Scale(NamedTuple):
    """How a network runs.

    Attributes:
        batch: Inputs at once.
        item: Bytes of an element.
    """

    batch: int
    item: int


class Work(NamedTuple):
    """What an operator takes time for.

    Attributes:
        kind: Its class.
        amounts: One for each of its terms, a call first.
        weights: Bytes of weights, which may have to come from beyond the cache.
    """

    kind: str
    amounts: Amounts
    weights: float


def work_of(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Work:
    """Return what an operator takes time for: its own statement, in the terms that a calibration fits.

    >>> from archscape.spaces.operators import Activation
    >>> work_of(Activation(function="relu"), ((8, 4, 4),), (8, 4, 4), Scale(batch=1, item=4))
    Work(kind='relu', amounts=(1.0, 1024, 0.0, 0.0), weights=0.0)
    """
    kind = op.workload if op.workload == "view" else op.timed_as(output)
    return Work(kind, *AMOUNTS[op.workload](op, inputs, output, scale))


def plain_work(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Work:
    """Return the work of an operator of a class that no device knows: a call, and the bytes of its maps."""
    return Work(OTHER, *_elementwise(op, inputs, output, scale))


def works(flat: Flat, scale: Scale) -> list[Work]:
    """Return the work of every operator of a network, in order."""
    return [work_of(cast("Op", node.op), flat.shapes(node), node.shape, scale) for node in flat.nodes]


def _bytes(inputs: Shapes, output: Shape, scale: Scale) -> float:
    return scale.batch * scale.item * (sum([prod(shape) for shape in inputs]) + prod(output))


def _maps(inputs: Shapes, output: Shape, scale: Scale) -> Amounts:
    """Return the bytes of maps, and what lies beyond each tier."""
    size = _bytes(inputs, output, scale)
    return (size, *[max(0.0, size - tier) for tier in MAP_TIERS])


def _convolution(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call, macs, macs of full lanes, patches read, weights, maps, groups."""
    assert isinstance(op, Conv | TransposedConv)
    groups, volume = op.groups, prod(op.kernel)
    ins, outs = op.inputs // groups, op.outputs // groups
    read = inputs[0] if isinstance(op, TransposedConv) else output
    positions = scale.batch * prod(read[1:])
    lanes = LANES * 4 // scale.item
    full = -(-ins // lanes) * -(-outs // lanes) * lanes**2
    weights = float(scale.item * volume * ins * op.outputs)
    computed = (volume * ins * op.outputs * positions, volume * full * groups * positions)
    beyond = max(0.0, weights - WEIGHT_TIER)
    stored = (volume * op.inputs * positions, weights, beyond)
    return (1.0, *computed, *stored, *_maps(inputs, output, scale), groups), weights


def _rare_convolution(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call, macs, patches read, weights, maps: few terms, since few of its kind are timed."""
    (call, macs, _, patches, weights, _, size, *_), _ = _convolution(op, inputs, output, scale)
    return (call, macs, patches, weights, size), weights


def _linear(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call, macs beyond the first input's, weights."""
    assert isinstance(op, Linear)
    weights = float(scale.item * op.inputs * op.outputs)
    return (1.0, (scale.batch - 1) * op.inputs * op.outputs, weights), weights


def _elementwise(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call and maps."""
    return (1.0, *_maps(inputs, output, scale)), 0.0


def _windowed(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call, maps, and the operations of all windows."""
    operations = scale.batch * op.costs(inputs, output).other
    return (1.0, *_maps(inputs, output, scale), operations), 0.0


def _reduced(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call, maps, and the channels that are reduced one by one."""
    return (1.0, *_maps(inputs, output, scale), scale.batch * inputs[0][0]), 0.0


def _multiplied(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call, macs and bytes of maps."""
    macs = scale.batch * op.costs(inputs, output).macs
    return (1.0, macs, _bytes(inputs, output, scale)), 0.0


def _view(op: Op, inputs: Shapes, output: Shape, scale: Scale) -> Parts:
    """Return a call: the memory is that of the input."""
    return (1.0,), 0.0


AMOUNTS: dict[Workload, Callable[[Op, Shapes, Shape, Scale], Parts]] = {
    "view": _view,
    "maps": _elementwise,
    "windows": _windowed,
    "channels": _reduced,
    "products": _multiplied,
    "linear": _linear,
    "convolution": _convolution,
    "rare convolution": _rare_convolution,
}
"""How the time of each workload is made up."""

_Resources: TypeAlias = tuple[Resource, ...]
_CALL: _Resources = ("call",)
_MACS: _Resources = ("compute",)
_BYTES: _Resources = ("memory",)
_MAPS = _BYTES * (1 + len(MAP_TIERS))
RESOURCES: dict[Workload, _Resources] = {
    "view": _CALL,
    "maps": _CALL + _MAPS,
    "windows": _CALL + _MAPS + _MACS,
    "channels": _CALL + _MAPS + _CALL,
    "products": _CALL + _MACS + _BYTES,
    "linear": _CALL + _MACS + _BYTES,
    "convolution": _CALL + _MACS * 2 + _BYTES * 3 + _MAPS + _CALL,
    "rare convolution": _CALL + _MACS + _BYTES * 3,
}
"""What each term of a workload takes time for, in the order of its amounts."""


def resources_of(op: Op, work: Work) -> _Resources:
    """Return what each term of an operator's work takes time for."""
    return RESOURCES["maps" if work.kind == OTHER else op.workload]
