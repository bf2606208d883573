"""A network without its skip connections: no addition is left, and only the projections are gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from archscape.spaces import Network, Space, load_network
from archscape.spaces.errors import SpaceError
from archscape.spaces.without_skips import additions, without_skips

RESIDUAL = (
    *("resnet18", "resnet20", "resnet50", "resnet50-preact", "resnext50-32x4d", "seresnet50"),
    *("mobilenetv2", "efficientnet-b0", "convnext-tiny", "regnetx-200mf", "denoiser"),
)
LEFT = ("amoebanet-a", "fcn8s", "shufflenet-g3", "wavenet")


def projections(network: Network) -> int:
    flat = network.graph.flatten()
    nodes = [node for node in flat.nodes if "projection" in node.name]
    return sum(node.op.costs(flat.shapes(node), node.shape).params for node in nodes)


@pytest.mark.parametrize("name", RESIDUAL)
def test_no_addition_is_left_and_the_projections_are_gone(name: str) -> None:
    network = load_network(name)
    plain = without_skips(network)
    assert additions(network)
    assert not additions(plain)
    assert network.totals.params - plain.totals.params == projections(network)
    assert plain.name == f"{name}-without-skips"


@pytest.mark.parametrize("name", ["resnet20", "convnext-tiny", "mobilenetv2"])
def test_it_stays_a_table(name: str) -> None:
    plain = without_skips(load_network(name))
    assert Network.from_yaml(plain.to_yaml()) == plain
    assert Network.from_json(plain.to_json()) == plain


def test_it_is_the_plain_network_of_the_paper() -> None:
    assert without_skips(load_network("resnet34")).hash() == load_network("plain34").hash()


def test_the_weights_keep_their_shapes() -> None:
    network = load_network("resnet20")
    shapes, plain = (
        [tuple(weight.shape) for name, weight in net.build().named_parameters() if "projection" not in name]
        for net in (network, without_skips(network))
    )
    assert shapes == plain


def test_it_trains() -> None:
    rows = "[basic: {width: 4, stride: 2, droppath: 1/10, depth: 2}, basic: {width: 4, last_norm: none}]"
    table = f"network: a\ninput: 1x8x8\ndefaults: {{last_norm: zero}}\nlayers: {rows}"
    module = without_skips(Network.from_yaml(table)).build()
    module(torch.randn(4, 1, 8, 8)).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in module.parameters())


def test_rows_that_are_joined_by_name_give_f_alone() -> None:
    rows = (
        "[conv: {width: 3, name: f}, residual: {from: input, f: f, name: out}, conv: {from: out, width: 2}]"
    )
    plain = without_skips(Network.from_yaml(f"network: a\ninput: 3x8x8\nlayers: {rows}"))
    assert not additions(plain)
    assert plain.graph.flatten().nodes[-1].shape == (2, 8, 8)


def test_branches_that_pass_a_map_on_go() -> None:
    rows = "[add: [identity, [conv: {width: 3}]], add: [conv: {width: 4}, shortcut: {width: 4}]]"
    plain = without_skips(Network.from_yaml(f"network: a\ninput: 3x8x8\nlayers: {rows}"))
    assert [row.word for row in plain.layers] == ["add", "add"]
    assert [[row.word for row in branch] for layer in plain.layers for branch in layer.branches] == [
        ["conv"],
        ["conv"],
    ]


@pytest.mark.parametrize("name", LEFT)
def test_other_additions_are_named(name: str) -> None:
    with pytest.raises(SpaceError, match=f"{name} has no form without its skips: .* would still add"):
        without_skips(load_network(name))


def test_a_network_that_adds_nothing_is_named() -> None:
    with pytest.raises(SpaceError, match="vgg11 has no skip connection"):
        without_skips(load_network("vgg11"))


def test_dropping_the_only_path_is_refused() -> None:
    rows = "[basic: {width: 4, shortcut: none, droppath: 1/10}]"
    with pytest.raises(SpaceError, match="with `shortcut: none` nothing would be left"):
        Network.from_yaml(f"network: a\ninput: 3x8x8\nlayers: {rows}")


def test_a_space_can_search_over_shortcuts() -> None:
    rows = "[basic: {width: 4, stride: 2, shortcut: {projection, pad, none}}, avgpool]"
    space = Space.from_yaml(f"space: a\ninput: 3x8x8\nlayers: {rows}")
    networks = {
        word: space.replay({"basic.shortcut": word}).network for word in ("projection", "pad", "none")
    }
    assert {word: len(additions(network)) for word, network in networks.items()} == {
        "projection": 1,
        "pad": 1,
        "none": 0,
    }


def test_a_long_name_is_cut_to_what_a_name_may_be() -> None:
    plain = without_skips(replace(load_network("resnet20"), name="a" * 64))
    assert plain.name == "a" * 50 + "-without-skips"
