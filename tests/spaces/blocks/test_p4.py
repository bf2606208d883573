"""Convolution on p4: what turns with the input, exactly; its weights, its costs, and what it cannot read."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.analysis.costs.receptive_field.empirical import empirical_field
from archscape.analysis.lint import lint
from archscape.spaces import Network, SpaceError, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.operators import Conv, P4Conv, P4Lift


def network(*rows: str, of: str = "3x9x9", defaults: str = "") -> Network:
    style = f"defaults: {defaults}\n" if defaults else ""
    return Network.from_yaml(f"network: n\ninput: {of}\n{style}layers: [{', '.join(rows)}]")


def whole_numbers(net: Network, *, batch: int = 2) -> tuple[nn.Module, Tensor]:
    """Return a module and an input that hold small whole numbers: sums of products have no rounding."""
    generator = torch.Generator().manual_seed(0)
    module = build(net).double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randint(-3, 4, parameter.shape, generator=generator))
    return module, torch.randint(-3, 4, (batch, *net.input), generator=generator).double()


def turned(x: Tensor, times: int = 1) -> Tensor:
    """Return the planes turned by 90 degrees, the orientations of a map on the group moved on."""
    return x.rot90(times, (-2, -1)).roll(times, 2) if x.dim() == 5 else x.rot90(times, (-2, -1))


TABLES = [
    ["p4conv: {width: 4, act: none}"],
    ["p4conv: {width: 4, depth: 3}"],
    ["p4conv: {width: 4, kernel: 5, padding: valid}", "p4conv: {width: 2, kernel: 2, padding: full}"],
    ["p4conv: {width: 4}", "p4conv: {width: 4, stride: 2}"],
    [
        "p4conv: {width: 4}",
        "maxpool: {kernel: [1, 3, 3], stride: [1, 2, 2]}",
        "p4conv: {width: 2, act: prelu}",
    ],
    ["p4conv: {width: 4}", "residual: [p4conv: {width: 4}, p4conv: {width: 4, act: none}]"],
]
"""Tables whose maps are on the group, and keep the middle of the plane."""


@pytest.mark.parametrize("rows", TABLES, ids=range(len(TABLES)))
@pytest.mark.parametrize("times", [1, 2, 3])
def test_when_the_input_turns_the_planes_turn_and_the_orientations_move_on(
    rows: list[str], times: int
) -> None:
    module, x = whole_numbers(network(*rows, defaults="{norm: none}"))
    y = module(x)
    assert y.shape[2] == 4
    assert torch.equal(module(turned(x, times)), turned(y, times))
    assert not torch.equal(module(turned(x, times)), y)


@pytest.mark.parametrize("pool", ["maxpool", "avgpool"])
def test_pooled_over_the_group_a_map_turns_with_the_input(pool: str) -> None:
    net = network("p4conv: {width: 4, depth: 2, norm: none}", f"{pool}: {{over: group}}")
    module, x = whole_numbers(net)
    assert net.body.shape == (4, 9, 9)
    assert torch.equal(module(turned(x)), turned(module(x)))


def test_the_norms_share_their_weights_among_orientations() -> None:
    for norm in ("batch", "layer", "instance", "group(2)"):
        net = network(f"p4conv: {{width: 4, norm: {norm}}}")
        assert net.totals.params == 9 * 3 * 4 + 2 * 4
        module, x = whole_numbers(net)
        torch.testing.assert_close(module(turned(x)), turned(module(x)))


def test_a_plain_network_does_not_turn_with_its_input() -> None:
    module, x = whole_numbers(network("conv: {width: 4, norm: none}"))
    assert not torch.allclose(module(turned(x)), turned(module(x)))


def test_filters_are_those_of_the_paper() -> None:
    """Equations 10 and 11, written out orientation by orientation."""
    rows = "p4conv: {width: 4}", "p4conv: {width: 2}"
    module, x = whole_numbers(network(*rows, defaults="{norm: none, act: none}"))
    (lift, bias), (weight, bias2) = (
        [module.get_submodule(name).get_parameter(p) for p in ("conv.weight", "conv.bias")]
        for name in ("p4conv1", "p4conv2")
    )
    y = torch.stack([F.conv2d(x, lift.rot90(r, (2, 3)), bias, padding=1) for r in range(4)], 2)
    filters = weight.view(2, 4, 4, 3, 3)
    z = torch.stack(
        [
            sum(
                F.conv2d(y[:, :, s], filters[:, :, (s - r) % 4].rot90(r, (2, 3)), padding=1) for s in range(4)
            )
            + bias2.view(-1, 1, 1)
            for r in range(4)
        ],
        2,
    )
    assert torch.equal(module(x), z)


def test_orientations_share_weights_and_all_are_computed() -> None:
    lift, conv = (
        node
        for node in network("p4conv: {width: 5, depth: 2}").graph.flatten().nodes
        if isinstance(node.op, Conv)
    )
    assert (type(lift.op), type(conv.op)) == (P4Lift, P4Conv)
    assert lift.shape == conv.shape == (5, 4, 9, 9)
    assert lift.op.costs(((3, 9, 9),), lift.shape)[:2] == (9 * 3 * 5, 9 * 3 * 4 * 5 * 81)
    assert conv.op.costs((lift.shape,), conv.shape)[:2] == (9 * 4 * 5 * 5, 9 * (4 * 5) * (4 * 5) * 81)


def test_the_p4cnn_of_cohen_and_welling() -> None:
    """About 25,000 parameters, as the plain network of 20 channels; a turned digit has the same logits."""
    net = load_network("p4cnn")
    weights = 9 * 10 + 5 * 9 * 4 * 10 * 10 + 16 * 4 * 10 * 10
    assert net.totals.params == weights + 6 * 2 * 10 + 10 == 24_620
    plain = 9 * 20 + 5 * 9 * 20 * 20 + 16 * 20 * 10 + 6 * 2 * 20 + 10
    assert abs(net.totals.params / plain - 1) < 0.15
    module, x = build(net).double().eval(), torch.rand(3, 1, 28, 28).double()
    assert module(x).shape == (3, 10)
    for times in (1, 2, 3):
        torch.testing.assert_close(module(turned(x, times)), module(x), rtol=0, atol=1e-12)
    assert (module(x.flip(3)) - module(x)).abs().max() > 1e-6


def test_it_sees_what_a_plain_network_sees() -> None:
    net, plain = load_network("p4cnn"), ["conv: {width: 4, padding: valid}"] * 2 + ["maxpool"]
    assert receptive_fields(net.graph)["maxpool1"] == (6, 6)
    assert receptive_fields(network(*plain, of="1x28x28").graph)["maxpool"] == (6, 6)
    assert (
        empirical_field(net, "p4conv3.conv1").size == receptive_fields(net.graph)["p4conv3.conv1"] == (10, 10)
    )
    assert receptive_fields(net.graph)["flatten"] == (28, 28)
    list(lint(net))


@pytest.mark.parametrize(
    ("rows", "of", "law"),
    [
        (
            ["p4conv: {width: 4}"],
            "3x9",
            r"needs a 2-D map or the map of a `p4conv`, of shape Cx4xHxW, but got 3x9",
        ),
        (["p4conv: {width: 4}"], "3x5x9x9", "of shape Cx4xHxW, but got 3x5x9x9"),
        (["p4conv: {width: 4}", "maxpool", "p4conv: {width: 4}"], "3x9x9", "but got 4x2x4x4"),
        (["linear: {width: 8}", "p4conv: {width: 4}"], "3x9x9", "but got 8"),
        (
            ["maxpool: {over: group}"],
            "4x9x9",
            "a maximum over the group needs the map of a `p4conv`.*got 4x9x9",
        ),
        (["avgpool: {over: group}"], "4x9x9", "a mean over the group needs"),
        (["maxpool: {over: group, kernel: 2}"], "4x9x9", "maxpool has no 'kernel' beside 'over'"),
        (
            ["p4conv: {width: 4, kernel: [3, 3]}"],
            "3x9x9",
            r"kernel is a whole number from 1 .*got '\[3, 3\]'",
        ),
        (
            ["p4conv: {width: 4, padding: [1, 2]}"],
            "3x9x9",
            r"padding is same, valid, full, or a whole number",
        ),
        (["p4conv: {width: 4, padding: causal}"], "3x9x9", "padding is same, valid, full"),
        (["p4conv: {width: 4, kernel: 12, padding: valid}"], "3x9x9", "a window of 12 does not fit"),
    ],
)
def test_what_is_not_on_the_group_is_named(rows: list[str], of: str, law: str) -> None:
    with pytest.raises(SpaceError, match=law) as error:
        network(*rows, of=of)
    assert str(error.value).startswith("<text>:3:")
