"""The rule on dilated convolutions: together they read every input of their field, and not the same twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd
from typing import NamedTuple

from archscape.spaces.graph import Node
from archscape.spaces.operators import AvgPool, Conv, Crop, MaxPool, Pad

from .dataflow import Dataflow
from .finding import Hit, Rule, Severity, total

GROUP = 3
MAX_BITS = 2**18
"""Positions within a field up to which those that are not read are known one by one."""
MAX_LISTED = 12


class _Run(NamedTuple):
    """Convolutions of more than one weight along an axis, one after the other.

    Attributes:
        conv: The place of the last one.
        kernel: Its weights along the axis.
        rate: Its dilation.
        before: Those before it.
        length: How many they are.
        same: How many at the end have one rate.
        first: The place of the first of these.
        dilated: The place of the last one whose rate is above 1.
    """

    conv: int
    kernel: int
    rate: int
    before: _Run | None = None
    length: int = 1
    same: int = 1
    first: int = 0
    dilated: int | None = None

    def last(self, count: int) -> list[_Run]:
        """Return the last of them, in order."""
        run: _Run | None = self
        windows: list[_Run] = []
        while run and len(windows) < count:
            windows.append(run)
            run = run.before
        return windows[::-1]


class _Reads(NamedTuple):
    """What an element of a map reads of the map that the last down-sampling made, along one axis.

    Attributes:
        start: Where the first of them stands, from the element.
        bits: A bit for each place from there on; 0 where the field is too wide to know its places.
        step: Positions from place to place; 0 where there is one place.
        size: Positions from the first to the last.
        run: The convolutions of more than one weight since, of a join the longest.
    """

    start: int = 0
    bits: int = 1
    step: int = 0
    size: int = 1
    run: _Run | None = None

    @property
    def unread(self) -> int:
        """Positions within the field that are not read; none are known of where there are no bits."""
        return self.size - self.bits.bit_count() if self.bits else 0

    def through(self, kernel: int, dilation: int, padding: int, index: int | None) -> _Reads:
        """Return what a window over this map reads."""
        start, run = self.start - padding, self.run
        if kernel == 1:
            return self._replace(start=start)
        if index is not None:
            run = _after(run, index, kernel, dilation)
        size = self.size + (kernel - 1) * dilation
        step = gcd(self.step, dilation)
        if not self.bits or size // step > MAX_BITS:
            return _Reads(start, 0, 1, size, run)
        bits, taken, shift = self._stretched(step), 1, dilation // step
        while taken < kernel:  # twice as many taps each time
            more = min(taken, kernel - taken)
            bits |= bits << more * shift
            taken += more
        return _Reads(start, bits, step, size, run)

    def union(self, other: _Reads) -> _Reads:
        """Return what elements of two maps read together."""
        start = min(self.start, other.start)
        size = max(self.start + self.size, other.start + other.size) - start
        step = gcd(self.step, other.step, self.start - other.start)
        run = max((self.run, other.run), key=lambda run: run.length if run else 0)
        if not self.bits or not other.bits or size // max(step, 1) > MAX_BITS:
            return _Reads(start, 0, 1, size, run)
        parts = [reads._stretched(step) << (reads.start - start) // max(step, 1) for reads in (self, other)]
        return _Reads(start, parts[0] | parts[1], step, size, run)

    def _stretched(self, step: int) -> int:
        """Return the bits, with a place every so many positions."""
        if self.step in (0, step):
            return self.bits
        return int(("0" * (self.step // step - 1)).join(f"{self.bits:b}"), 2)


def _after(run: _Run | None, conv: int, kernel: int, rate: int) -> _Run:
    """Return a run with one more convolution."""
    dilated = conv if rate > 1 else run.dilated if run else None
    same, first = (run.same + 1, run.first) if run and run.rate == rate else (1, conv)
    return _Run(conv, kernel, rate, run, run.length + 1 if run else 1, same, first, dilated)


def _gridding(dataflow: Dataflow) -> Iterator[Hit]:
    hits: dict[int, Hit] = {}
    for axis in range(max(map(len, dataflow.flat.inputs)) - 1):
        reads = _reads(dataflow, axis)
        for hit in [*_holes(dataflow, reads), *_repeats(dataflow, reads)]:
            hits.setdefault(hit.index, hit)
    yield from hits.values()


def _holes(dataflow: Dataflow, values: list[_Reads]) -> Iterator[Hit]:
    """Find the last dilated convolution of every map that leaves inputs unread, where its resolution ends."""
    for value, reads in enumerate(values):
        run = reads.run
        if run is None or run.dilated is None or not reads.unread:
            continue
        if all(_resets(dataflow, reader) for reader in dataflow.readers[value]):
            windows = run.last(run.length)
            rates = _listed([window.rate for window in windows])
            measured = f"rates {rates} leave {reads.unread:,} of {reads.size:,} positions unread"
            yield _hit(dataflow, run.dilated, windows, measured, reads.unread / reads.size)


def _repeats(dataflow: Dataflow, values: list[_Reads]) -> Iterator[Hit]:
    """Find runs of convolutions with one rate above 1: neighbours read disjoint positions all along."""
    longest: dict[int, _Run] = {}
    for reads in values:
        run = reads.run
        if run and run.same > 1 and run.rate > 1:
            longest[run.first] = max(longest.get(run.first, run), run, key=lambda run: run.same)
    for run in longest.values():
        same = run.last(run.same)
        rates = _listed([window.rate for window in same])
        measured = f"rates {rates}: neighbours share no position that they read"
        yield _hit(dataflow, run.conv, same, measured, 1 - 1 / run.rate)


def _hit(dataflow: Dataflow, index: int, run: Sequence[_Run], measured: str, value: float) -> Hit:
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
    size, reach = GROUP, sum(rates[-GROUP:])
    while size < len(rates) and reach > (kernel**size - 1) // (kernel - 1):
        size += 1
        reach += rates[-size]
    groups = [rates[start : start + size] for start in range(0, len(rates), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [[*groups[-2], *groups[-1]]]
    return [rate for group in groups for rate in _ramp(len(group), sum(group), kernel)]


def _ramp(count: int, total: int, kernel: int) -> list[int]:
    """Return rates that rise from 1 and add up to a total where they can.

    Each is at most the field of those before it, so that its steps meet. All rise by one in turn, the last
    one first; what many turns alike would do is done at once.
    """
    rates, before = [1] * count, 0
    while before < sum(rates) < total:
        before = sum(rates)
        turns = _turns_alike(rates, total, kernel)
        for step in range(count - 1, 0, -1):
            if sum(rates) < total and rates[step] <= (kernel - 1) * sum(rates[:step]):
                rates[step] += turns
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


def _turns_alike(rates: Sequence[int], total: int, kernel: int) -> int:
    """Return how many turns, 1 at least, leave the rates that rise the same and their sum below a total."""
    limits = [(kernel - 1) * sum(rates[:step]) for step in range(len(rates))]
    rising = [step for step in range(1, len(rates)) if rates[step] <= limits[step]]
    still = [step for step in range(1, len(rates)) if rates[step] > limits[step]]
    if not rising or any(any(below < step for below in rising) for step in still):
        return 1
    turns = (total - sum(rates)) // len(rising)
    for number, step in enumerate(rising):
        nearer = 1 - (kernel - 1) * number  # how much a turn takes of the room below the limit
        if nearer > 0:
            turns = min(turns, (limits[step] - rates[step]) // nearer)
    return max(turns, 1)


def _reads(dataflow: Dataflow, axis: int) -> list[_Reads]:
    """Return what every value reads of the map that the last down-sampling before it made."""
    values = [_Reads()] * dataflow.flat.start
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
    """Return rates as a list, cut in its middle where it is long."""
    if len(rates) > MAX_LISTED:
        half = MAX_LISTED // 2
        return f"{_listed(rates[:half])}, ... {_listed(rates[-half:])} ({len(rates):,} in all)"
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
