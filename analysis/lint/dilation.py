"""The rule on dilated convolutions: together they read every input of their field, and not the same twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archscape.spaces.graph import Node
from archscape.spaces.operators import AvgPool, Conv, Crop, MaxPool, Pad

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total

GROUP = 3


class _Window(NamedTuple):
    """A convolution of more than one weight along an axis, by its place."""

    conv: int
    kernel: int
    rate: int


class _Reads(NamedTuple):
    """What an element of a map reads of the map that the last down-sampling made, along one axis.

    Attributes:
        start: Where the first of them stands, from the element.
        bits: A bit for each position from there on.
        run: The convolutions of more than one weight since, of a join the longest.
    """

    start: int = 0
    bits: int = 1
    run: tuple[_Window, ...] = ()

    @property
    def unread(self) -> int:
        """Positions within the field that are not read."""
        return self.bits.bit_length() - self.bits.bit_count()

    def through(self, kernel: int, dilation: int, padding: int, index: int | None) -> _Reads:
        """Return what a window over this map reads."""
        bits = 0
        for tap in range(kernel):
            bits |= self.bits << (tap * dilation)
        run = self.run if index is None or kernel == 1 else (*self.run, _Window(index, kernel, dilation))
        return _Reads(self.start - padding, bits, run)

    def union(self, other: _Reads) -> _Reads:
        """Return what elements of two maps read together."""
        start = min(self.start, other.start)
        bits = self.bits << (self.start - start) | other.bits << (other.start - start)
        return _Reads(start, bits, max(self.run, other.run, key=len))


def _gridding(dataflow: Dataflow) -> Iterator[Hit]:
    hits: dict[int, Hit] = {}
    for axis in range(len(dataflow.flat.input) - 1):
        reads = _reads(dataflow, axis)
        for hit in [*_holes(dataflow, reads), *_repeats(dataflow, reads)]:
            hits.setdefault(hit.index, hit)
    yield from hits.values()


def _holes(dataflow: Dataflow, values: list[_Reads]) -> Iterator[Hit]:
    """Find the last dilated convolution of every map that leaves inputs unread, where its resolution ends."""
    for value, reads in enumerate(values):
        dilated = [window.conv for window in reads.run if window.rate > 1]
        ends = all(_resets(dataflow, reader) for reader in dataflow.readers[value])
        if reads.unread and ends and dilated:
            field, rates = reads.bits.bit_length(), _listed([window.rate for window in reads.run])
            measured = f"rates {rates} leave {reads.unread} of {field} positions unread"
            yield _hit(dataflow, dilated[-1], reads.run, measured, reads.unread / field)


def _repeats(dataflow: Dataflow, values: list[_Reads]) -> Iterator[Hit]:
    """Find runs of convolutions with one rate above 1: neighbours read disjoint positions all along."""
    longest: dict[_Window, tuple[_Window, ...]] = {}
    for reads in values:
        same = _tail(reads.run)
        if len(same) > 1 and same[0].rate > 1:
            longest[same[0]] = max(longest.get(same[0], ()), same, key=len)
    for same in longest.values():
        rates = _listed([window.rate for window in same])
        measured = f"rates {rates}: neighbours share no position that they read"
        yield _hit(dataflow, same[-1].conv, same, measured, 1 - 1 / same[0].rate)


def _tail(run: tuple[_Window, ...]) -> tuple[_Window, ...]:
    """Return the convolutions at the end of a run that have one rate."""
    start = len(run)
    while start and run[start - 1].rate == run[-1].rate:
        start -= 1
    return run[start:]


def _hit(dataflow: Dataflow, index: int, run: tuple[_Window, ...], measured: str, value: float) -> Hit:
    kernel = min(window.kernel for window in run)
    rates = dense_rates([window.rate for window in run], kernel)
    return Hit(
        index=index,
        measured=measured,
        value=value,
        alternative=f"rates {_listed(rates)}: no gaps, field {1 + (kernel - 1) * sum(rates)}",
        before=total([dataflow.costs(window.conv) for window in run]),
    )


def dense_rates(rates: Sequence[int], kernel: int) -> list[int]:
    """Return rates with the same field, or nearly, that leave no gap; no two in a row share one above 1.

    They rise from 1 in groups of three, or of more where three cannot reach as far (the saw of Wang et al.
    2018).

    >>> dense_rates([2, 2, 2], 3), dense_rates([1, 2, 9], 3)
    ([1, 2, 3], [1, 3, 8])
    """
    size = GROUP
    while size < len(rates) and sum(rates[-size:]) > (kernel**size - 1) // (kernel - 1):
        size += 1
    groups = [rates[start : start + size] for start in range(0, len(rates), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [[*groups[-2], *groups[-1]]]
    return [rate for group in groups for rate in _ramp(len(group), sum(group), kernel)]


def _ramp(count: int, total: int, kernel: int) -> list[int]:
    """Return rates that rise from 1 and add up to a total where they can.

    Each is at most the field of those before it, so that its steps meet.
    """
    rates, before = [1] * count, 0
    while before < sum(rates) < total:
        before = sum(rates)
        for step in range(count - 1, 0, -1):
            if sum(rates) < total and rates[step] <= (kernel - 1) * sum(rates[:step]):
                rates[step] += 1
    for step in range(count - 2, 0, -1):
        if rates[step] == rates[step + 1] > 1:
            rates[step] -= 1
            room = rates[step + 1] <= (kernel - 1) * sum(rates[: step + 1])
            rates[step + 1] += 1 if room else 0
    for step in range(1, count):
        # Where there is no room above, the later one steps down.
        if rates[step] == rates[step - 1] > 1:
            rates[step] -= 1
    return rates


def _reads(dataflow: Dataflow, axis: int) -> list[_Reads]:
    """Return what every value reads of the map that the last down-sampling before it made."""
    values = [_Reads()]
    for index, node in enumerate(dataflow.nodes):
        if _resets(dataflow, index) or axis >= len(node.shape) - 1:
            values.append(_Reads())
            continue
        maps = [
            value
            for value in node.inputs
            if dataflow.flat.shape_of(value)[1:] != (1,) * (len(node.shape) - 1)
        ]
        inputs = [values[value] for value in maps or node.inputs]
        reads = inputs[0]
        for other in inputs[1:]:
            reads = reads.union(other)
        values.append(_step(node, reads, index, axis))
    return values


def _step(node: Node, reads: _Reads, index: int, axis: int) -> _Reads:
    op = node.op
    if isinstance(op, Conv):
        return reads.through(op.kernel[axis], op.dilation[axis], op.padding[axis], index)
    if isinstance(op, AvgPool | MaxPool):
        return reads.through(op.kernel[axis], 1, op.padding[axis], None)
    if isinstance(op, Pad):
        return reads._replace(start=reads.start - op.before[axis])
    if isinstance(op, Crop):
        return reads._replace(start=reads.start + op.start[axis])
    return reads


def _resets(dataflow: Dataflow, index: int) -> bool:
    """Tell whether an operator makes a map of another resolution, or reads all of its map."""
    node = dataflow.nodes[index]
    shapes = dataflow.flat.shapes(node)
    kernel, stride = dataflow.op(index).field(shapes)
    windows = isinstance(node.op, Conv | AvgPool | MaxPool)
    return set(stride) != {1} or (not windows and set(kernel) != {1})


def _listed(rates: Sequence[int]) -> str:
    return ", ".join(map(str, rates))


RULES = (
    Rule(
        name="gridding",
        law="the convolutions of one resolution read every position of their field, and no two in a "
        "row share a rate above 1",
        reason="with rates of a common factor an output reads its field through a grid, and its "
        "neighbours through others: local detail is lost. Rates that rise from 1 cover the same "
        "field for the same cost",
        source="Wang et al. 2018, Understanding convolution for semantic segmentation (HDC)",
        threshold=0.0,
        severity=Severity.warning,
        check=_gridding,
    ),
)
