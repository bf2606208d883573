"""Norms by batch, layer, instance and group: what they compute, cost and refuse."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from archscape.spaces import Network, Row, ShapeError, Space, SpaceError, Term
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source
from archscape.spaces.loading import load_network
from archscape.spaces.operators import BatchNorm, LayerNorm
from archscape.spaces.operators.norm import EPS, batch_norm, norm_operator

GROUPS = Term("group", (4,))
HUNDREDTH, THOUSANDTH = Fraction(1, 100), Fraction(1, 1000)
MAPS = [(8, 9), (8, 5, 6), (8, 3, 4, 5)]


def normed(norm: object, shape: tuple[int, ...], *above: Row) -> Network:
    return Network(name="n", input=shape, layers=(*above, Row("norm", norm=norm, act=None)))  # type: ignore[arg-type]


def output(network: Network, x: Tensor) -> Tensor:
    module = build(network).eval()
    for name, parameter in module.named_parameters():
        torch.nn.init.uniform_(parameter, 0.5, 1.5, generator=torch.Generator().manual_seed(len(name)))
    result: Tensor = module(x)
    return result


def norms_of(network: Network) -> list[Any]:
    return [node.op for node in network.graph.flatten().nodes if isinstance(node.op, BatchNorm | LayerNorm)]


def image(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))


def affine(x: Tensor, network: Network) -> Tensor:
    """Apply gamma and beta as `output` sets them."""
    gamma, beta = (
        torch.empty(8).uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(len(name)))
        for name in ("norm.weight", "norm.bias")
    )
    per_channel = (1, 8, *(1,) * (x.dim() - 2))
    return x * gamma.view(per_channel) + beta.view(per_channel)


@pytest.mark.parametrize("shape", MAPS)
def test_layer_norm_takes_the_channels_of_each_position(shape: tuple[int, ...]) -> None:
    x, network = image(shape), normed("layer", shape)
    centred = x - x.mean(1, keepdim=True)
    expected = affine(centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt(), network)
    torch.testing.assert_close(output(network, x), expected)


@pytest.mark.parametrize("shape", MAPS)
def test_instance_norm_takes_the_positions_of_each_channel(shape: tuple[int, ...]) -> None:
    x, network = image(shape), normed("instance", shape)
    torch.testing.assert_close(output(network, x), affine(F.instance_norm(x), network))


@pytest.mark.parametrize("shape", MAPS)
def test_group_norm_takes_groups_of_channels_at_all_positions(shape: tuple[int, ...]) -> None:
    x, network = image(shape), normed(GROUPS, shape)
    torch.testing.assert_close(output(network, x), affine(F.group_norm(x, 4), network))


def test_a_flat_vector_takes_the_layer_norm_of_pytorch() -> None:
    network = normed("layer", (3, 4, 4), Row("linear", width=8))
    assert "nn.LayerNorm(8)" in source(network)
    assert "ChannelLayerNorm" not in source(network)


@pytest.mark.parametrize(
    ("norm", "text"),
    [
        ("batch", "nn.BatchNorm2d(8)"),
        ("layer", "ChannelLayerNorm(8)"),
        ("instance", "nn.InstanceNorm2d(8, affine=True)"),
        (GROUPS, "nn.GroupNorm(4, 8)"),
        (Term("batch", (THOUSANDTH,)), "nn.BatchNorm2d(8, eps=0.001)"),
        (Term("batch", (THOUSANDTH, HUNDREDTH)), "nn.BatchNorm2d(8, eps=0.001, momentum=0.01)"),
        (Term("batch", (EPS, HUNDREDTH)), "nn.BatchNorm2d(8, momentum=0.01)"),
        (Term("layer", (Fraction(1, 10**6),)), "ChannelLayerNorm(8, eps=1e-06)"),
        (Term("instance", (THOUSANDTH,)), "nn.InstanceNorm2d(8, eps=0.001, affine=True)"),
        (Term("group", (4, THOUSANDTH)), "nn.GroupNorm(4, 8, eps=0.001)"),
    ],
)
def test_a_style_names_the_norm_of_every_convolution(norm: object, text: str) -> None:
    network = Network(
        name="n",
        input=(3, 8, 8),
        layers=(Row("conv", width=8), Row("basic", width=8)),
        defaults={"norm": norm},  # type: ignore[dict-item]
    )
    assert source(network).count(text) == 3
    assert network.totals.params == (3 + 8 + 8) * 8 * 9 + 3 * 2 * 8


def test_convolutions_have_a_bias_only_where_no_norm_follows() -> None:
    def text(norm: object) -> str:
        return source(Network(name="n", input=(3, 8, 8), layers=(Row("conv", width=8, norm=norm),)))  # type: ignore[arg-type]

    assert "bias=False" in text("layer")
    assert "bias=False" not in text(None)


@pytest.mark.parametrize(
    ("norm", "sets"), [("layer", 5 * 6), ("instance", 8), (GROUPS, 4), (Term("group", (1,)), 1)]
)
def test_statistics_of_a_sample_cost_seven_operations_an_element_and_two_a_set(
    norm: object, sets: int
) -> None:
    totals = normed(norm, (8, 5, 6)).totals
    assert totals == (2 * 8, 0, 7 * prod((8, 5, 6)) + 2 * sets, 0)


def test_statistics_of_a_batch_are_constant_at_inference() -> None:
    assert normed("batch", (8, 5, 6)).totals == (2 * 8, 0, 2 * prod((8, 5, 6)), 0)


@pytest.mark.parametrize(
    ("norm", "shape", "law"),
    [
        (Term("group", (3,)), (8, 5, 5), "3 groups of a norm must divide the 8 channels"),
        ("instance", (8, 1, 1), "each set that is normalised holds one element"),
        ("layer", (1, 5, 5), "each set that is normalised holds one element"),
        (Term("group", (8,)), (8, 1, 1), "each set that is normalised holds one element"),
    ],
)
def test_a_norm_that_cannot_be_is_refused(norm: object, shape: tuple[int, ...], law: str) -> None:
    with pytest.raises(ShapeError, match=law):
        normed(norm, shape)


def test_instance_norm_needs_a_map() -> None:
    with pytest.raises(ShapeError, match="a norm by instance needs a map, but got 8 flat features"):
        normed("instance", (3, 4, 4), Row("linear", width=8))


@pytest.mark.parametrize("text", ["group", "group(0)", "groups(2)", "layers", "4"])
def test_an_unknown_norm_gets_the_law(text: str) -> None:
    table = f"network: n\ninput: 3x8x8\nlayers: [conv: {{width: 8, norm: {text}}}]"
    with pytest.raises(
        SpaceError, match=r"norm is a normalisation: batch, layer, instance, group\(n\) or none"
    ):
        Network.from_yaml(table)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("batch(0)", ""),
        ("batch(2)", ""),
        ("layer(-1e-6)", ""),
        ('"batch(0.1, 0.1, 0.1)"', ""),
        ('"layer(1e-6, 0.1)"', ""),
        ('"group(4, 1e-5, 0.1)"', ""),
        ("bacth(0.001)", "; did you mean 'batch'?"),
        ("groups(8)", "; did you mean 'group(8)'?"),
    ],
)
def test_a_norm_has_an_epsilon_and_by_batch_a_momentum_within_bounds(text: str, near: str) -> None:
    with pytest.raises(SpaceError) as caught:
        Network.from_yaml(f"network: n\ninput: 3x8x8\nlayers: [conv: {{width: 8, norm: {text}}}]")
    message = str(caught.value).split("\n")[0]
    law = "with its eps, above 0 and at most 1, as in layer(1e-6), batch with a momentum too, as in batch"
    assert message.startswith("<text>:3:")
    assert law in message
    assert message.endswith(near or text.strip('"').replace("0.1", "1/10") + "'") or not near


def test_epsilon_and_momentum_are_those_of_pytorch() -> None:
    shape = (8, 5, 6)
    x = 0.01 * image(shape)
    network = normed(Term("batch", (THOUSANDTH, HUNDREDTH)), shape)
    module, peer = build(network), torch.nn.BatchNorm2d(8, eps=0.001, momentum=0.01)
    for _ in range(2):
        assert torch.equal(module(x), peer(x))
    assert torch.equal(module.eval()(x), peer.eval()(x))
    for norm, expected in (
        (Term("instance", (THOUSANDTH,)), F.instance_norm(x, eps=0.001)),
        (Term("group", (4, THOUSANDTH)), F.group_norm(x, 4, eps=0.001)),
        (Term("layer", (THOUSANDTH,)), F.layer_norm(x.movedim(1, -1), (8,), eps=0.001).movedim(-1, 1)),
    ):
        torch.testing.assert_close(build(normed(norm, shape))(x), expected)


@pytest.mark.parametrize("norm", ["batch", "layer", "instance", "group(4)"])
def test_the_numbers_of_pytorch_spelled_out_are_the_same_network(norm: str) -> None:
    spelled = {"batch": '"batch(1e-5, 0.1)"', "group(4)": '"group(4, 0.00001)"'}.get(
        norm, f"{norm}(1/100000)"
    )
    plain, full = (
        Network.from_yaml(f"network: n\ninput: 3x8x8\nlayers: [conv: {{width: 8, norm: {text}{affine}}}]")
        for text, affine in ((norm, ""), (spelled, ", affine: true"))
    )
    assert plain.hash() == full.hash()
    assert source(plain).split('"""')[2:] == source(full).split('"""')[2:]


@pytest.mark.parametrize(
    ("norm", "text"),
    [
        ("batch", "nn.BatchNorm2d(8, affine=False)"),
        ("layer", "ChannelLayerNorm(8, elementwise_affine=False)"),
        ("instance", "nn.InstanceNorm2d(8)"),
        (GROUPS, "nn.GroupNorm(4, 8, affine=False)"),
    ],
)
def test_a_norm_without_gamma_and_beta_saves_them_and_two_operations(norm: object, text: str) -> None:
    def table(affine: bool) -> Network:
        rows = (Row("conv", width=8, norm=norm), Row("basic", width=8, norm=norm))  # type: ignore[arg-type]
        return Network(name="n", input=(8, 6, 6), layers=rows, defaults={"affine": affine})

    with_, without = table(True), table(False)
    assert source(without).count(text) == 3
    assert with_.totals.params - without.totals.params == 3 * 2 * 8
    saved = 0 if norm == "batch" else 2 * 3 * 8 * 36
    assert with_.totals.other - without.totals.other == saved
    assert with_.hash() != without.hash()
    row = Row("norm", norm=norm, affine=False, act=None)  # type: ignore[arg-type]
    alone = Network(name="n", input=(8, 5, 6), layers=(row,))
    torch.testing.assert_close(
        output(alone, image((8, 5, 6))), build(normed(norm, (8, 5, 6))).eval()(image((8, 5, 6)))
    )


def test_a_gamma_that_is_not_there_cannot_start_at_zero() -> None:
    row = Row("basic", width=8, affine=False, last_norm="zero")
    with pytest.raises(
        SpaceError, match="'last_norm' changes nothing here: it starts a gamma, but with `affine: false`"
    ):
        Network(name="n", input=(8, 5, 5), layers=(row,))


def test_norms_are_arguments_of_blocks_and_choices_of_spaces() -> None:
    network = Network.from_yaml(
        "network: n\ninput: 3x8x8\nblocks:\n  'b(norm = layer(1e-6))':\n    - conv: {width: 8, norm: $norm}\n"
        'layers:\n  - b\n  - b: {norm: "batch(0.001, 0.01)"}\n'
    )
    assert [op.eps for op in norms_of(network)] == [Fraction(1, 10**6), THOUSANDTH]
    space = Space.from_yaml(
        "space: s\ninput: 3x8x8\nlayers:\n"
        "  - conv:\n      width: 8\n"
        '      norm: {batch, batch(0.001), "batch(0.001, 0.01)", layer(1e-6), "group(4, 0.001)"}'
    )
    assert space.paths == {
        "conv.norm": ("batch", "batch(0.001)", "batch(0.001, 0.01)", "layer(1e-6)", "group(4, 0.001)")
    }
    assert len({space.replay({"conv.norm": norm}).hash() for norm in space.paths["conv.norm"]}) == 5


CATALOG = {
    "mobilenetv1": (THOUSANDTH, Fraction(3, 10_000)),
    "amoebanet-a-imagenet": (THOUSANDTH, Fraction(3, 10_000)),
    "googlenet-bn": (THOUSANDTH, Fraction(1, 10)),
    "efficientnet-b0": (THOUSANDTH, HUNDREDTH),
    "convnext-tiny": (Fraction(1, 10**6), None),
    "mobilenetv2": (EPS, Fraction(1, 10)),
}


@pytest.mark.parametrize("name", CATALOG)
def test_networks_of_the_catalog_have_the_norms_of_their_authors(name: str) -> None:
    norms = {(op.eps, getattr(op, "momentum", None)) for op in norms_of(load_network(name))}
    assert norms == {CATALOG[name]}


@pytest.mark.parametrize(
    "text", ["layer", "instance", "group(4)", "batch(0.001)", "layer(1e-6)", '"group(4, 1/3)"']
)
def test_a_norm_is_written_as_it_is_read(text: str) -> None:
    table = f"network: n\ninput: 3x8x8\nlayers:\n  - conv: {{width: 8, norm: {text}}}\n"
    network = Network.from_yaml(table)
    assert network.to_yaml() == table
    assert Network.from_json(network.to_json()) == network


def test_norms_are_told_apart_by_the_hash() -> None:
    norms = (None, "batch", "layer", "instance", GROUPS, Term("group", (2,)))
    assert len({normed(norm, (8, 5, 5), Row("conv", width=8)).hash() for norm in norms}) == 6


def test_operators_are_remembered() -> None:
    assert batch_norm(8) is batch_norm(8)
    assert norm_operator(GROUPS, 8, 2) is norm_operator(GROUPS, 8, 2)
