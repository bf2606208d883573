"""How weights start: the laws of the papers, on the layers and in the networks that name them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from archscape.spaces import Network, Row
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.runtime import biased, fans, he, lecun, truncated, xavier, zero
from archscape.spaces.codegen.source import source
from archscape.spaces.hashing.canonical import canonical_text
from archscape.spaces.operators import Linear

STARTS = ("he", "xavier", "lecun", "truncated")
LAYERS: list[tuple[Callable[[], nn.Module], float, float]] = [
    # what makes it, inputs that each output reads, outputs that each input feeds
    (lambda: nn.Conv1d(64, 128, 9), 64 * 9, 128 * 9),
    (lambda: nn.Conv2d(64, 128, 3), 64 * 9, 128 * 9),
    (lambda: nn.Conv2d(64, 128, 5, groups=4), 16 * 25, 32 * 25),
    (lambda: nn.Conv2d(4096, 4096, 3, groups=4096), 9, 9),
    (lambda: nn.Conv3d(16, 64, 3), 16 * 27, 64 * 27),
    (lambda: nn.ConvTranspose2d(64, 128, 3), 64 * 9, 128 * 9),
    (lambda: nn.ConvTranspose2d(64, 128, 5, groups=4), 16 * 25, 32 * 25),
    (lambda: nn.Linear(300, 500), 300, 500),
]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def weight(layer: nn.Module) -> torch.Tensor:
    parameter = layer.get_parameter("weight")
    return parameter.detach()


def network(word: str = "conv", **args: object) -> Network:
    return Network(name="n", input=(32, 8, 8), layers=(Row(word, **args),))  # type: ignore[arg-type]


@pytest.mark.parametrize(("make", "inward", "outward"), LAYERS)
def test_fans_count_groups_and_transposition(
    make: Callable[[], nn.Module], inward: float, outward: float
) -> None:
    assert fans(make()) == (inward, outward)


@pytest.mark.parametrize(("make", "inward", "outward"), LAYERS)
def test_he_has_variance_two_by_fan(make: Callable[[], nn.Module], inward: float, outward: float) -> None:
    layer = make()
    fan = inward if isinstance(layer, nn.Linear) else outward
    values = weight(he(layer))
    assert values.std().item() == pytest.approx((2 / fan) ** 0.5, rel=0.03)
    assert values.abs().max() > 3 * (2 / fan) ** 0.5  # normal, not uniform
    assert he(layer) is layer


@pytest.mark.parametrize(("make", "inward", "outward"), LAYERS)
def test_xavier_is_uniform_by_both_fans(make: Callable[[], nn.Module], inward: float, outward: float) -> None:
    values = weight(xavier(make()))
    limit = (6 / (inward + outward)) ** 0.5
    assert values.std().item() == pytest.approx(limit / 3**0.5, rel=0.03)
    assert 0.99 * limit < values.abs().max() <= limit


@pytest.mark.parametrize(("make", "inward", "outward"), LAYERS)
def test_lecun_has_variance_one_by_fan_in(
    make: Callable[[], nn.Module], inward: float, outward: float
) -> None:
    assert weight(lecun(make())).std().item() == pytest.approx(inward**-0.5, rel=0.03)


@pytest.mark.parametrize(("make", "inward", "outward"), LAYERS)
def test_truncated_is_cut_at_two_deviations(
    make: Callable[[], nn.Module], inward: float, outward: float
) -> None:
    values = weight(truncated(make()))
    assert 0.0399 < values.abs().max() <= 0.04
    assert values.std().item() == pytest.approx(0.02 * 0.8796, rel=0.03)  # of a normal cut at two deviations


@pytest.mark.parametrize("start", [he, xavier, lecun, truncated])
def test_biases_start_at_zero_or_where_they_are_told(start: Callable[..., nn.Module]) -> None:
    assert start(nn.Conv2d(4, 4, 3)).get_parameter("bias").eq(0).all()
    assert start(nn.Linear(4, 4), -2.0).get_parameter("bias").eq(-2).all()
    assert list(dict(start(nn.Conv2d(4, 4, 3, bias=False)).named_parameters())) == ["weight"]


def test_a_bias_alone_leaves_the_weights_to_pytorch() -> None:
    layer = nn.Conv2d(4, 4, 3)
    before = layer.weight.clone()
    assert biased(layer, -1.5).get_parameter("bias").eq(-1.5).all()
    assert torch.equal(layer.weight, before)


def test_without_a_start_the_text_is_pytorchs_own() -> None:
    plain = source(network(width=8))
    assert "nn.Conv2d(32, 8, 3, padding=1, bias=False)" in plain
    assert "def " not in plain.partition("class ")[0]


@pytest.mark.parametrize("init", STARTS)
def test_a_style_starts_every_convolution(init: str) -> None:
    text = source(network("bottleneck", width=64, init=init))
    assert text.count(f"= {init}(nn.Conv2d(") == text.count("nn.Conv2d(") == 4
    assert f"def {init}(" in text


def test_a_linear_layer_is_started_around_its_constructor() -> None:
    values = {"inputs": "8", "outputs": "4", "bias": "False"}
    assert Linear(8, 4, False, "he").module(values, 0) == "he(nn.Linear(8, 4, bias=False))"
    assert Linear(8, 4, False).module(values, 0) == "nn.Linear(8, 4, bias=False)"


def test_the_built_weights_follow_the_law() -> None:
    module = build(network(width=128, init="he"))
    values = module.get_submodule("conv.conv1").get_parameter("weight")
    assert values.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.03)


@pytest.mark.parametrize(
    ("word", "args"),
    [
        ("basic", {"width": 32}),
        ("basic", {"width": 32, "act": "relu", "droppath": 0}),
        ("bottleneck", {"width": 32, "norm": "layer"}),
    ],
)
def test_a_zero_last_norm_leaves_the_shortcut_alone(word: str, args: dict[str, object]) -> None:
    module = build(network(word, last_norm="zero", **args))
    x = torch.randn(2, 32, 8, 8)
    assert torch.equal(module(x), torch.relu(x))
    assert not torch.equal(build(network(word, **args))(x), torch.relu(x))


def test_an_inverted_block_starts_as_the_identity_only_where_it_has_a_sum() -> None:
    x = torch.randn(2, 32, 8, 8)
    assert torch.equal(build(network("inverted", width=32, expand=2, last_norm="zero"))(x), x)
    assert "zero(" not in source(network("inverted", width=16, expand=2, last_norm="zero"))


def test_zero_keeps_the_modules_parameters() -> None:
    norm = zero(nn.BatchNorm2d(4))
    assert norm.get_parameter("weight").eq(0).all()
    assert norm.get_parameter("weight").requires_grad


@pytest.mark.parametrize("init", [*STARTS, None])
def test_costs_and_state_do_not_depend_on_the_start(init: str | None) -> None:
    plain = network("basic", width=64, stride=2)
    started = network("basic", width=64, stride=2, init=init, last_norm="zero")
    assert started.totals == plain.totals
    shapes = {name: value.shape for name, value in build(plain).state_dict().items()}
    assert {name: value.shape for name, value in build(started).state_dict().items()} == shapes


def test_a_start_is_part_of_what_a_network_is() -> None:
    hashes = {network(width=8, init=init).hash() for init in (*STARTS, None)}
    assert len(hashes) == 5
    assert "init" not in canonical_text(network(width=8).graph)


def test_building_on_the_meta_device_needs_no_memory() -> None:
    with torch.device("meta"):
        module = build(network("basic", width=64, init="he", last_norm="zero"))
    assert all(parameter.is_meta for parameter in module.parameters())
