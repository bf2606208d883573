"""Chains of layers and dense blocks."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from .parts import Add, Classifier, conv_bn


class Darknet53(Classifier):
    """Redmon and Farhadi 2018, table 1."""

    def __init__(self) -> None:
        conv = partial(conv_bn, act=partial(nn.LeakyReLU, 0.1))
        layers: list[nn.Module] = [conv(3, 32, 3)]
        for width, depth in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
            layers.append(conv(width // 2, width, 3, 2))
            layers += [
                Add(nn.Identity(), nn.Sequential(conv(width, width // 2), conv(width // 2, width, 3)))
                for _ in range(depth)
            ]
        super().__init__(nn.Sequential(*layers), nn.Linear(1024, 1000))


class DenseLayer(nn.Sequential):
    """[x, f(x)], f = norm, ReLU, 1x1 to 128, norm, ReLU, 3x3 to 32."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 32, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], 1)


class DenseNet201(Classifier):
    """Huang et al. 2017, table 1."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [conv_bn(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
        channels = 64
        for depth in (6, 12, 48, 32):
            if len(layers) > 2:
                layers += [nn.BatchNorm2d(channels), nn.ReLU()]
                layers += [nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
                channels //= 2
            layers += [DenseLayer(channels + 32 * index) for index in range(depth)]
            channels += 32 * depth
        layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        super().__init__(nn.Sequential(*layers), nn.Linear(channels, 1000))


class DCGANGenerator(nn.Sequential):
    """Radford et al. 2015, figure 1, with 64 channels before the image."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in ((100, 512), (512, 256), (256, 128), (128, 64)):
            stride, padding = (2, 1) if layers else (1, 0)
            layers.append(nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False))
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        super().__init__(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())


def separable(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """A depthwise convolution over time, a pointwise one, batch norm."""
    padding = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv1d(inputs, inputs, kernel, stride, padding, dilation, inputs, bias=False),
        nn.Conv1d(inputs, outputs, 1, bias=False),
        nn.BatchNorm1d(outputs, 1e-3),
    )


class QuartzNet(nn.Sequential):
    """Kriman et al. 2019, table 1, 15x5: five blocks, each three times, of five separable convolutions."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [separable(64, 256, 33, 2), nn.ReLU()]
        channels = 256
        for kernel, width in ((33, 256), (39, 256), (51, 512), (63, 512), (75, 512)):
            for _ in range(3):
                rows: list[nn.Module] = []
                for row in range(5):
                    rows += [separable(width if row else channels, width, kernel), nn.ReLU()]
                short = nn.Sequential(nn.Conv1d(channels, width, 1, bias=False), nn.BatchNorm1d(width, 1e-3))
                layers += [Add(nn.Sequential(*rows[:-1]), short), nn.ReLU()]
                channels = width
        layers += [separable(512, 512, 87, dilation=2), nn.ReLU()]
        layers += [nn.Conv1d(512, 1024, 1, bias=False), nn.BatchNorm1d(1024, 1e-3), nn.ReLU()]
        super().__init__(*layers, nn.Conv1d(1024, 29, 1))
