"""Pooling: maximum and average over windows, and over the whole map."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Totals, Workload, check_map, make, per_axis, place
from ..memory_use import SAVES_INPUT, Footprint, Size
from .convolution import window_size
from .pad import Crop
from .padding import Padding, both_sides, is_uneven, resolve_padding, surrounded

__all__ = ["AvgPool", "GlobalAvgPool", "GlobalMaxPool", "InnerAvgPool", "MaxPool", "PaddedAvgPool"]
__all__ += ["PaddedInnerAvgPool", "average", "avgpool", "global_avgpool", "global_maxpool", "maxpool"]


class _Pool(Op):
    """A window that slides over each channel by itself."""

    kernel: Shape
    stride: Shape
    padding: Shape
    ceil: bool
    function: ClassVar[str]
    workload: ClassVar[Workload] = "windows"
    copies: ClassVar[bool] = True
    example: ClassVar[Example] = Example(((3, 3), (2, 2), (1, 1), False))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels and the number of windows per axis."""
        ones = (1,) * len(self.kernel)
        extent = window_size(inputs[0][1:], self.kernel, self.stride, self.padding, ones, self.ceil)
        return inputs[0][0], *extent

    @property
    def identity(self) -> bool:
        """A window of one element, moved by one, changes nothing."""
        return set(self.kernel) | set(self.stride) == {1}

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return it without a `ceil` that adds no window, and with stride 1 where a window cannot move."""
        room = [n + 2 * p - k for n, p, k in zip(inputs[0][1:], self.padding, self.kernel, strict=True)]
        stride = tuple([s if left else 1 for s, left in zip(self.stride, room, strict=True)])
        floor = self._replace(stride=stride, ceil=False)
        return floor if floor.shape(*inputs) == self.shape(*inputs) else floor._replace(ceil=True)

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return the window and its stride."""
        return self.kernel, self.stride

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.max_pool2d(x, ...)` or its like."""
        window = window_text(values, self.options(values))
        return f"F.{self.function}{rank}d({arguments[0]}, {window})"

    def options(self, values: dict[str, str]) -> list[str]:
        """Return the options that follow the padding."""
        return [] if values["ceil"] == "False" else [f"ceil_mode={values['ceil']}"]


class MaxPool(_Pool):
    """The largest value of each window."""

    kind: ClassVar[str] = "maxpool"
    function: ClassVar[str] = "max_pool"

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return K - 1 comparisons per window."""
        return make(Totals, (0, 0, (prod(self.kernel) - 1) * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input and the places of the maxima, which inference makes as well."""
        places = Size(indices=prod(output))
        return Footprint(saves=(0,), keeps=places) if training else Footprint(during=places)


class AvgPool(_Pool):
    """The mean of each window; zeros of the padding count."""

    kind: ClassVar[str] = "avgpool"
    function: ClassVar[str] = "avg_pool"
    footprint: ClassVar[Footprint] = SAVES_INPUT

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return K - 1 additions and a division per window."""
        return make(Totals, (0, 0, prod(self.kernel) * prod(output), 0))


class InnerAvgPool(AvgPool):
    """The mean of each window's elements on the map: zeros of the padding do not count."""

    latency_class: ClassVar[str] = "avgpool"

    def options(self, values: dict[str, str]) -> list[str]:
        """Return the options that follow the padding."""
        return [*super().options(values), "count_include_pad=False"]


class PaddedAvgPool(AvgPool):
    """The mean of each window of a 3-D map that is smaller than the window: PyTorch's own refuses it."""

    helper: ClassVar[str] = "avg_pool3d"
    latency_class: ClassVar[str] = "avgpool"
    example: ClassVar[Example] = Example(((3, 3, 3), (1, 1, 1), (1, 1, 1), False), ((8, 2, 6, 4),))

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return the average pooling of any map."""
        return AvgPool(*self).canonical(inputs)

    def padded(self, inputs: tuple[Shape, ...]) -> int:
        """Return the elements of the map with its padding."""
        channels, *extent = inputs[0]
        return channels * prod([n + 2 * p for n, p in zip(extent, self.padding, strict=True)])

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the padded map."""
        padded = Size(self.padded(inputs))
        return Footprint(keeps=padded, backward=padded) if training else Footprint(during=padded)

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `avg_pool3d(x, ...)`."""
        return super().call(arguments, values, rank).removeprefix("F.")


class PaddedInnerAvgPool(PaddedAvgPool):
    """The same of the window's elements on the map: zeros of the padding do not count."""

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return the average pooling of any map."""
        return InnerAvgPool(*self).canonical(inputs)

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the padded map, and the share of each window that lies on the map."""
        padded, written = self.padded(inputs), prod(output)
        if training:
            return Footprint(keeps=Size(padded + written), during=Size(padded), backward=Size(padded))
        return Footprint(during=Size(padded + written))

    def options(self, values: dict[str, str]) -> list[str]:
        """Return the options that follow the padding."""
        return [*super().options(values), "count_include_pad=False"]


class _GlobalPool(Op):
    """One number for each channel's whole map."""

    windowed: ClassVar[type[_Pool]]
    whole: ClassVar[bool] = True
    workload: ClassVar[Workload] = "channels"
    copies: ClassVar[bool] = True

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C, 1, ...)."""
        return inputs[0][0], *(1,) * (len(inputs[0]) - 1)

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return the pooling of one window as large as the map."""
        extent = inputs[0][1:]
        rank = len(extent)
        return self.windowed(kernel=extent, stride=(1,) * rank, padding=(0,) * rank, ceil=False)

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return those of the pooling of one window."""
        return self.canonical(inputs).costs(inputs, output)


class GlobalAvgPool(_GlobalPool):
    """The mean of each channel's whole map."""

    kind: ClassVar[str] = "avgpool"
    text: ClassVar[str] = "F.adaptive_avg_pool{rank}d({0}, 1)"
    windowed: ClassVar[type[_Pool]] = AvgPool


class GlobalMaxPool(_GlobalPool):
    """The largest value of each channel's whole map."""

    kind: ClassVar[str] = "maxpool"
    text: ClassVar[str] = "F.adaptive_max_pool{rank}d({0}, 1)"
    windowed: ClassVar[type[_Pool]] = MaxPool

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Return what the pooling of one window holds."""
        return self.canonical(inputs).memory(inputs, output, training)


def maxpool(
    x: Tensor,
    *,
    kernel: int | Shape = 2,
    stride: int | Shape | None = None,
    padding: Padding = "same",
    scope: str = "",
) -> Tensor:
    """Place a maximum pooling; the stride is the kernel unless given; `ceil` keeps a last part window."""
    if is_uneven(padding):
        return _uneven(x, kernel, stride, padding, scope, lambda window: window)
    return place(pool_window(x, kernel, stride, padding), x, scope)


def avgpool(
    x: Tensor,
    *,
    kernel: int | Shape = 2,
    stride: int | Shape | None = None,
    padding: Padding = "same",
    pad_counts: bool = True,
    scope: str = "",
) -> Tensor:
    """Place an average pooling; arguments as for `maxpool`, and whether zeros of the padding count."""
    if is_uneven(padding):
        mean = partial(average, extent=x.shape[1:], pad_counts=pad_counts)
        return _uneven(x, kernel, stride, padding, scope, mean, pad_counts=pad_counts)
    return place(average(pool_window(x, kernel, stride, padding), x.shape[1:], pad_counts), x, scope)


def average(window: MaxPool, extent: Shape, pad_counts: bool = True) -> AvgPool:
    """Return the average over the windows of a maximum pooling, for maps of an extent."""
    counts = pad_counts or not any(window.padding)
    if len(extent) < 3 or all(k <= n for k, n in zip(window.kernel, extent, strict=True)):
        return (AvgPool if counts else InnerAvgPool)(*window)
    return (PaddedAvgPool if counts else PaddedInnerAvgPool)(*window)


def global_avgpool(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the average over the whole map."""
    check_map(x, "pooling")
    return place(GlobalAvgPool(), x, scope)


def global_maxpool(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the maximum over the whole map."""
    check_map(x, "pooling")
    return place(GlobalMaxPool(), x, scope)


def pool_window(x: Tensor, kernel: int | Shape, stride: int | Shape | None, padding: Padding) -> MaxPool:
    """Return the maximum pooling of a map.

    Raises:
        ShapeError: If the map is flat, or the padding is more than half the kernel, or of two uneven sides.
    """
    check_map(x, "pooling")
    sizes = per_axis(kernel, x.rank, "kernel")
    if is_uneven(padding):
        raise ShapeError("an unpooling takes the same padding on both sides of an axis")
    sides = resolve_padding(padding, sizes, (1,) * x.rank)
    _check_half(sizes, sides)
    step = sizes if stride is None else per_axis(stride, x.rank, "stride")
    return MaxPool(sizes, step, sides, padding == "ceil")


def _check_half(kernel: Shape, sides: Shape) -> None:
    if any(2 * p > k for p, k in zip(sides, kernel, strict=True)):
        raise ShapeError(f"a pooling pads at most half its kernel {list(kernel)}, but got {list(sides)}")


def _uneven(
    x: Tensor,
    kernel: int | Shape,
    stride: int | Shape | None,
    padding: Padding,
    scope: str,
    pool: Callable[[MaxPool], _Pool],
    *,
    pad_counts: bool = False,
) -> Tensor:
    """Place a pooling whose padding differs between the two sides of an axis.

    It is an even one where that has the same windows: of the padding before, the last window in part if need
    be. Else zeros that count are placed first; of a maximum, or a mean without them, windows are cut.

    Raises:
        ShapeError: If that cannot be, or the padding is more than half the kernel.
    """
    check_map(x, "pooling")
    extent, sizes = x.shape[1:], per_axis(kernel, x.rank, "kernel")
    step = sizes if stride is None else per_axis(stride, x.rank, "stride")
    before, after = both_sides(padding, extent, sizes, step, (1,) * x.rank)
    both = tuple(map(max, before, after))
    _check_half(sizes, both)
    axes = zip(extent, sizes, step, before, after, strict=True)
    wanted = tuple([(n + b + a - k) // s + 1 for n, k, s, b, a in axes])
    zero = (0,) * x.rank
    for ceil in (False,) if pad_counts else (False, True):
        even = pool(MaxPool(sizes, step, before, ceil))
        if _windows(even, extent) == wanted and not (ceil and isinstance(even, PaddedAvgPool)):
            return place(even, x, scope)
    if pad_counts:
        wide = surrounded(x, before, after, scope=scope)
        return place(AvgPool(sizes, step, zero, False), wide, scope)
    ahead = [divmod(p - b, s) for p, b, s in zip(both, before, step, strict=True)]
    if not any(rest for _, rest in ahead):
        first, even = tuple([skipped for skipped, _ in ahead]), pool(MaxPool(sizes, step, both, False))
    else:
        first, even = zero, pool(MaxPool(sizes, step, before, True))
    made, stop = _windows(even, extent), tuple(map(sum, zip(first, wanted, strict=True)))
    if not made or any(m < n for m, n in zip(made, stop, strict=True)) or isinstance(even, PaddedAvgPool):
        pairs = [list(pair) for pair in zip(before, after, strict=True)]
        law = f"windows of {list(sizes)} at stride {list(step)} cannot have padding {pairs}"
        raise ShapeError(f"{law}; place it by a row `pad`, whose zeros count")
    return place(Crop(first, stop), place(even, x, scope), scope)


def _windows(pool: _Pool, extent: Shape) -> Shape:
    """Return how many windows a pooling has along each axis; none where none fits."""
    try:
        return pool.shape((1, *extent))[1:]
    except ShapeError:
        return ()


def window_text(values: dict[str, str], options: list[str]) -> str:
    """Return the kernel, then stride and padding unless they are the kernel and none, then the options."""
    stride = [] if values["stride"] == values["kernel"] else [f"stride={values['stride']}"]
    padding = [] if values["padding"] == "0" else [f"padding={values['padding']}"]
    return ", ".join([values["kernel"], *stride, *padding, *options])
