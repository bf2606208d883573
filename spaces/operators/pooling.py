"""Pooling: maximum and average over windows, and over the whole map."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Totals, Workload, check_map, make, per_axis, place
from ..memory_use import SAVES_INPUT, Footprint, Size
from .convolution import resolve_padding, window_size

__all__ = ["AvgPool", "GlobalAvgPool", "GlobalMaxPool", "InnerAvgPool", "MaxPool"]
__all__ += ["avgpool", "global_avgpool", "global_maxpool", "maxpool"]


class _Pool(Op):
    """A window that slides over each channel by itself."""

    kernel: Shape
    stride: Shape
    padding: Shape
    ceil: bool
    function: ClassVar[str]
    workload: ClassVar[Workload] = "windows"
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

    def helpers(self) -> tuple[str, ...]:
        """Return the function for padded 3-D maps: PyTorch's own refuses those smaller than the kernel."""
        return ("avg_pool3d",) if len(self.kernel) == 3 and any(self.padding) else ()

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.avg_pool2d(x, ...)` or its like, and `avg_pool3d(x, ...)` for a padded 3-D map."""
        text = super().call(arguments, values, rank)
        return text.removeprefix("F.") if rank == 3 and values["padding"] != "0" else text

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return K - 1 additions and a division per window."""
        return make(Totals, (0, 0, prod(self.kernel) * prod(output), 0))


class InnerAvgPool(AvgPool):
    """The mean of each window's elements on the map: zeros of the padding do not count."""

    latency_class: ClassVar[str] = "avgpool"

    def options(self, values: dict[str, str]) -> list[str]:
        """Return the options that follow the padding."""
        return [*super().options(values), "count_include_pad=False"]


class _GlobalPool(Op):
    """One number for each channel's whole map."""

    windowed: ClassVar[type[_Pool]]
    whole: ClassVar[bool] = True
    workload: ClassVar[Workload] = "channels"

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
    padding: int | Shape | str = "same",
    scope: str = "",
) -> Tensor:
    """Place a maximum pooling; the stride is the kernel unless given; `ceil` keeps a last part window."""
    return place(pool_window(x, kernel, stride, padding), x, scope)


def avgpool(
    x: Tensor,
    *,
    kernel: int | Shape = 2,
    stride: int | Shape | None = None,
    padding: int | Shape | str = "same",
    pad_counts: bool = True,
    scope: str = "",
) -> Tensor:
    """Place an average pooling; arguments as for `maxpool`, and whether zeros of the padding count."""
    window = pool_window(x, kernel, stride, padding)
    op = AvgPool if pad_counts or not any(window.padding) else InnerAvgPool
    return place(op(*window), x, scope)


def global_avgpool(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the average over the whole map."""
    check_map(x, "pooling")
    return place(GlobalAvgPool(), x, scope)


def global_maxpool(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the maximum over the whole map."""
    check_map(x, "pooling")
    return place(GlobalMaxPool(), x, scope)


def pool_window(
    x: Tensor, kernel: int | Shape, stride: int | Shape | None, padding: int | Shape | str
) -> MaxPool:
    """Return the maximum pooling of a map.

    Raises:
        ShapeError: If the map is flat, or the padding is more than half the kernel.
    """
    check_map(x, "pooling")
    sizes = per_axis(kernel, x.rank, "kernel")
    sides = resolve_padding(padding, sizes, (1,) * x.rank)
    if any(2 * p > k for p, k in zip(sides, sizes, strict=True)):
        raise ShapeError(f"a pooling pads at most half its kernel {list(sizes)}, but got {list(sides)}")
    step = sizes if stride is None else per_axis(stride, x.rank, "stride")
    return MaxPool(sizes, step, sides, padding == "ceil")


def window_text(values: dict[str, str], options: list[str]) -> str:
    """Return the kernel, then stride and padding unless they are the kernel and none, then the options."""
    stride = [] if values["stride"] == values["kernel"] else [f"stride={values['stride']}"]
    padding = [] if values["padding"] == "0" else [f"padding={values['padding']}"]
    return ", ".join([values["kernel"], *stride, *padding, *options])
