"""Rules on kernels: their size, what of them meets the map, and what their stride passes over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import gcd, prod
from typing import NamedTuple

from archscape.spaces.graph import Shape, Totals
from archscape.spaces.operators import Conv, Crop, Pad
from archscape.spaces.values import shape_text

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total

MAX_LISTED = 10_000
"""Weights in all windows along an axis up to which the positions that they read are counted one by one."""
LARGEST = 201  # a chain of more than 100 layers in place of one is no alternative
SAVING = 0.10  # below this, a chain is no clear gain for the layers that it adds


def _large_filters(dataflow: Dataflow) -> Iterator[Hit]:
    for index, op, shape in dataflow.convolutions():
        size, depthwise = op.kernel[0], op.groups == op.inputs > 1
        square = set(op.kernel) == {size} and size % 2 == 1 and 5 <= size <= LARGEST
        first = dataflow.nodes[index].inputs[0] < dataflow.flat.start
        # The first layer reads few channels, where a chain is dearer; a kernel as large as its map is no
        # window but a linear layer.
        if not square or depthwise or first or op.kernel == shape[1:]:
            continue
        before, chain = dataflow.costs(index), _chain(op, shape)
        after = total([part for _, part in chain])
        saving = 1 - max(after.params / before.params, after.macs / before.macs)
        if saving >= SAVING:
            widths = " to ".join(map(str, [op.inputs, *(width for width, _ in chain)]))
            yield Hit(
                index=index,
                measured=f"{shape_text(op.kernel)}, {op.inputs} to {op.outputs} channels",
                value=saving,
                alternative=f"{len(chain)} of {shape_text((3,) * len(op.kernel))}, {widths} channels"
                f"{_formula(op, len(chain))}; saves {saving:.0%}",
                after=after,
            )


def _chain(op: Conv, shape: Shape) -> list[tuple[int, Totals]]:
    """Return width and cost of the 3x3 convolutions that see as much; widths grow in equal ratios."""
    depth, rank = (op.kernel[0] - 1) // 2, len(op.kernel)
    growth = op.outputs / op.inputs
    widths = [
        max(1, round(op.inputs * growth ** (step / depth) / op.groups)) * op.groups
        for step in range(depth + 1)
    ]
    parts = []
    for step, (read, written) in enumerate(pairwise(widths)):
        last = step == depth - 1
        padding = tuple([(p * (step + 1)) // depth - (p * step) // depth for p in op.padding])
        stride = op.stride if last else (1,) * rank
        conv = op._replace(inputs=read, outputs=written, kernel=(3,) * rank, padding=padding, stride=stride)
        made = conv.shape(shape)
        parts.append((written, conv.costs((shape,), made)))
        shape = made
    return parts


def _formula(op: Conv, depth: int) -> str:
    """Return the cost in channels where a layer keeps their number: `18C^2 against 25C^2`."""
    if op.inputs != op.outputs or op.groups > 1:
        return ""
    rank = len(op.kernel)
    return f" ({depth * 3**rank}C^2 against {prod(op.kernel)}C^2)"


def _oversized_kernels(dataflow: Dataflow) -> Iterator[Hit]:
    for index, op, shape in dataflow.convolutions():
        made = dataflow.nodes[index].shape
        used = tuple([axis.used for axis in _axes(op, shape)])
        if used != op.kernel:
            idle = 1 - prod(used) / prod(op.kernel)
            yield Hit(
                index=index,
                measured=f"{idle:.0%} of the {shape_text(op.kernel)} weights meet only the padding "
                f"of the {shape_text(shape[1:])} map",
                value=idle,
                alternative=f"kernel {shape_text(used)}; computes the same",
                after=op._replace(kernel=used).costs((shape,), made),
            )


def _skipped_inputs(dataflow: Dataflow) -> Iterator[Hit]:
    for index, op, shape in dataflow.convolutions():
        if all(s <= k for s, k in zip(op.stride, op.kernel, strict=True)):
            continue
        read = _share_read(op, shape)
        if read < 1:
            alone = _alone(dataflow, dataflow.nodes[index].inputs[0])
            yield Hit(
                index=index,
                measured=f"{shape_text(op.kernel)} with stride {shape_text(op.stride)} "
                f"reads {read:.0%} of the map" + (", and nothing reads the rest" if alone else ""),
                value=1 - read,
                alternative=f"average pooling {shape_text(op.stride)} before it, and stride 1",
                severity=Severity.warning if alone else None,
            )


def _alone(dataflow: Dataflow, value: int) -> bool:
    """Tell whether all that reads a map reads only a share; a shifted map is read by others as it stood."""
    readers = [dataflow.nodes[reader] for reader in dataflow.readers[value]]
    maker = value - dataflow.flat.start
    shifted = maker >= 0 and isinstance(dataflow.op(maker), Pad | Crop)
    shape = dataflow.flat.shape_of(value)
    return not shifted and all(
        type(reader.op) is Conv and _share_read(reader.op, shape) < 1 for reader in readers
    )


def _share_read(op: Conv, shape: Shape) -> float:
    """Return the share of a map's positions that windows cover."""
    return prod([axis.covered for axis in _axes(op, shape)]) / prod(shape[1:])


