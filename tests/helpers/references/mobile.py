"""Inverted residuals, with and without gates, and shuffled channels."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn

from .parts import Activation, Classifier, Gate, conv_bn


def divisible(x: float, divisor: int = 8) -> int:
    """The nearest multiple, one more where that loses over a tenth (MobileNet's code)."""
    nearest = max(divisor, int(x + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * x else nearest


class Inverted(nn.Sequential):
    """1x1 expand (unless as wide as x), depthwise, gate, linear 1x1; x is added where the shape is kept."""

    def __init__(
        self,
        inputs: int,
        expanded: int,
        outputs: int,
        kernel: int,
        stride: int,
        *,
        act: Activation = nn.ReLU,
        gate: nn.Module | None = None,
        always_expand: bool = False,
        eps: float = 1e-5,
    ) -> None:
        expands = always_expand or expanded != inputs
        super().__init__(
            *[conv_bn(inputs, expanded, act=act, eps=eps)] * expands,
            conv_bn(expanded, expanded, kernel, stride, groups=expanded, act=act, eps=eps),
            *([gate] if gate else []),
            conv_bn(expanded, outputs, act=None, eps=eps),
        )
        self.kept = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return x + y if self.kept else y


def efficientnet(width: float, depth: float) -> Classifier:
    """Tan and Le 2019, table 1, scaled; batch norms with epsilon 0.001."""
    channels = divisible(32 * width)
    layers: list[nn.Module] = [conv_bn(3, channels, 3, 2, act=nn.SiLU, eps=1e-3)]
    for expand, outputs, repeats, kernel, stride in (
        (1, 16, 1, 3, 1),
        (6, 24, 2, 3, 2),
        (6, 40, 2, 5, 2),
        (6, 80, 3, 3, 2),
        (6, 112, 3, 5, 1),
        (6, 192, 4, 5, 2),
        (6, 320, 1, 3, 1),
    ):
        for index in range(ceil(repeats * depth)):
            expanded = expand * channels
            layers.append(
                Inverted(
                    channels,
                    expanded,
                    divisible(outputs * width),
                    kernel,
                    1 if index else stride,
                    act=nn.SiLU,
                    gate=Gate(expanded, channels // 4, nn.SiLU, nn.Sigmoid),
                    eps=1e-3,
                )
            )
            channels = divisible(outputs * width)
    layers.append(conv_bn(channels, 4 * channels, act=nn.SiLU, eps=1e-3))
    return Classifier(nn.Sequential(*layers), nn.Linear(4 * channels, 1000))


def mobilenet_v3_small() -> Classifier:
    """Howard et al. 2019, table 2; batch norms with epsilon 0.001."""
    layers: list[nn.Module] = [conv_bn(3, 16, 3, 2, act=nn.Hardswish, eps=1e-3)]
    channels = 16
    for kernel, expanded, outputs, gated, act, stride in (
        (3, 16, 16, True, nn.ReLU, 2),
        (3, 72, 24, False, nn.ReLU, 2),
        (3, 88, 24, False, nn.ReLU, 1),
        (5, 96, 40, True, nn.Hardswish, 2),
        (5, 240, 40, True, nn.Hardswish, 1),
        (5, 240, 40, True, nn.Hardswish, 1),
        (5, 120, 48, True, nn.Hardswish, 1),
        (5, 144, 48, True, nn.Hardswish, 1),
        (5, 288, 96, True, nn.Hardswish, 2),
        (5, 576, 96, True, nn.Hardswish, 1),
        (5, 576, 96, True, nn.Hardswish, 1),
    ):
        gate = Gate(expanded, divisible(expanded / 4), nn.ReLU, nn.Hardsigmoid) if gated else None
        layers.append(Inverted(channels, expanded, outputs, kernel, stride, act=act, gate=gate, eps=1e-3))
        channels = outputs
    layers.append(conv_bn(96, 576, act=nn.Hardswish, eps=1e-3))
    return Classifier(nn.Sequential(*layers), nn.Linear(576, 1024), nn.Hardswish(), nn.Linear(1024, 1000))


class FBNetC(Classifier):
    """Wu et al. 2019, table 1 and figure 4: kernel, expansion, width of 22 blocks."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [conv_bn(3, 16, 3, 2)]
        channels = 16
        for blocks, first_stride in (
            ("k3e1w16", 1),
            ("k3e6w24 k3e1w24 k3e1w24", 2),
            ("k5e6w32 k5e3w32 k5e6w32 k3e6w32", 2),
            ("k5e6w64 k5e3w64 k5e6w64 k5e6w64", 2),
            ("k5e6w112 k5e6w112 k5e6w112 k5e3w112", 1),
            ("k5e6w184 k5e6w184 k5e6w184 k5e6w184", 2),
            ("k3e6w352", 1),
        ):
            for index, block in enumerate(blocks.split()):
                kernel, expand, width = int(block[1]), int(block[3]), int(block[5:])
                stride = 1 if index else first_stride
                layers.append(
                    Inverted(channels, expand * channels, width, kernel, stride, always_expand=True)
                )
                channels = width
        layers.append(conv_bn(352, 1984))
        super().__init__(nn.Sequential(*layers), nn.Linear(1984, 1000))


class ShuffleUnit(nn.Module):
    """Ma et al. 2018, figure 3 (c), and (d) with a stride."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        half = outputs // 2
        self.strided = stride > 1
        if self.strided:
            self.short = nn.Sequential(
                conv_bn(inputs, inputs, 3, stride, groups=inputs, act=None), conv_bn(inputs, half)
            )
        self.long = nn.Sequential(
            conv_bn(inputs if self.strided else half, half),
            conv_bn(half, half, 3, stride, groups=half, act=None),
            conv_bn(half, half),
        )

    def forward(self, x: Tensor) -> Tensor:
        short, long = (self.short(x), x) if self.strided else x.chunk(2, 1)
        y = torch.stack([short, self.long(long)], 2)  # one channel of each in turn
        return y.flatten(1, 2)


class ShuffleNetV2(Classifier):
    """Ma et al. 2018, table 5, 0.5x."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [conv_bn(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)]
        channels = 24
        for width, depth in ((48, 4), (96, 8), (192, 4)):
            for index in range(depth):
                layers.append(ShuffleUnit(channels, width, 1 if index else 2))
                channels = width
        layers.append(conv_bn(192, 1024))
        super().__init__(nn.Sequential(*layers), nn.Linear(1024, 1000))
