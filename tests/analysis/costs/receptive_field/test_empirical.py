import doctest
from fractions import Fraction

import pytest

from archscape.analysis.costs.receptive_field import empirical as module
from archscape.analysis.costs.receptive_field import fields
from archscape.analysis.costs.receptive_field.empirical import empirical_field
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Op, Shape
from archscape.spaces.operators import OPERATORS
from archscape.spaces.testing import example_network

# Each network on an input that holds the field of a layer as deep as it has in a few seconds.
CATALOG: list[tuple[str, Shape, str, int]] = [
    ("lenet5", (1, 32, 32), "avgpool2", 16),
    ("alexnet", (3, 227, 227), "conv4", 131),
    ("vgg16", (3, 64, 64), "maxpool3", 44),
    ("resnet18", (3, 160, 160), "basic2.1.act2", 99),
    ("resnext50-32x4d", (3, 128, 128), "bottleneck1.2.act3", 35),
    ("densenet121", (3, 112, 112), "dense1.5.concat1", 59),
    ("googlenet", (3, 96, 96), "inception3a.concat1", 59),
    ("squeezenet", (3, 160, 160), "maxpool3", 123),
    ("mobilenetv2", (3, 128, 128), "inverted3.2.add1", 59),
    ("convnext-tiny", (3, 160, 160), "convnext1.2.residual_add", 76),
    ("dilated-context", (21, 80, 80), "conv8", 67),
    ("patchgan", (6, 128, 128), "patches", 70),
    ("wavenet", (256, 2400), "logits", 1024),
    ("dqn", (4, 84, 84), "conv3", 36),
]


@pytest.mark.parametrize(("name", "shape", "layer", "size"), CATALOG)
def test_networks_of_the_catalog_see_what_theory_says(name: str, shape: Shape, layer: str, size: int) -> None:
    net = load_network(name).at(input=shape)
    theory, seen = fields(net.graph)[layer], empirical_field(net, layer)
    assert seen.inside, "the input is too small to hold the field"
    assert theory.size == seen.size == (size,) * (len(shape) - 1)
    for (low, high), jump, centre, position in zip(
        seen.ends, theory.jump, theory.centre, seen.place, strict=True
    ):
        assert Fraction(low + high, 2) == centre + position * jump


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_no_operator_sees_more_than_theory_says(operator: type[Op]) -> None:
    net = example_network(operator)
    node = next(node for node in net.graph.flatten().nodes if type(node.op) is operator)
    if len(node.shape) > 1 and not operator.zero:
        theory, seen = fields(net.graph)[node.name], empirical_field(net, node.name)
        assert all(size <= most for size, most in zip(seen.size, theory.size, strict=True))


def test_an_enlarged_map_sees_by_turns_what_theory_says_at_most() -> None:
    net = load_network("gdn-codec").at(input=(1, 96, 96))
    sizes = [empirical_field(net, "upconv1", place=(at, at)).size for at in (6, 7)]
    assert max(sizes) == fields(net.graph)["upconv1"].size


def network(*rows: str) -> Network:
    return Network.from_yaml(f"network: n\ninput: 1x15\nlayers: [{', '.join(rows)}]")


def test_it_is_a_set_with_its_holes() -> None:
    net = network("conv: {width: 2, dilation: 2}", "conv: {width: 2, dilation: 2}")
    seen = empirical_field(net, "conv2.conv1")
    assert seen.place == (7,)
    assert seen.inputs.nonzero()[0].tolist() == [3, 5, 7, 9, 11]
    assert seen.size == (9,)


@pytest.mark.parametrize("act", ["relu", "sigmoid", "hardswish"])
def test_activations_and_maxima_cut_no_path(act: str) -> None:
    net = network(f"conv: {{width: 2, act: {act}}}", "maxpool: {kernel: 3, stride: 1}", "conv: {width: 2}")
    assert empirical_field(net, "conv2.act1").size == (7,)


def test_both_factors_of_a_product_are_seen() -> None:
    net = network("multiply: [conv: {width: 1}, conv: {width: 1, kernel: 5}]")
    assert empirical_field(net, list(fields(net.graph))[-1]).size == (5,)


@pytest.mark.parametrize("extent", [24, 25])
def test_unpooling_spreads_a_value_over_its_window(extent: int) -> None:
    rows = ["conv: {name: a, width: 1}", "maxpool", "unpool: {like: a}"]
    net = Network.from_yaml(f"network: n\ninput: 1x{extent}\nlayers: [{', '.join(rows)}]")
    for position in (10, 11):
        assert empirical_field(net, "unpool", place=(position,)).ends == ((9, 12),)


def test_a_field_at_the_border_is_cut() -> None:
    seen = empirical_field(network("conv: {width: 2}"), "conv.conv1", place=(0,))
    assert seen.ends == ((0, 1),)
    assert not seen.inside


def test_a_place_outside_the_map_is_named() -> None:
    with pytest.raises(InputError, match="conv1 of lenet5 is a map of 28x28, but got place \\(28, 0\\)"):
        empirical_field(load_network("lenet5"), "conv1", place=(28, 0))


def test_an_unknown_layer_is_named() -> None:
    with pytest.raises(InputError, match="lenet5 has no layer 'conv9'; did you mean 'conv2'"):
        empirical_field(load_network("lenet5"), "conv9")


def test_the_example_is_true() -> None:
    assert doctest.testmod(module) == (0, 2)