class _Axis(NamedTuple):
    """A convolution along one axis of its map: weight t of window w stands at w S + t D - P."""

    extent: int
    windows: int
    kernel: int
    stride: int
    padding: int
    dilation: int

    @property
    def used(self) -> int:
        """Weights that meet the map in some window."""
        if self.stride <= self.extent:  # no window passes over the map from the one before
            return self._meeting((self.windows - 1) * self.stride, 0)
        windows = min(self.windows, self.padding // self.stride + 2)
        return sum([self._meeting(w * self.stride, w * self.stride) for w in range(windows)])

    def _meeting(self, last: int, first: int) -> int:
        """Return how many weights meet the map in windows from one start to another without a gap."""
        low = max(0, -((last - self.padding) // self.dilation))
        high = (self.padding - first + self.extent - 1) // self.dilation
        return max(0, min(high + 1, self.kernel) - low)

    @property
    def covered(self) -> int:
        """Positions of the map that some window reads."""
        extent, windows, kernel, stride, padding, dilation = self
        if dilation == 1 or kernel == 1:
            return _covered(extent, -padding, windows, stride, kernel)
        if stride == 1 or windows == 1:
            return _covered(extent, -padding, kernel, dilation, windows)
        # Weight t of a window stands where weight t - S / g of another one does, g = gcd(S, D).
        step = gcd(stride, dilation)
        twice = max(0, windows - dilation // step) * max(0, kernel - stride // step)
        if windows * kernel > MAX_LISTED:
            return min(extent, windows * kernel - twice)  # those on the padding among them
        places = {w * stride + t * dilation - padding for w in range(windows) for t in range(kernel)}
        return sum([0 <= place < extent for place in places])


def _covered(extent: int, start: int, runs: int, period: int, length: int) -> int:
    """Return how many of the positions from 0 are in runs of some length, the first of which starts early."""
    if length >= period:
        runs, length = 1, (runs - 1) * period + length

    def before(position: int) -> int:
        whole = min(max(position - start, 0) // period, runs)
        rest = min(max(position - start, 0) - whole * period, length) if whole < runs else 0
        return whole * length + rest

    period = max(period, length)
    return before(extent) - before(0)


def _axes(op: Conv, shape: Shape) -> list[_Axis]:
    windows = op.shape(shape)[1:]
    return list(map(_Axis, shape[1:], windows, op.kernel, op.stride, op.padding, op.dilation))


RULES = (
    Rule(
        name="large-filter",
        law="a convolution larger than 3x3 between maps of many channels costs no more than the chain"
        " of 3x3 that sees as much",
        reason="two 3x3 see as much as one 5x5 for 18C^2 against 25C^2, with an activation more; the "
        "first layer, which reads few channels, and depthwise convolutions, which are cheap, are "
        "left out",
        source="Simonyan and Zisserman 2015; widths between as in Szegedy et al. 2016",
        threshold=SAVING,
        severity=Severity.note,
        check=_large_filters,
    ),
    Rule(
        name="oversized-kernel",
        law="every weight of a kernel meets the map somewhere",
        reason="on a map smaller than the kernel's extent, outer weights only ever meet the padding: "
        "they are stored, multiplied and never trained",
        source="Chen et al. 2017, Rethinking atrous convolution (DeepLabv3)",
        threshold=0.0,
        severity=Severity.warning,
        check=_oversized_kernels,
    ),
    Rule(
        name="skipped-inputs",
        law="no stride is larger than its kernel",
        reason="a 1x1 convolution of stride 2 passes over three quarters of its map; it is a warning "
        "where nothing else reads them",
        source="He et al. 2019, Bag of tricks, section 4 (ResNet-B and ResNet-D)",
        threshold=0.0,
        severity=Severity.note,
        check=_skipped_inputs,
    ),
)
