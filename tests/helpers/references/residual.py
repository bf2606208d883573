"""Residual networks: by width formulas, over scales, in space and time, dilated, and to be folded."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .parts import Add, Classifier, Concat, Gate, conv_bn


class RegNetY(Classifier):
    """Radosavovic et al. 2020, RegNetY-400MF: 1, 3, 6 and 6 blocks, groups of 8, gates of a quarter."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [conv_bn(3, 32, 3, 2)]
        channels = 32
        for width, depth in ((48, 1), (104, 3), (208, 6), (440, 6)):
            for index in range(depth):
                stride = 1 if index else 2
                f = nn.Sequential(
                    conv_bn(channels, width),
                    conv_bn(width, width, 3, stride, groups=width // 8),
                    Gate(width, round(channels / 4), nn.ReLU, nn.Sigmoid),
                    conv_bn(width, width, act=None),
                )
                short = nn.Identity() if index else conv_bn(channels, width, 1, stride, act=None)
                layers += [Add(short, f), nn.ReLU()]
                channels = width
        super().__init__(nn.Sequential(*layers), nn.Linear(440, 1000))


class RepVGG(Classifier):
    """Ding et al. 2021, RepVGG-A0 as trained."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        channels = 3
        for width, depth in ((48, 1), (48, 2), (96, 4), (192, 14), (1280, 1)):
            for index in range(depth):
                stride = 1 if index else 2
                branches = [
                    conv_bn(channels, width, 3, stride, act=None),
                    conv_bn(channels, width, 1, stride, act=None),
                ]
                layers += [Add(*([nn.BatchNorm2d(width)] if index else []), *branches), nn.ReLU()]
                channels = width
        super().__init__(nn.Sequential(*layers), nn.Linear(1280, 1000))


class Scales(nn.Module):
    """Four shares of the channels: three pass a 3x3, each with the result of the share before added to it."""

    def __init__(self, scale: int, stride: int, *, first: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv_bn(scale, scale, 3, stride) for _ in range(3))
        self.pool = nn.AvgPool2d(3, stride, 1) if first else None

    def forward(self, x: Tensor) -> Tensor:
        *shares, last = x.chunk(4, 1)
        outputs: list[Tensor] = []
        for share, conv in zip(shares, self.convs, strict=True):
            outputs.append(conv(share if self.pool or not outputs else share + outputs[-1]))
        return torch.cat([*outputs, self.pool(last) if self.pool else last], 1)


class Res2Net(Classifier):
    """Gao et al. 2019, Res2Net-50, 26w x 4s."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [conv_bn(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
        channels = 64
        for width, scale, depth, stage_stride in (
            (256, 26, 3, 1),
            (512, 52, 4, 2),
            (1024, 104, 6, 2),
            (2048, 208, 3, 2),
        ):
            for index in range(depth):
                stride = 1 if index else stage_stride
                f = nn.Sequential(
                    conv_bn(channels, 4 * scale),
                    Scales(scale, stride, first=index == 0),
                    conv_bn(4 * scale, width, act=None),
                )
                short = nn.Identity() if index else conv_bn(channels, width, 1, stride, act=None)
                layers += [Add(short, f), nn.ReLU()]
                channels = width
        super().__init__(nn.Sequential(*layers), nn.Linear(2048, 1000))


def spatial_then_temporal(inputs: int, middle: int, outputs: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv3d(inputs, middle, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(),
        nn.Conv3d(middle, outputs, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False),
        nn.BatchNorm3d(outputs),
    ]


class R2Plus1D(Classifier):
    """Tran et al. 2018, R(2+1)D with 18 layers."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [
            nn.Conv3d(3, 45, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
            nn.BatchNorm3d(45),
            nn.ReLU(),
            nn.Conv3d(45, 64, (3, 1, 1), padding=(1, 0, 0), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(),
        ]
        channels = 64
        for width, stage_stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            for index in range(2):
                stride = 1 if index else stage_stride
                middle = (channels * width * 3 * 3 * 3) // (channels * 3 * 3 + 3 * width)
                f = nn.Sequential(
                    *spatial_then_temporal(channels, middle, width, stride),
                    nn.ReLU(),
                    *spatial_then_temporal(width, middle, width, 1),
                )
                short: nn.Module = nn.Identity()
                if stride > 1:
                    projection = nn.Conv3d(channels, width, 1, stride, bias=False)
                    short = nn.Sequential(projection, nn.BatchNorm3d(width))
                layers += [Add(short, f), nn.ReLU()]
                channels = width
        super().__init__(nn.Sequential(*layers), nn.Linear(512, 400))


class ImagePooling(nn.Module):
    """The mean of a map through a 1x1 convolution, at each of its positions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv_bn(2048, 256)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])


class DeepLabV3(nn.Module):
    """Chen et al. 2017 on ResNet-50 at an output stride of 8, with an auxiliary head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(
            self.stage(64, 64, 3, stride=1, dilations=(1, 1)),
            self.stage(256, 128, 4, stride=2, dilations=(1, 1)),
            self.stage(512, 256, 6, stride=1, dilations=(1, 2)),
        )
        self.last = self.stage(1024, 512, 3, stride=1, dilations=(2, 4))
        pyramid = [conv_bn(2048, 256, 3, dilation=rate) for rate in (12, 24, 36)]
        self.head = nn.Sequential(
            Concat(conv_bn(2048, 256), *pyramid, ImagePooling()),
            conv_bn(5 * 256, 256),
            conv_bn(256, 256, 3),
            nn.Conv2d(256, 21, 1),
        )
        self.aux = nn.Sequential(conv_bn(1024, 256, 3), nn.Conv2d(256, 21, 1))

    @staticmethod
    def stage(
        channels: int, inner: int, depth: int, *, stride: int, dilations: tuple[int, int]
    ) -> nn.Sequential:
        """Bottlenecks; the first one has the dilation of the stage before."""
        layers: list[nn.Module] = []
        for index in range(depth):
            step, dilation = (1, dilations[1]) if index else (stride, dilations[0])
            f = nn.Sequential(
                conv_bn(channels, inner),
                conv_bn(inner, inner, 3, step, dilation=dilation),
                conv_bn(inner, 4 * inner, act=None),
            )
            short = nn.Identity() if index else conv_bn(channels, 4 * inner, 1, step, act=None)
            layers += [Add(short, f), nn.ReLU()]
            channels = 4 * inner
        return nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(self.stem(x))
        scores, aux = self.head(self.last(features)), self.aux(features)
        size = x.shape[2:]
        return (
            F.interpolate(scores, size, mode="bilinear", align_corners=False),
            F.interpolate(aux, size, mode="bilinear", align_corners=False),
        )
