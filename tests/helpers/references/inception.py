"""Networks of parallel branches, and Xception."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from .parts import Classifier, Concat

Pair = int | tuple[int, int]


def conv(inputs: int, outputs: int, kernel: Pair, stride: int = 1, padding: Pair = 0) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs, 1e-3),
        nn.ReLU(),
    )


def wide(inputs: int, outputs: int, size: int = 7) -> nn.Sequential:
    """1xn."""
    return conv(inputs, outputs, (1, size), padding=(0, size // 2))


def tall(inputs: int, outputs: int, size: int = 7) -> nn.Sequential:
    """nx1."""
    return conv(inputs, outputs, (size, 1), padding=(size // 2, 0))


def pool(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(3, 1, 1), conv(inputs, outputs, 1))


def mixed5(inputs: int, pooled: int) -> Concat:
    return Concat(
        conv(inputs, 64, 1),
        nn.Sequential(conv(inputs, 48, 1), conv(48, 64, 5, padding=2)),
        nn.Sequential(conv(inputs, 64, 1), conv(64, 96, 3, padding=1), conv(96, 96, 3, padding=1)),
        pool(inputs, pooled),
    )


def mixed6(width: int) -> Concat:
    return Concat(
        conv(768, 192, 1),
        nn.Sequential(conv(768, width, 1), wide(width, width), tall(width, 192)),
        nn.Sequential(
            conv(768, width, 1), tall(width, width), wide(width, width), tall(width, width), wide(width, 192)
        ),
        pool(768, 192),
    )


def mixed7(inputs: int) -> Concat:
    def pair() -> Concat:
        return Concat(wide(384, 384, 3), tall(384, 384, 3))

    return Concat(
        conv(inputs, 320, 1),
        nn.Sequential(conv(inputs, 384, 1), pair()),
        nn.Sequential(conv(inputs, 448, 1), conv(448, 384, 3, padding=1), pair()),
        pool(inputs, 192),
    )


class InceptionV3(Classifier):
    """Szegedy et al. 2015, table 1, as the authors' code has it."""

    def __init__(self) -> None:
        super().__init__(
            nn.Sequential(
                conv(3, 32, 3, 2),
                conv(32, 32, 3),
                conv(32, 64, 3, padding=1),
                nn.MaxPool2d(3, 2),
                conv(64, 80, 1),
                conv(80, 192, 3),
                nn.MaxPool2d(3, 2),
                mixed5(192, 32),
                mixed5(256, 64),
                mixed5(288, 64),
                Concat(
                    conv(288, 384, 3, 2),
                    nn.Sequential(conv(288, 64, 1), conv(64, 96, 3, padding=1), conv(96, 96, 3, 2)),
                    nn.MaxPool2d(3, 2),
                ),
                *[mixed6(width) for width in (128, 160, 160, 192)],
                Concat(
                    nn.Sequential(conv(768, 192, 1), conv(192, 320, 3, 2)),
                    nn.Sequential(conv(768, 192, 1), wide(192, 192), tall(192, 192), conv(192, 192, 3, 2)),
                    nn.MaxPool2d(3, 2),
                ),
                mixed7(1280),
                mixed7(2048),
            ),
            nn.Linear(2048, 1000),
        )


def keras_norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=0.001, momentum=0.01)


def separable(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        keras_norm(outputs),
    )


class Module(nn.Module):
    """x + f(x), f = separable convolutions, each behind a ReLU; strided: x projected, f with a maximum."""

    def __init__(self, *widths: int, strided: bool = False, first_act: bool = True) -> None:
        super().__init__()
        self.short = nn.Sequential()
        if strided:
            self.short.append(nn.Conv2d(widths[0], widths[-1], 1, 2, bias=False))
            self.short.append(keras_norm(widths[-1]))
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.ReLU(), separable(inputs, outputs)]
        self.layers = nn.Sequential(*layers[0 if first_act else 1 :])
        if strided:
            self.layers.append(nn.MaxPool2d(3, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.short(x) + self.layers(x)


class Xception(Classifier):
    """Chollet 2016, figure 5."""

    def __init__(self) -> None:
        def stem(inputs: int, outputs: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride, bias=False), keras_norm(outputs), nn.ReLU()
            )

        super().__init__(
            nn.Sequential(
                stem(3, 32, 2),
                stem(32, 64, 1),
                Module(64, 128, 128, strided=True, first_act=False),
                Module(128, 256, 256, strided=True),
                Module(256, 728, 728, strided=True),
                *[Module(728, 728, 728, 728) for _ in range(8)],
                Module(728, 728, 1024, strided=True),
                separable(1024, 1536),
                nn.ReLU(),
                separable(1536, 2048),
                nn.ReLU(),
            ),
            nn.Linear(2048, 1000),
        )
