"""Published networks in plain PyTorch, written from their papers and the form in common use.

They know nothing of the catalog, and return what its networks of these names return. Layers are registered in
the order of the tables' rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from .cells import DartsV2
from .dense import Darknet53, DCGANGenerator, DenseNet201, QuartzNet
from .inception import InceptionV3, Xception
from .mobile import FBNetC, ShuffleNetV2, efficientnet, mobilenet_v3_small
from .residual import DeepLabV3, R2Plus1D, RegNetY, RepVGG, Res2Net


class Reference(NamedTuple):
    """How a network is made, and the input on which it is compared."""

    make: Callable[[], nn.Module]
    input: tuple[int, ...]


REFERENCES = {
    "darknet53": Reference(Darknet53, (3, 64, 64)),
    "darts-v2": Reference(DartsV2, (3, 16, 16)),
    "dcgan-generator": Reference(DCGANGenerator, (100, 1, 1)),
    "deeplabv3-resnet50": Reference(DeepLabV3, (3, 33, 33)),
    "densenet201": Reference(DenseNet201, (3, 64, 64)),
    "efficientnet-b1": Reference(lambda: efficientnet(width=1.0, depth=1.1), (3, 64, 64)),
    "fbnet-c": Reference(FBNetC, (3, 64, 64)),
    "inceptionv3": Reference(InceptionV3, (3, 99, 99)),
    "mobilenetv3-small": Reference(mobilenet_v3_small, (3, 64, 64)),
    "quartznet15x5": Reference(QuartzNet, (64, 40)),
    "r2plus1d-18": Reference(R2Plus1D, (3, 8, 32, 32)),
    "regnety-400mf": Reference(RegNetY, (3, 64, 64)),
    "repvgg-a0": Reference(RepVGG, (3, 64, 64)),
    "res2net50-26w-4s": Reference(Res2Net, (3, 64, 64)),
    "shufflenetv2-x0.5": Reference(ShuffleNetV2, (3, 64, 64)),
    "xception": Reference(Xception, (3, 75, 75)),
}
