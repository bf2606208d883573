"""Deformable convolution: the plain one at zero offsets, the paper's sum elsewhere, and its gradients."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.runtime import Deformable, ModulatedDeformable
from archscape.spaces.language.expressions import Expr

WINDOWS: list[dict[str, int]] = [
    {"kernel": 3},
    {"kernel": 3, "stride": 2},
    {"kernel": 5, "stride": 3, "dilation": 2},
    {"kernel": 3, "padding": 0},
    {"kernel": 1},
    {"kernel": 3, "groups": 2, "padding": 2},
]


def network(word: str = "deform", size: tuple[int, ...] = (4, 11, 9), **args: Expr) -> Network:
    row = Row(word, width=6, norm=None, act=None, **args)
    return Network(name="one", input=size, layers=(row,))


def image(*size: int) -> Tensor:
    return torch.randn(2, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("window", WINDOWS)
def test_it_starts_as_the_plain_convolution(window: dict[str, int]) -> None:
    deformable, plain = build(network(**window)).double(), build(network("conv", **window)).double()
    plain.load_state_dict(deformable.deform.deform1.conv.state_dict(prefix="conv."))
    x = image(4, 11, 9)
    torch.testing.assert_close(deformable(x), plain(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_modulated_one_starts_at_half_of_it(window: dict[str, int]) -> None:
    deformable = build(network(modulated=True, bias=False, **window)).double()
    plain = build(network("conv", bias=False, **window)).double()
    plain.load_state_dict(deformable.deform.deform1.conv.state_dict(prefix="conv."))
    x = image(4, 11, 9)
    torch.testing.assert_close(deformable(x), plain(x) / 2, rtol=0, atol=1e-13)


@pytest.mark.parametrize("modulated", [False, True])
def test_gradients_reach_the_offsets_and_move_them(modulated: bool) -> None:
    module = build(network(modulated=modulated)).double()
    module(image(4, 11, 9)).square().sum().backward()
    for parameter in module.deform.offset_conv.parameters():
        assert (parameter.grad != 0).all()


def test_gradients_are_those_of_finite_differences() -> None:
    layer = ModulatedDeformable(nn.Conv2d(2, 3, 3, stride=2, padding=1)).double()
    x = image(2, 5, 5).requires_grad_()
    # Off the pixels: between them the bilinear surface has a slope, on them it has a kink.
    offsets = (image(27, 3, 3) / 10 + 0.4).requires_grad_()
    assert torch.autograd.gradcheck(layer, (x, offsets))


@pytest.mark.parametrize("numbers", [2, 3])
def test_it_is_the_sum_of_the_paper(numbers: int) -> None:
    """y(p) = sum_k w_k m_k x(p + p_k + offset_k), x(q) = sum_r max(0, 1 - |q - r|) x(r) along both axes."""
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1, dilation=2).double()
    x, offsets = image(2, 8, 7), 3 * image(9 * numbers, 3, 3)
    output = (Deformable if numbers == 2 else ModulatedDeformable)(conv)(x, offsets)
    assert output.shape == conv(x).shape

    def pixel(map_: Tensor, row: Tensor, column: Tensor) -> Tensor:
        rows = (1 - (row - torch.arange(8)).abs()).clamp(min=0)
        columns = (1 - (column - torch.arange(7)).abs()).clamp(min=0)
        return torch.einsum("chw,h,w->c", map_, rows, columns)

    expected = conv.bias.repeat(2, 3, 3, 1).movedim(-1, 1)
    for n, i, j, (k, (u, v)) in product(range(2), range(3), range(3), enumerate(product(range(3), range(3)))):
        down, right, *weight = offsets[n, numbers * k : numbers * (k + 1), i, j]
        value = pixel(x[n], 2 * i - 1 + 2 * u + down, 2 * j - 1 + 2 * v + right)
        for m in weight:
            value = value * m.sigmoid()
        expected[n, :, i, j] += conv.weight[:, :, u, v] @ value
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-12)


def test_whole_offsets_shift_the_map() -> None:
    layer = Deformable(nn.Conv2d(4, 6, 1)).double()
    x, offsets = (
        image(4, 6, 5),
        torch.ones(2, 2, 6, 5, dtype=torch.float64) * torch.tensor([1, -2])[:, None, None],
    )
    shifted = F.pad(x, (2, 0, 0, 1))[..., 1:, :5]
    torch.testing.assert_close(layer(x, offsets), layer.conv(shifted), rtol=0, atol=1e-13)


def test_single_precision_is_as_good_as_it_gets() -> None:
    layer = Deformable(nn.Conv2d(4, 6, 3, padding=1))
    x = image(4, 224, 224).float()
    torch.testing.assert_close(layer(x, torch.zeros(2, 18, 224, 224)), layer.conv(x), rtol=1e-4, atol=1e-4)


def test_torchvision_agrees_where_it_imports() -> None:
    try:
        from torchvision.ops import deform_conv2d
    except (ImportError, RuntimeError):  # its wheel is linked against another build of torch
        pytest.skip("torchvision does not import here")
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2).double()
    x, offsets = image(4, 12, 9), 2 * image(18, 5, 4)
    expected = deform_conv2d(x, offsets, conv.weight, conv.bias, stride=2, padding=1, dilation=2)
    torch.testing.assert_close(Deformable(conv)(x, offsets), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("window", WINDOWS)
def test_macs_are_those_of_both_convolutions(window: dict[str, int]) -> None:
    net = network(**window)
    offsets, plain = net.graph.flatten().nodes[0], network("conv", **window).totals
    both = net.totals
    points = window["kernel"] ** 2
    assert offsets.shape == (2 * points, *net.body.shape[1:])
    dense = network("conv", **{**window, "groups": 1}).totals
    assert both.macs == plain.macs + dense.macs // 6 * 2 * points
    assert both.params == plain.params + (dense.params // 6) * 2 * points
    sampling = both.other - plain.other - 2 * points * net.body.shape[1] * net.body.shape[2]
    assert sampling == points * net.body.shape[1] * net.body.shape[2] * (10 + 7 * 4)


def test_residual_blocks_take_it() -> None:
    rows = (Row("bottleneck", width=16, conv="deformable", depth=2, stride=2),)
    net = Network(name="one", input=(8, 9, 9), layers=rows)
    kinds = [node.op.kind for node in net.graph.flatten().nodes]
    assert kinds.count("deform") == 2
    assert build(net)(torch.randn(1, 8, 9, 9)).shape == (1, 16, 5, 5)


@pytest.mark.parametrize("size", [(4, 11), (4, 5, 6, 7)])
def test_it_needs_two_axes(size: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="a deformable convolution needs a 2-D map"):
        network(size=size)
