"""Attention over positions: the formula, its products as macs, and what does not fit."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.runtime import attend
from archscape.spaces.operators import Attention
from archscape.spaces.testing import check_macs

MAPS = [(8, 9), (8, 5, 6), (8, 3, 4, 5)]


def network(word: str, shape: tuple[int, ...], **args: object) -> Network:
    return Network(name="n", input=shape, layers=(Row(word, **args),))  # type: ignore[arg-type]


def image(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))


def mixed(x: Tensor, w: dict[str, Tensor], heads: int, divisor: float) -> Tensor:
    """Return the values of all positions mixed by the formula, head by head: B x N x W."""
    flat = x.flatten(2).transpose(1, 2)
    q, k, v = (
        F.linear(flat, w[f"{name}_conv.weight"].flatten(1), w[f"{name}_conv.bias"]).chunk(heads, 2)
        for name in ("query", "key", "value")
    )
    parts = [
        torch.einsum("bnm,bmd->bnd", (torch.einsum("bnd,bmd->bnm", a, b) / divisor).softmax(2), c)
        for a, b, c in zip(q, k, v, strict=True)
    ]
    return torch.cat(parts, 2)


@pytest.mark.parametrize("shape", MAPS)
@pytest.mark.parametrize(("heads", "width"), [(1, None), (2, None), (4, 12)])
def test_attention_mixes_positions_head_by_head(
    shape: tuple[int, ...], heads: int, width: int | None
) -> None:
    torch.manual_seed(0)
    module, x = build(network("attention", shape, heads=heads, width=width)), image(shape)
    w = {name.removeprefix("attention."): p.detach() for name, p in module.named_parameters()}
    y = mixed(x, w, heads, ((width or 8) // heads) ** 0.5)
    expected = F.linear(y, w["conv1.weight"].flatten(1), w["conv1.bias"]).transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize("shape", MAPS)
def test_a_non_local_block_is_the_embedded_gaussian(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    module, x = build(network("non_local", shape, norm=None)), image(shape)
    w = {name.removeprefix("non_local."): p.detach() for name, p in module.named_parameters()}
    y = mixed(x, w, 1, 1.0)
    expected = F.linear(y, w["conv1.weight"].flatten(1), w["conv1.bias"]).transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(module(x), x + expected)


def test_a_non_local_block_starts_as_the_identity_with_a_zero_last_norm() -> None:
    x = image((8, 5, 6))
    assert torch.equal(build(network("non_local", (8, 5, 6), last_norm="zero"))(x), x)


def test_the_products_of_attention_are_macs_and_its_softmax_is_not() -> None:
    params, macs, other, activations = network("attention", (8, 5, 6), heads=2, width=12).totals
    n = 5 * 6
    assert params == 3 * (8 + 1) * 12 + (12 + 1) * 8
    assert macs == 4 * 8 * 12 * n + 2 * 12 * n * n
    assert other == (3 * 12 + 8) * n + 2 * n * n * 4
    assert activations == (3 * 12 + 8) * n


def test_a_non_local_block_costs_what_the_paper_says() -> None:
    """On 1024 x 14 x 14 with 512 inner channels: 2.1 M parameters, 0.45 G macs (Wang et al. 2018)."""
    params, macs, _, _ = network("non_local", (1024, 14, 14), norm=None).totals
    assert params == 3 * (1024 + 1) * 512 + (512 + 1) * 1024
    assert macs == 4 * 1024 * 512 * 196 + 2 * 512 * 196 * 196


@pytest.mark.parametrize("shape", MAPS)
def test_context_counts_its_weighted_mean(shape: tuple[int, ...]) -> None:
    n = prod(shape[1:])
    params, macs, other, activations = network("context", shape, ratio=Fraction(1, 2)).totals
    assert params == (8 + 1) + (8 + 1) * 4 + 2 * 4 + (4 + 1) * 8
    assert macs == 8 * n + 8 * n + 8 * 4 + 4 * 8
    assert other == n + 3 * n + 4 + (7 * 4 + 2) + 4 + 8 + 8 * n
    assert activations == n + 4 + 8


@pytest.mark.parametrize("extent", [(1,), (1, 1), (1, 1, 1), (2, 1)])
@pytest.mark.parametrize(("word", "args"), [("attention", {"heads": 2}), ("non_local", {})])
def test_a_single_position_has_its_two_products_too(
    word: str, args: dict[str, int], extent: tuple[int, ...]
) -> None:
    check_macs(network(word, (8, *extent), **args))


def test_queries_may_have_positions_of_their_own() -> None:
    op = Attention(2, True)
    shapes = (8, 5), (8, 3, 4), (6, 3, 4)
    assert op.shape(*shapes) == (6, 5)
    images = [image(shape) for shape in shapes]
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        assert attend(*images, heads=2).shape == (2, 6, 5)
    batch = 2
    assert counter.get_total_flops() == 2 * batch * op.costs(shapes, (6, 5)).macs


@pytest.mark.parametrize(
    ("args", "law"),
    [
        ({"heads": 3}, "3 heads must divide the widths 8 and 8"),
        ({"heads": 5, "width": 12}, "5 heads must divide the widths 12 and 12"),
    ],
)
def test_heads_divide_the_width(args: dict[str, object], law: str) -> None:
    with pytest.raises(ShapeError, match=law):
        network("attention", (8, 5, 6), **args)


@pytest.mark.parametrize(
    "shapes", [((8, 5), (6, 5), (8, 5)), ((8, 5), (8, 4), (8, 5))], ids=["widths", "positions"]
)
def test_queries_keys_and_values_fit_each_other(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ShapeError, match="queries, keys and values do not fit each other"):
        Attention(1, True).shape(*shapes)


@pytest.mark.parametrize(
    ("word", "args"), [("attention", {"heads": 2}), ("non_local", {}), ("context", {"ratio": 1})]
)
def test_every_position_is_seen(word: str, args: dict[str, object]) -> None:
    fields = receptive_fields(network(word, (8, 5, 6), **args).graph)
    assert (5, 6) in fields.values()


def test_attention_composes_with_norm_and_sum() -> None:
    table = """
        network: vit-like
        input: 8x4x4
        layers:
          - residual: [norm: {norm: layer, act: none}, attention: {heads: 2}, scale: {init: 0.1}]
          - avgpool
          - linear: {width: 10}
    """
    net = Network.from_yaml(table)
    assert net.totals.params == 2 * 8 + 4 * (8 + 1) * 8 + 8 + (8 + 1) * 10
    x = image((8, 4, 4))
    assert build(net)(x).shape == (2, 10)
