"""Masked convolution: it reads only what stands before its centre, line by line."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Shape, Steps, Tensor, Workload, place
from ..memory_use import Footprint, Size
from .convolution import Conv, check_channels, conv_window, zero_padded

__all__ = ["MaskedConvA", "MaskedConvB", "masked_conv"]


class MaskedConvA(Conv):
    """y = (M W) * x + b; M is 1 before the centre of the window, in raster order, and 0 from there on.

    With mask A the centre itself is hidden, as in the first layer of a PixelCNN (van den Oord et al. 2016,
    "Pixel recurrent neural networks", section 3.4). Parameters and macs are those of the dense convolution
    that PyTorch runs, hidden weights included.
    """

    kind: ClassVar[str] = "masked"
    helper: ClassVar[str] = "MaskedConv"
    workload: ClassVar[Workload] = "rare convolution"
    latency_class: ClassVar[str] = "masked conv"
    example: ClassVar[Example] = Example((8, 12, (3, 3), (1, 1), (1, 1), (1, 1), 1, True))
    mask: ClassVar[str] = "A"

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input and the weights with zeros in them."""
        weights = Size(fixed=prod(self.kernel) * self.inputs * self.outputs)
        return (
            Footprint(saves=(0,), keeps=weights, backward=weights) if training else Footprint(during=weights)
        )

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return the extent that is not hidden: along the first axis what stands before, with the centre."""
        first, *rest = self.kernel
        centre = bool(rest) or self.mask == "B"
        return (first // 2 + centre, *rest), self.stride

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return the middle of that extent, which ends at the first element of the map or before it."""
        first, *rest = kernel
        return Fraction(first - 1, 2) - self.kernel[0] // 2, *(0,) * len(rest)

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `MaskedConv(nn.ConvNd(...), "A")`."""
        return f'MaskedConv({super().module(values, rank)}, "{self.mask}")'


class MaskedConvB(MaskedConvA):
    """The same with mask B, which keeps the centre: the layers of a PixelCNN after the first."""

    mask: ClassVar[str] = "B"


def masked_conv(
    x: Tensor, *, width: int, kernel: int | Shape, mask: str, bias: bool, scope: str = ""
) -> Tensor:
    """Place a masked convolution that keeps the extent of the map.

    Raises:
        ShapeError: If the map is flat, mask A leaves nothing to read, or the style pads with others
            than zeros.
    """
    check_channels(x, width)
    window = zero_padded(x, conv_window(kernel, 1, "same", 1, x.rank), "a masked convolution")
    if mask == "a" and set(window[0]) == {1}:
        raise ShapeError("mask a hides the centre, which is all that a kernel of 1 reads")
    op = MaskedConvA if mask == "a" else MaskedConvB
    return place(op(x.channels, width, *window, 1, bias, x.style.init), x, scope)
