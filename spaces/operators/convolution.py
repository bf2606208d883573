"""Convolution in 1, 2 and 3 dimensions: standard, strided, dilated, grouped, depthwise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import ClassVar, TypeAlias

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Totals, Workload, check_map, make, per_axis, place
from ..memory_use import SAVES_INPUT, Footprint
from ..values import shape_text
from .initializers import Initialised
from .pad import pad_before
from .padding import Padding, is_uneven, padded, resolve_padding

__all__ = ["Conv", "conv"]

IMAGE = 4
"""Up to how many channels an input counts as an image, for which kernels have a way of their own."""
Window: TypeAlias = tuple[Shape, Shape, Shape, Shape]
"""Kernel, stride, padding and dilation per axis."""


class Conv(Initialised):
    """y = W * x + b, with K C/g M parameters for kernel volume K, C inputs, M outputs and g groups."""

    inputs: int
    outputs: int
    kernel: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    groups: int
    bias: bool
    init: str | None = None
    kind: ClassVar[str] = "conv"
    stateful: ClassVar[bool] = True
    weighted: ClassVar[bool] = True
    footprint: ClassVar[Footprint] = SAVES_INPUT
    workload: ClassVar[Workload] = "convolution"
    example: ClassVar[Example] = Example((8, 12, (3, 3), (2, 2), (1, 1), (1, 1), 4, True))

    def shape(self, *inputs: Shape) -> Shape:
        """Return (M, floor((N + 2P - D(K - 1) - 1) / S) + 1) per axis."""
        return self.outputs, *window_size(
            inputs[0][1:], self.kernel, self.stride, self.padding, self.dilation
        )

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return (K C / g + 1) M parameters; for every element written K C / g macs, and the bias."""
        fan_in = prod(self.kernel) * self.inputs // self.groups
        written = prod(output)
        return make(
            Totals,
            ((fan_in + self.bias) * self.outputs, fan_in * written, written if self.bias else 0, written),
        )

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return it with dilation 1 along axes of one weight, and stride 1 where its window cannot move."""
        if type(self) is not Conv or set(self.dilation) | set(self.stride) == {1}:
            return self
        dilation = tuple([d if k > 1 else 1 for d, k in zip(self.dilation, self.kernel, strict=True)])
        window = window_size(inputs[0][1:], self.kernel, (1,) * len(self.kernel), self.padding, self.dilation)
        stride = tuple([s if n > 1 else 1 for s, n in zip(self.stride, window, strict=True)])
        return self._replace(dilation=dilation, stride=stride)

    def timed_as(self, output: Shape) -> str:
        """Return what kernels distinguish: depthwise, grouped, 1x1, of an image, not of two axes."""
        if type(self) is not Conv:
            return super().timed_as(output)
        if len(output) != 3:
            return f"conv {len(output) - 1}-d"
        if self.groups > 1:
            return "conv depthwise" if self.groups == self.inputs else "conv grouped"
        if self.inputs <= IMAGE:
            return "conv of an image"
        return "conv 1x1" if prod(self.kernel) == 1 else "conv"

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return the extent D(K - 1) + 1 and the stride."""
        return tuple([d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]), self.stride

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.ConvNd(...)`."""
        return self.started(constructor(f"nn.Conv{rank}d", values, _DEFAULTS))


_DEFAULTS = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1", "bias": "True"}


def constructor(name: str, values: dict[str, str], defaults: Mapping[str, str]) -> str:
    """Return the text that makes a convolution of PyTorch; options at their defaults are left out."""
    options = [f"{key}={values[key]}" for key, default in defaults.items() if values[key] != default]
    return f"{name}({', '.join([values['inputs'], values['outputs'], values['kernel'], *options])})"


def conv(
    x: Tensor,
    *,
    width: int,
    kernel: int | Shape = 3,
    stride: int | Shape = 1,
    padding: Padding = "same",
    dilation: int | Shape = 1,
    groups: int = 1,
    bias: bool,
    init: str | None = None,
    scope: str = "",
) -> Tensor:
    """Place a convolution of `width` outputs; its weights start as `init` says, or in the network's way.

    `same` pads D(K - 1) / 2 on both sides: an odd kernel gives ceil(N / S). `valid` pads nothing, `full`
    D(K - 1) on both sides: N - D(K - 1) and N + D(K - 1) at stride 1. `causal` pads D(K - 1) before the first
    step of a 1-D map: no output looks ahead (van den Oord et al. 2016, WaveNet, fig. 2). `same_upper` gives
    ceil(N / S) and pads the end by one more where the two sides differ; pairs are (before, after).

    Raises:
        ShapeError: If the groups do not divide the channels, the map is flat, the kernel exceeds the map, or
            the padding is more than its mode can take from the map.
    """
    check_channels(x, width, groups)
    if padding == "causal":
        x, padding = _look_back(x, kernel, dilation, scope), "valid"
    elif x.trace.style.padding_mode != "zeros" or is_uneven(padding):
        x, padding = padded_for(x, kernel, stride, padding, dilation, scope)
    shape, start = x.shape, init or x.trace.style.init
    window = conv_window(kernel, stride, padding, dilation, len(shape) - 1)
    return place(make(Conv, (shape[0], width, *window, groups, bias, start)), x, scope)


def check_channels(x: Tensor, width: int, groups: int = 1) -> None:
    """Raise unless a convolution of so many outputs and groups can read a map."""
    inputs = x.shape[0]
    check_map(x, "a convolution")
    if inputs % groups or width % groups:
        raise ShapeError(f"{groups} groups must divide both {inputs} input and {width} output channels")


def padded_for(
    x: Tensor,
    kernel: int | Shape,
    stride: int | Shape,
    padding: Padding,
    dilation: int | Shape,
    scope: str,
) -> tuple[Tensor, Shape]:
    """Place the padding that a convolution cannot have itself; return the map, and what is left to it."""
    sizes, steps, rates = (
        per_axis(value, x.rank, what)
        for value, what in ((kernel, "kernel"), (stride, "stride"), (dilation, "dilation"))
    )
    return padded(
        x, kernel=sizes, stride=steps, padding=padding, dilation=rates, mode=x.style.padding_mode, scope=scope
    )


def _look_back(x: Tensor, kernel: int | Shape, dilation: int | Shape, scope: str) -> Tensor:
    """Place the padding of a causal convolution."""
    mode = x.style.padding_mode
    if mode not in ("zeros", "replicate"):
        raise ShapeError(f"causal padding is zeros or replicate; padding_mode {mode} would look ahead")
    if x.rank != 1:
        raise ShapeError(f"causal padding needs a 1-D map, but got {shape_text(x.shape)}")
    (size,), (rate,) = per_axis(kernel, 1, "kernel"), per_axis(dilation, 1, "dilation")
    return pad_before(x, rate * (size - 1), mode, scope=scope)


def zero_padded(x: Tensor, window: Window, what: str) -> Window:
    """Return the window of a convolution that cannot pad with anything but zeros.

    Raises:
        ShapeError: If it pads where the style says otherwise.
    """
    if x.style.padding_mode != "zeros" and any(window[2]):
        law = f"{what} pads with zeros alone, not {x.style.padding_mode}"
        raise ShapeError(f"{law}; write `padding_mode: zeros` in its row")
    return window


@lru_cache(maxsize=4096)
def conv_window(
    kernel: int | Shape, stride: int | Shape, padding: Padding, dilation: int | Shape, rank: int
) -> Window:
    """Return kernel, stride, padding and dilation per axis."""
    sizes = per_axis(kernel, rank, "kernel")
    dilations = per_axis(dilation, rank, "dilation")
    sides = resolve_padding(padding, sizes, dilations)
    return sizes, per_axis(stride, rank, "stride"), sides, dilations


@lru_cache(maxsize=65536)
def window_size(
    extent: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil: bool = False
) -> Shape:
    """Return the number of windows along each axis: floor((N + 2P - D(K - 1) - 1) / S) + 1.

    With `ceil`, a last window that hangs over the end counts when it starts inside the map or its left
    padding (the rule of PyTorch's `ceil_mode`).

    Raises:
        ShapeError: If the kernel is larger than the padded map.
    """
    sizes = []
    for n, k, s, p, d in zip(extent, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        if room < 0:
            raise ShapeError(
                f"a window of {d * (k - 1) + 1} does not fit the map {shape_text(extent)} with padding {p}"
            )
        size = -(-room // s) + 1 if ceil else room // s + 1
        if ceil and (size - 1) * s >= n + p:
            size -= 1
        sizes.append(size)
    return tuple(sizes)
