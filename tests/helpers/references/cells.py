"""Networks of searched cells."""

from __future__ import annotations

import torch
from torch import Tensor, nn

NORMAL = (
    (("sep", 0), ("sep", 1)),
    (("sep", 0), ("sep", 1)),
    (("sep", 1), ("skip", 0)),
    (("skip", 0), ("dil", 2)),
)
REDUCTION = (
    (("max", 0), ("max", 1)),
    (("skip", 2), ("max", 1)),
    (("max", 0), ("skip", 2)),
    (("skip", 2), ("max", 1)),
)
"""The operations of the second-order cells, and what they read: 0 and 1 the inputs, 2 the first sum."""


def relu_conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


def depthwise(width: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, groups=width, bias=False),
        nn.Conv2d(width, width, 1, bias=False),
        nn.BatchNorm2d(width),
    )


def operation(kind: str, width: int, stride: int) -> nn.Module:
    if kind == "sep":
        return nn.Sequential(depthwise(width), depthwise(width))
    if kind == "dil":
        return depthwise(width, 2)
    return nn.MaxPool2d(3, stride, 1) if kind == "max" else nn.Identity()


class Halve(nn.Module):
    """Even positions and odd ones, half of the channels each."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.even, self.odd = (nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False) for _ in range(2))
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = x.relu()
        return self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], 1))


class Cell(nn.Module):
    """Four sums of two operations each, side by side."""

    def __init__(
        self, older: int, newer: int, width: int, *, reduction: bool, behind_reduction: bool
    ) -> None:
        super().__init__()
        self.newer = relu_conv(newer, width)
        self.older = Halve(older, width) if behind_reduction else relu_conv(older, width)
        genotype = REDUCTION if reduction else NORMAL
        self.pairs = [[index for _, index in pair] for pair in genotype]
        self.operations = nn.ModuleList(
            operation(kind, width, 2 if reduction and index < 2 else 1)
            for pair in genotype
            for kind, index in pair
        )

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        newer = self.newer(newer)
        states = [self.older(older), newer]
        operations = iter(self.operations)
        for left, right in self.pairs:
            states.append(next(operations)(states[left]) + next(operations)(states[right]))
        return torch.cat(states[2:], 1)


class DartsV2(nn.Module):
    """Liu et al. 2018, figures 4 and 5: 20 cells, 36 channels, for CIFAR-10."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 108, 3, padding=1, bias=False), nn.BatchNorm2d(108))
        older = newer = 108
        width, reduced = 36, False
        cells = []
        for index in range(20):
            reduction = index in (6, 13)
            width *= 1 + reduction
            cells.append(Cell(older, newer, width, reduction=reduction, behind_reduction=reduced))
            older, newer, reduced = newer, 4 * width, reduction
        self.cells = nn.ModuleList(cells)
        self.classifier = nn.Linear(4 * width, 10)

    def forward(self, x: Tensor) -> Tensor:
        older = newer = self.stem(x)
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        return self.classifier(newer.mean((2, 3)))
