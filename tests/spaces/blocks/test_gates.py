"""Gates, scales and noise: each row computes its formula, costs what it says, and refuses what cannot be."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.operators.activation import ACTIVATIONS

MAPS = [(8, 9), (8, 5, 6), (8, 3, 4, 5)]


def network(word: str, *above: Row, of: tuple[int, ...] = (8, 5, 6), **args: object) -> Network:
    return Network(name="n", input=of, layers=(*above, Row(word, **args)))  # type: ignore[arg-type]


def image(shape: tuple[int, ...] = (8, 5, 6), batch: int = 2) -> Tensor:
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(0))


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach() for name, parameter in module.named_parameters()}


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_squeeze_excitation_takes_a_width_or_a_ratio() -> None:
    by_width, by_ratio = network("se", width=2), network("se", ratio=Fraction(1, 4))
    assert by_width.totals == by_ratio.totals
    assert by_width.totals.params == (8 * 2 + 2) + (2 * 8 + 8)
    assert by_width.hash() == by_ratio.hash()


@pytest.mark.parametrize("arguments", [{}, {"width": 2, "ratio": Fraction(1, 4)}])
def test_squeeze_excitation_takes_one_of_the_two(arguments: dict[str, object]) -> None:
    with pytest.raises(ShapeError, match="as a ratio of the channels or as a width: one of the two"):
        network("se", **arguments)


def test_squeeze_excitation_scales_each_channel() -> None:
    module, x = build(network("se", width=2, gate="hardsigmoid", function="silu")), image()
    w = weights(module)
    hidden = F.silu(F.linear(x.mean((2, 3)), w["se.se_conv.weight"].flatten(1), w["se.se_conv.bias"]))
    factor = F.hardsigmoid(F.linear(hidden, w["se.se_conv2.weight"].flatten(1), w["se.se_conv2.bias"]))
    torch.testing.assert_close(module(x), x * factor[:, :, None, None])


def test_a_highway_carries_what_its_gate_does_not_take() -> None:
    module, x = build(network("highway", norm=None)), image()
    w = weights(module)
    new = F.relu(F.conv2d(x, w["highway.conv1.weight"], w["highway.conv1.bias"], padding=1))
    gate = torch.sigmoid(F.conv2d(x, w["highway.gate_conv.weight"], w["highway.gate_conv.bias"], padding=1))
    torch.testing.assert_close(module(x), new * gate + x * (1 - gate))


@pytest.mark.parametrize("init", [None, "he", "truncated"])
@pytest.mark.parametrize("bias", [-2, -1, Fraction(-3, 2)])
def test_the_gate_of_a_highway_starts_at_its_bias(bias: Fraction, init: str | None) -> None:
    module = build(network("highway", gate_bias=bias, init=init, depth=2))
    biases = {name: value for name, value in weights(module).items() if name.endswith("gate_conv.bias")}
    assert len(biases) == 2
    assert all(value.eq(float(bias)).all() for value in biases.values())


def test_a_closed_highway_is_the_identity() -> None:
    module, x = build(network("highway", gate_bias=-1000, depth=3)), image()
    assert torch.equal(module(x), x)


@pytest.mark.parametrize("shape", MAPS)
def test_context_adds_one_number_to_each_channel(shape: tuple[int, ...]) -> None:
    module, x = build(network("context", of=shape, ratio=Fraction(1, 2))), image(shape)
    w = {name.removeprefix("context."): value.flatten(1) if value.dim() > 2 else value
         for name, value in weights(module).items()}  # fmt: skip
    flat = x.flatten(2)
    attention = torch.einsum("bcn,oc->bn", flat, w["mask_conv.weight"]).softmax(1)
    mean = torch.einsum("bcn,bn->bc", flat, attention)
    hidden = F.layer_norm(F.linear(mean, w["conv1.weight"], w["conv1.bias"]), (4,))
    added = F.linear(F.relu(hidden), w["conv2.weight"], w["conv2.bias"])
    torch.testing.assert_close((module(x) - x).flatten(2), added[:, :, None].expand_as(flat))


def test_context_needs_channels_to_norm() -> None:
    with pytest.raises(ShapeError, match="ratio 1/16 leaves 0 of 8 channels; its norm needs two"):
        network("context")


@pytest.mark.parametrize("shape", MAPS)
def test_divisive_normalisation_divides_by_the_energy_of_all_channels(shape: tuple[int, ...]) -> None:
    x = image(shape)
    for word, power in (("gdn", -0.5), ("igdn", 0.5)):
        module = build(network(word, of=shape))
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.uniform_(-1, 1)  # negative roots too: what they are roots of stays positive
        w = weights(module)
        beta = w[f"{word}.beta_root"].square() + 1e-6
        gamma = w[f"{word}.gamma_root"].square()
        energy = beta[:, None] + torch.einsum("ij,bjn->bin", gamma, x.flatten(2).square())
        torch.testing.assert_close(module(x), x * energy.pow(power).reshape(x.shape))


def test_divisive_normalisation_starts_as_in_the_paper() -> None:
    x = image()
    torch.testing.assert_close(build(network("gdn"))(x), x / (1 + 0.1 * x * x).sqrt(), rtol=1e-5, atol=1e-6)


def test_divisive_normalisation_is_counted_as_its_convolution() -> None:
    params, macs, other, activations = network("gdn").totals
    assert params == 8 + 8 * 8
    assert macs == 8 * 8 * 5 * 6
    assert other == 4 * 8 * 5 * 6
    assert activations == 8 * 5 * 6
    assert network("igdn").totals == network("gdn").totals


@pytest.mark.parametrize("word", ["gdn", "igdn", "zero", "attention", "context"])
def test_a_flat_vector_has_no_positions(word: str) -> None:
    args = {"zero": {"stride": 2}, "attention": {"heads": 2}}.get(
        word, {"ratio": 1} if word == "context" else {}
    )
    with pytest.raises(ShapeError, match="needs a map, but got 8 flat features"):
        network(word, Row("linear", width=8), **args)


def test_a_scale_is_a_factor_per_channel() -> None:
    module, x = build(network("scale")), image()
    torch.testing.assert_close(module(x), x * 1e-6)
    assert torch.equal(build(network("scale", init=1))(x), x)
    assert network("scale").totals == (8, 0, 8 * 5 * 6, 0)


def test_drop_path_drops_whole_samples_and_keeps_the_mean() -> None:
    module, x = build(network("droppath", rate=Fraction(1, 4))), image(batch=4000)
    y = module.train()(x)
    dropped = y.flatten(1).eq(0).all(1)
    assert dropped.float().mean().item() == pytest.approx(1 / 4, abs=0.03)
    torch.testing.assert_close(y[~dropped], x[~dropped] * 4 / 3)
    assert torch.equal(module.eval()(x), x)


def test_a_rate_of_zero_is_the_identity() -> None:
    plain = network("act")
    assert network("act", Row("droppath", rate=0)).hash() == plain.hash()
    assert network("act", Row("droppath", rate=Fraction(1, 4))).hash() != plain.hash()


@pytest.mark.parametrize(("word", "args"), [("basic", {}), ("bottleneck", {}), ("inverted", {"expand": 2})])
def test_blocks_drop_their_branch(word: str, args: dict[str, object]) -> None:
    always = build(network(word, width=8, droppath=Fraction(999_999, 1_000_000), act=None, **args))
    x = image()
    assert torch.equal(always.train()(x), x)
    assert not torch.equal(always.eval()(x), x)


def moments(word: str = "reparameterise") -> Network:
    rows = (
        Row("conv", name="mean", width=4, kernel=1, act=None, norm=None),
        Row("conv", name="logvar", from_="input", width=4, kernel=1, act=None, norm=None),
        Row(word, from_="mean", logvar="logvar"),
    )
    return Network(name="n", input=(8, 5, 6), layers=rows)


def test_a_latent_code_is_drawn_while_training_and_its_mean_otherwise() -> None:
    module, x = build(moments()), image(batch=1).expand(20_000, -1, -1, -1)
    mean, logvar = module.get_submodule("mean")(x[:1]), module.get_submodule("logvar")(x[:1])
    assert torch.equal(module.eval()(x[:1]), mean)
    drawn = module.train()(x)
    torch.testing.assert_close(drawn.mean(0), mean[0], rtol=0, atol=0.05)
    torch.testing.assert_close(drawn.var(0).log(), logvar[0], rtol=0, atol=0.06)


def test_a_mean_and_its_variance_have_one_shape() -> None:
    rows = (Row("conv", width=4), Row("reparameterise", logvar="input"))
    with pytest.raises(
        ShapeError, match="a mean and its log variance have one shape, but got 4x5x6 and 8x5x6"
    ):
        Network(name="n", input=(8, 5, 6), layers=rows)


@pytest.mark.parametrize("shape", MAPS)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_zero_is_nothing_of_the_strided_shape(shape: tuple[int, ...], stride: int) -> None:
    net, x = network("zero", of=shape, stride=stride), image(shape)
    extent = tuple(-(-n // stride) for n in shape[1:])
    assert net.body.shape == (8, *extent)
    assert torch.equal(build(net)(x), torch.zeros(2, 8, *extent))


@pytest.mark.parametrize("stride", [1, 2])
def test_zero_reads_a_sum_as_a_whole(stride: int) -> None:
    table = f"""
        network: n
        input: 8x5x6
        blocks:
          nothing():
            - conv: {{width: 8}}
            - add: {{with: input}}
            - zero: {{stride: {stride}}}
        layers: [nothing, act]
    """
    assert build(Network.from_yaml(table))(image()).eq(0).all()


def test_a_crop_cuts_a_sum_as_a_whole() -> None:
    table = """
        network: n
        input: 8x5x6
        blocks:
          cut():
            - conv: {name: small, width: 2, padding: valid}
            - conv: {name: large, from: input, width: 8, act: none, norm: none, bias: false}
            - add: {with: input}
            - concat: {with: small, crop: true}
        layers: [cut]
    """
    x = image()
    module = build(Network.from_yaml(table))
    with torch.no_grad():
        module.get_submodule("cut.large").get_parameter("weight").zero_()
    assert torch.equal(module(x)[:, :8], x[:, :, 1:4, 1:5])


def test_a_vector_becomes_a_map_in_order() -> None:
    module = build(network("reshape", Row("linear", width=24), shape=(4, 2, 3)))
    x = image()
    assert torch.equal(module(x), module.get_submodule("linear")(x.flatten(1)).view(2, 4, 2, 3))


@pytest.mark.parametrize("above", [(), (Row("linear", width=25),)])
def test_a_map_holds_what_the_vector_does(above: tuple[Row, ...]) -> None:
    with pytest.raises(ShapeError, match="4x2x3 holds 24 flat features, but got"):
        network("reshape", *above, shape=(4, 2, 3))


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_an_act_row_is_the_activation_of_its_style(function: str) -> None:
    x = image()
    reference = {
        "prelu": lambda x: torch.where(x > 0, x, x / 4),
        "softmax": lambda x: x.exp() / x.exp().sum(1, keepdim=True),
        "log_softmax": lambda x: x - x.exp().sum(1, keepdim=True).log(),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
    }.get(function) or getattr(F, function)
    torch.testing.assert_close(build(network("act", act=function))(x), reference(x))
    assert network("act", act=function).totals.params == (8 if function == "prelu" else 0)


def test_a_network_of_leaky_slopes_learns_one_for_each_channel() -> None:
    net = Network(name="n", input=(3, 8, 8), layers=(Row("basic", width=8),), defaults={"act": "prelu"})
    slopes = [value for value in weights(build(net)).values() if value.eq(0.25).all()]
    assert [tuple(value.shape) for value in slopes] == [(8,), (8,)]


def test_identity_is_no_step() -> None:
    net = network("conv", Row("identity"), Row("identity"), width=8)
    assert next(node.name for node in net.graph.flatten().nodes).startswith("conv")
    assert net.hash() == network("conv", width=8).hash()


def test_a_shortcut_row_is_the_identity_where_the_shape_is_kept() -> None:
    assert network("act", Row("shortcut", width=8)).hash() == network("act").hash()
    projected = network("shortcut", width=12, stride=2)
    assert projected.body.shape == (12, 3, 3)
    assert projected.totals.params == 8 * 12 + 2 * 12
