"""Networks of the catalog against independent PyTorch modules: same weights, same costs, same outputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archscape.spaces import load_network
from archscape.spaces.codegen.build import build


def conv_norm(
    inputs: int,
    width: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
    bias: bool = False,
) -> list[nn.Module]:
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(inputs, width, kernel, stride, padding, dilation, groups, bias=bias)
    return [conv, nn.BatchNorm2d(width)]


class EDSR(nn.Module):
    """Lim et al. 2017, without the mean colour of the data."""

    def __init__(self, blocks: int, width: int, factor: float, doublings: int) -> None:
        super().__init__()
        self.factor = factor
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
            )
            for _ in range(blocks)
        )
        self.body = nn.Conv2d(width, width, 3, padding=1)
        ups = [
            nn.Sequential(nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2))
            for _ in range(doublings)
        ]
        self.tail = nn.Sequential(*ups, nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.head(x)
        y = x
        for block in self.blocks:
            y = y + block(y) * self.factor
        result: Tensor = self.tail(x + self.body(y))
        return result


class LayerScale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(1e-5 * torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.gamma[:, None, None] * x


class PoolFormerBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.scale1 = nn.GroupNorm(1, width), LayerScale(width)
        self.norm2 = nn.GroupNorm(1, width)
        self.mlp = nn.Sequential(nn.Conv2d(width, 4 * width, 1), nn.GELU(), nn.Conv2d(4 * width, width, 1))
        self.scale2 = LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        y = F.avg_pool2d(y, 3, 1, 1, count_include_pad=False) - y
        x = x + self.scale1(y)
        return x + self.scale2(self.mlp(self.norm2(x)))


class PoolFormer(nn.Module):
    """Yu et al. 2022."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for width, depth in zip(widths, depths, strict=True):
            layers.append(nn.Conv2d(inputs, width, *((7, 4, 2) if inputs == 3 else (3, 2, 1))))
            layers += [PoolFormerBlock(width) for _ in range(depth)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.GroupNorm(1, inputs))
        self.head = nn.Linear(inputs, 1000)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.layers(x).mean((2, 3)))
        return result


class SKBlock(nn.Module):
    """Li et al. 2019, figure 1, within a bottleneck."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        inner, hidden = width // 2, max(width // 32, 32)
        self.reduce = nn.Sequential(*conv_norm(inputs, inner, 1), nn.ReLU())
        self.kernels = nn.ModuleList(
            nn.Sequential(*conv_norm(inner, inner, 3, stride=stride, groups=32, dilation=d), nn.ReLU())
            for d in (1, 2)
        )
        self.fuse = nn.Sequential(*conv_norm(inner, hidden, 1), nn.ReLU())
        self.select = nn.Conv2d(hidden, 2 * inner, 1, bias=False)
        self.expand = nn.Sequential(*conv_norm(inner, width, 1))
        alike = stride == 1 and inputs == width
        self.short = nn.Sequential() if alike else nn.Sequential(*conv_norm(inputs, width, 1, stride=stride))

    def forward(self, x: Tensor) -> Tensor:
        y = self.reduce(x)
        u = torch.stack([kernel(y) for kernel in self.kernels], 1)
        s = self.select(self.fuse(u.sum(1).mean((2, 3), keepdim=True)))
        weights = s.view(len(x), 2, -1, 1, 1).softmax(1)
        return F.relu(self.expand((u * weights).sum(1)) + self.short(x))


class Bottlenecks(nn.Module):
    """ResNet-50 with another block."""

    def __init__(self, block: Callable[[int, int, int], nn.Module]) -> None:
        super().__init__()
        layers: list[nn.Module] = [*conv_norm(3, 64, 7, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        inputs = 64
        for width, depth, stride in ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2)):
            for number in range(depth):
                layers.append(block(inputs, width, 1 if number else stride))
                inputs = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, 1000)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.layers(x).mean((2, 3)))
        return result


def twice(inputs: int, width: int) -> nn.Sequential:
    layers = [*conv_norm(inputs, width, 3, bias=True), nn.ReLU(), *conv_norm(width, width, 3, bias=True)]
    return nn.Sequential(*layers, nn.ReLU())


class AttentionUp(nn.Module):
    """Oktay et al. 2018, figure 2, and the convolutions around it."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        width, inner = inputs // 2, inputs // 4
        self.enlarge = nn.Sequential(
            nn.Upsample(scale_factor=2), *conv_norm(inputs, width, 3, bias=True), nn.ReLU()
        )
        self.below = nn.Sequential(*conv_norm(width, inner, 1, bias=True))
        self.skip = nn.Sequential(*conv_norm(width, inner, 1, bias=True))
        self.weights = nn.Sequential(*conv_norm(inner, 1, 1, bias=True), nn.Sigmoid())
        self.convs = twice(inputs, width)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.enlarge(x)
        gated = skip * self.weights(F.relu(self.below(x) + self.skip(skip)))
        result: Tensor = self.convs(torch.cat([gated, x], 1))
        return result


class AttentionUNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(twice(i, w) for i, w in zip((3, *widths), widths, strict=False))
        self.up = nn.ModuleList(AttentionUp(width) for width in reversed(widths[1:]))
        self.head = nn.Conv2d(64, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level in self.down:
            x = level(F.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        for up, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = up(x, skip)
        result: Tensor = self.head(x)
        return result


class CBAMBlock(nn.Module):
    """Woo et al. 2018, figures 1 to 3, as the authors' code has it: the module at the end of f."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        inner = width // 4
        self.f = nn.Sequential(
            *conv_norm(inputs, inner, 1),
            nn.ReLU(),
            *conv_norm(inner, inner, 3, stride=stride),
            nn.ReLU(),
            *conv_norm(inner, width, 1),
        )
        self.mlp = nn.Sequential(
            nn.Conv2d(width, width // 16, 1), nn.ReLU(), nn.Conv2d(width // 16, width, 1)
        )
        self.space = nn.Sequential(
            nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1, momentum=0.01)
        )
        alike = stride == 1 and inputs == width
        self.short = nn.Sequential() if alike else nn.Sequential(*conv_norm(inputs, width, 1, stride=stride))

    def forward(self, x: Tensor) -> Tensor:
        y = self.f(x)
        mean, most = y.mean((2, 3), keepdim=True), y.amax((2, 3), keepdim=True)
        y = y * (self.mlp(mean) + self.mlp(most)).sigmoid()
        both = torch.stack([y.max(1)[0], y.mean(1)], 1)
        return F.relu(y * self.space(both).sigmoid() + self.short(x))


PUBLISHED: list[tuple[str, Callable[[], nn.Module], int, int]] = [
    # the table, the module, its published parameters, an extent to run on
    (
        "edsr-baseline-x2",
        lambda: EDSR(16, 64, 1, 1),
        1_369_859,
        12,
    ),  # of the authors' code, without mean shift
    ("edsr-x4", lambda: EDSR(32, 256, 0.1, 2), 43_089_923, 6),  # "43M" of the paper's table 1
    ("poolformer-s12", lambda: PoolFormer((64, 128, 320, 512), (2, 2, 6, 2)), 11_915_176, 64),  # timm
    (
        "sknet50",
        lambda: Bottlenecks(SKBlock),
        27_479_784,
        64,
    ),  # "27.5M" of the paper's table 2; timm's skresnext50_32x4d
    ("cbam-resnet50", lambda: Bottlenecks(CBAMBlock), 28_089_624, 64),  # "28.09M" of the paper's table 4
    ("attention-unet", AttentionUNet, 34_878_573, 32),
]


@pytest.mark.parametrize(("name", "reference", "params", "extent"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_outputs_and_costs_are_those_of_an_independent_module(
    name: str, reference: Callable[[], nn.Module], params: int, extent: int
) -> None:
    network = load_network(name)
    with torch.device("meta"):
        theirs, ours = reference().eval(), build(network.at(input=(network.input[0], extent, extent))).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            theirs(torch.empty(1, *network.input))
    assert sum(weight.numel() for weight in theirs.parameters()) == network.totals.params == params
    assert counter.get_total_flops() == 2 * network.totals.macs
    give_weights(ours.to_empty(device="cpu"), theirs.to_empty(device="cpu"))
    x = torch.randn(2, network.input[0], extent, extent, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs(x)
        torch.testing.assert_close(ours(x), expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


def give_weights(ours: nn.Module, theirs: nn.Module) -> None:
    """Give both modules the same random weights, matched by the order in which they are defined."""
    generator = torch.Generator().manual_seed(1)
    mine, other = [[v for v in module.state_dict().values() if v.dim()] for module in (ours, theirs)]
    assert [tuple(v.shape) for v in mine] == [tuple(v.shape) for v in other]
    for a, b in zip(mine, other, strict=True):
        spread = (12 / a[0].numel()) ** 0.5 if a.dim() > 1 else 1.0
        b.copy_(torch.rand(a.shape, generator=generator).sub_(0.5 if a.dim() > 1 else -0.5).mul_(spread))
        a.copy_(b)
