"""Convolutions: the output sizes of the lectures' formulas, looking back, and masks."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import nn

from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source
from archscape.spaces.language.expressions import Expr

N = 19
WINDOWS = list(product((1, 2, 3, 4, 5), (1, 2, 3), (1, 2)))  # kernel, stride, dilation


def network(word: str, *, size: tuple[int, ...] = (3, N), **args: Expr) -> Network:
    row = Row(word, width=2, norm=None, act=None, **args)
    return Network(name="one", input=size, layers=(row,))


def extent(**args: Expr) -> int:
    return network("conv", **args).body.shape[1]


@pytest.mark.parametrize(("kernel", "stride", "dilation"), WINDOWS)
@pytest.mark.parametrize("padding", range(3))
def test_padding_of_a_number(kernel: int, stride: int, dilation: int, padding: int) -> None:
    size = extent(kernel=kernel, stride=stride, dilation=dilation, padding=padding)
    assert size == (N - dilation * (kernel - 1) - 1 + 2 * padding) // stride + 1


@pytest.mark.parametrize(("kernel", "stride", "dilation"), WINDOWS)
def test_valid_reads_only_whole_windows(kernel: int, stride: int, dilation: int) -> None:
    places = range(0, N - dilation * (kernel - 1), stride)
    assert extent(kernel=kernel, stride=stride, dilation=dilation, padding="valid") == len(places)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_same_keeps_the_extent_for_odd_kernels(kernel: int, dilation: int) -> None:
    assert extent(kernel=kernel, dilation=dilation, padding="same") == N
    assert extent(kernel=kernel, dilation=dilation, padding="same", stride=2) == -(-N // 2)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dilation", [1, 2])
def test_full_reads_every_overlap_of_map_and_kernel(kernel: int, dilation: int) -> None:
    assert extent(kernel=kernel, dilation=dilation, padding="full") == N + dilation * (kernel - 1)


def test_full_is_the_polynomial_product() -> None:
    module = build(network("conv", size=(1, 3), kernel=3, padding="full", bias=False))
    module.conv.weight.data = torch.tensor([[[3.0, 2.0, 1.0]], [[0.0, 0.0, 0.0]]])
    product = module(torch.tensor([[[1.0, 1.0, 1.0]]]))[0, 0]
    assert product.tolist() == [1, 3, 6, 5, 3]


@pytest.mark.parametrize(("kernel", "stride", "dilation"), WINDOWS)
def test_causal_output_is_as_long_as_the_input_and_never_looks_ahead(
    kernel: int, stride: int, dilation: int
) -> None:
    net = network("conv", kernel=kernel, stride=stride, dilation=dilation, padding="causal")
    assert net.body.shape == (2, -(-N // stride))
    module = build(net)
    x = torch.randn(1, 3, N)
    changed = x.clone()
    changed[..., 10:] += 1
    same = (module(x) == module(changed)).all(1)[0]
    now = [step * stride >= 10 for step in range(len(same))]
    assert [not kept for kept in same.tolist()] == now


def test_causal_padding_is_for_one_axis() -> None:
    with pytest.raises(ShapeError, match="causal padding needs a 1-D map, but got 3x19x19"):
        network("conv", size=(3, N, N), padding="causal")


def test_a_stack_of_causal_convolutions_shares_one_class() -> None:
    rows = [Row("conv", width=4, kernel=2, dilation=2**i, padding="causal") for i in range(4)]
    text = source(Network(name="stack", input=(4, 32), layers=tuple(rows)))
    assert "F.pad(x, (self.dilation, 0))" in text
    assert "Conv(dilation=8)" in text


@pytest.mark.parametrize("size", [(1, 9), (1, 9, 8), (1, 5, 7, 6)])
@pytest.mark.parametrize("kind", ["a", "b"])
def test_a_mask_hides_what_comes_later_line_by_line(size: tuple[int, ...], kind: str) -> None:
    module = build(network("masked", size=size, kernel=3, kind=kind))
    nn.init.ones_(module.masked.conv.weight)
    x = torch.zeros(1, *size, requires_grad=True)
    output = module(x)[0, 0]
    middle = tuple(n // 2 for n in size[1:])
    (read,) = torch.autograd.grad(output[middle], x)
    around = [range(p - 1, p + 2) for p in middle]
    expected = {other for other in product(*around) if other < middle or (kind == "b" and other == middle)}
    assert {tuple(at) for at in read[0, 0].nonzero().tolist()} == expected


@pytest.mark.parametrize("size", [(3, 9), (3, 9, 8), (3, 5, 7, 6)])
def test_a_masked_convolution_counts_as_the_dense_one(size: tuple[int, ...]) -> None:
    masked = network("masked", size=size, kernel=5, kind="b").totals
    assert masked == network("conv", size=size, kernel=5).totals


def test_mask_a_of_a_single_point_reads_nothing() -> None:
    with pytest.raises(ShapeError, match="mask a hides the centre"):
        network("masked", kernel=1, kind="a")
