import doctest
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from archscape.analysis import receptive_field
from archscape.analysis.cost import profile
from archscape.analysis.receptive_field import receptive_fields
from archscape.spaces import Network, load_network
from archscape.spaces.build import build
from archscape.spaces.graph import Shape

DRAWS = (
    64  # inputs where there is max pooling, which passes the gradient of one place of its window at a time
)


def network(shape: str, *rows: str) -> Network:
    return Network.from_yaml(f"network: n\ninput: {shape}\nlayers: [{', '.join(rows)}]")


def field(net: Network) -> Shape:
    """The receptive field of the output."""
    return list(receptive_fields(net.graph).values())[-1]


def measured(net: Network) -> Shape:
    """The extent of the input that moves the middle place of the output map, by gradients."""
    torch.manual_seed(0)
    module = build(net).double().eval()
    make_positive(module)
    draws = DRAWS if "maxpool" in profile(net).flops_by_kind else 1
    x = torch.rand(draws, *net.input, dtype=torch.double, requires_grad=True)
    y = module(x)
    middle = tuple(extent // 2 for extent in y.shape[2:])
    (slope,) = torch.autograd.grad(y[(slice(None), slice(None), *middle)].sum(), x)
    places = slope.ne(0).any(dim=1).any(dim=0).nonzero()
    low, high = places.min(dim=0).values, places.max(dim=0).values
    assert (low > 0).all(), "the input is too small to hold the field"
    assert (high < torch.tensor(net.input[1:]) - 1).all(), "the input is too small to hold the field"
    return tuple((high - low + 1).tolist())


def make_positive(module: nn.Module) -> None:
    """Make every weight positive, so that no activation cuts a path and no two paths cancel."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                fan_in = prod(parameter.shape[1:])
                parameter.uniform_(0.5 / fan_in, 1 / fan_in)


@pytest.mark.parametrize(
    ("shape", "rows", "expected"),
    [
        ("2x40x40", ["conv: {width: 4, kernel: 3}", "conv: {width: 4, kernel: 5}"], (7, 7)),
        ("1x40x40", ["conv: {width: 2, kernel: [3, 1]}", "conv: {width: 2, kernel: [5, 9]}"], (7, 9)),
        ("2x64x64", ["conv: {width: 2, kernel: 7, stride: 2}", "maxpool: {kernel: 3, stride: 2}"], (11, 11)),
        ("2x64x64", ["conv: {width: 2, padding: valid}", "maxpool", "conv: {width: 2}"], (8, 8)),
        ("2x160x160", ["conv: {width: 2, stride: 2}", "basic: {width: 4, depth: 2, stride: 2}"], (31, 31)),
        ("4x64x64", ["bottleneck: {width: 8, kernel: 5, groups: 2}", "avgpool: {kernel: 3}"], (7, 7)),
        ("4x64x64", ["plain: {width: 4, conv: dilated(3)}"], (13, 13)),
        ("4x64x64", ["plain: {width: 4, conv: factorised, kernel: 5}", "separable: {width: 4}"], (11, 11)),
        ("3x64x64", ["inverted: {width: 4, expand: 2, kernel: 5, depth: 2, stride: 2}"], (13, 13)),
        ("4x64x64", ["dense: {depth: 3, growth: 2}", "transition", "conv: {width: 2}"], (12, 12)),
        ("3x48x48", ["inception: {1x1: 2, 3x3: [2, 2], 5x5: [2, 2], pool: 2}", "conv: {width: 2}"], (7, 7)),
        ("2x96", [f"conv: {{width: 2, dilation: {d}}}" for d in (1, 2, 4, 8)], (31,)),
        ("1x20x24x28", ["conv: {width: 2, kernel: [1, 3, 5]}", "maxpool", "conv: {width: 2}"], (6, 8, 10)),
    ],
)
def test_it_is_what_gradients_measure(shape: str, rows: list[str], expected: Shape) -> None:
    net = network(shape, *rows)
    assert field(net) == measured(net) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 3, 5, 7]), st.integers(1, 2), st.integers(1, 3)), min_size=1, max_size=4
    )
)
@settings(max_examples=30, deadline=None)
def test_chains_of_any_kernel_stride_and_dilation(chain: list[tuple[int, int, int]]) -> None:
    rows = [f"conv: {{width: 1, kernel: {k}, stride: {s}, dilation: {d}}}" for k, s, d in chain]
    net = network("1x640", *rows)
    assert field(net) == measured(net)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_stacking_convolutions_of_one_size(kernel: int, depth: int) -> None:
    net = network("1x32x32", f"conv: {{width: 2, kernel: {kernel}, depth: {depth}}}")
    assert field(net) == (1 + depth * (kernel - 1),) * 2


def test_vgg16_sees_212_after_its_last_pooling() -> None:
    fields = receptive_fields(load_network("vgg16").graph)
    pools = [fields[f"maxpool{index}"] for index in range(1, 6)]
    assert pools == [(6, 6), (16, 16), (44, 44), (100, 100), (212, 212)]
    # The first linear layer reads the whole map of 7x7 places, 32 apart.
    assert fields["linear1"] == (212 + 6 * 32,) * 2


def test_resnet18_sees_435_before_its_global_pooling() -> None:
    fields = list(receptive_fields(load_network("resnet18").graph).items())
    names = [name for name, _ in fields]
    assert fields[names.index("avgpool") - 1][1] == (435, 435)


def test_dilated_context() -> None:
    # Yu and Koltun 2016, table 1: the basic context module.
    rows = [f"conv: {{width: 2, dilation: {d}}}" for d in (1, 1, 2, 4, 8, 16, 1)]
    fields = receptive_fields(network("2x64x64", *rows, "conv: {width: 2, kernel: 1}").graph)
    sizes = [fields[f"conv{index}.conv1"][0] for index in range(1, 9)]
    assert sizes == [3, 5, 9, 17, 33, 65, 67, 67]


def test_wavenet_doubles_with_every_layer() -> None:
    # van den Oord et al. 2016, section 2.1: dilations 1, 2, 4, ..., 512 see 1,024 samples.
    rows = [f"conv: {{width: 2, kernel: 2, dilation: {2**i}, padding: valid}}" for i in range(10)]
    assert field(network("1x2048", *rows)) == (1024,)


def test_every_layer_has_a_field() -> None:
    for name in ("googlenet", "densenet121", "seresnet50"):
        net = load_network(name)
        assert list(receptive_fields(net.graph)) == [layer.name for layer in profile(net).layers]


def test_the_examples_are_true() -> None:
    assert doctest.testmod(receptive_field) == (0, 2)
