import doctest
from fractions import Fraction
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from archscape.analysis.costs import receptive_field
from archscape.analysis.costs.profile import profile
from archscape.analysis.costs.receptive_field import Field, fields, receptive_fields
from archscape.spaces import Network, load_network
from archscape.spaces.codegen.build import build
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
    ((_, seen),) = seen_around_the_middle(net, places=1)
    return tuple(high - low + 1 for low, high in seen)


def seen_around_the_middle(net: Network, *, places: int) -> list[tuple[Shape, list[tuple[int, int]]]]:
    """The first and last input along each axis that move a place of the output, along its diagonal."""
    torch.manual_seed(0)
    module = build(net).double().eval()
    make_positive(module)
    kinds = set(profile(net).flops_by_kind)
    x = torch.rand(
        DRAWS if kinds & {"maxpool", "unpool"} else 1, *net.input, dtype=torch.double, requires_grad=True
    )
    y = module(x)
    seen = []
    for shift in range(places):
        position = tuple(extent // 2 + shift for extent in y.shape[2:])
        out = y[(slice(None), slice(None), *position)].sum()
        (slope,) = torch.autograd.grad(out, x, retain_graph=True)
        inputs = slope.ne(0).any(dim=1).any(dim=0).nonzero()
        low, high = inputs.min(dim=0).values, inputs.max(dim=0).values
        assert (low > 0).all(), "the input is too small to hold the field"
        assert (high < torch.tensor(net.input[1:]) - 1).all(), "the input is too small to hold the field"
        seen.append((position, list(zip(low.tolist(), high.tolist(), strict=True))))
    return seen


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


PLACES = (
    16  # a multiple of every scale below: their fields shift by a whole number of inputs in as many places
)


@pytest.mark.parametrize(
    ("shape", "rows", "size", "jump", "centre"),
    [
        ("1x64", ["conv: {width: 2, stride: 2}", "upconv: {width: 2}"], 3, 1, "-1/2"),
        ("1x64", ["upconv: {width: 2, kernel: 4}", "conv: {width: 2}"], 3, "1/2", "-1/4"),
        ("1x64", ["upconv: {width: 2, kernel: 3}", "conv: {width: 2}"], 3, "1/2", 0),
        ("1x64", ["upconv: {width: 2, kernel: 3, padding: valid}"], 2, "1/2", "-1/2"),
        (
            "1x64",
            ["upsample", "conv: {width: 2}", "upsample", "conv: {width: 2, kernel: 5}"],
            3,
            "1/4",
            "-3/8",
        ),
        ("1x64", ["upsample: {scale: 4}", "conv: {width: 2, kernel: 2, padding: valid}"], 2, "1/4", "-1/4"),
        ("1x64", ["upsample: {mode: bilinear}", "conv: {width: 2}"], 3, "1/2", "-1/4"),
        ("4x32x32", ["pixelshuffle", "conv: {width: 2, dilation: 3}"], 4, "1/2", "-1/4"),
        (
            "1x64",
            [
                "conv: {name: a, width: 2}",
                "maxpool",
                "conv: {width: 2}",
                "unpool: {like: a}",
                "conv: {width: 2}",
            ],
            10,
            1,
            0,
        ),
        ("1x128", ["conv: {width: 2, stride: 2, padding: valid}", "conv: {width: 2, kernel: 5}"], 11, 2, 1),
        ("1x128", ["maxpool: {kernel: 3, stride: 2, padding: 0}", "avgpool: {kernel: 2}"], 5, 4, 2),
        ("1x64", ["conv: {width: 2, kernel: 4, dilation: 2, padding: causal}"], 7, 1, -3),
        # Narrowed, then widened: four neighbours see up to three pairs.
        (
            "1x64",
            ["avgpool: {kernel: 2}", "upsample", "conv: {width: 2, kernel: 4, padding: valid}"],
            6,
            1,
            "3/2",
        ),
        # A join of two fields whose middles are apart sees more than either.
        ("1x64", ["add: [conv: {width: 2}, conv: {width: 2, padding: causal}]"], 4, 1, "-1/2"),
        (
            "1x64",
            [
                "conv: {name: a, width: 2}",
                "conv: {width: 2, stride: 2, kernel: 5}",
                "upconv: {width: 2}",
                "concat: {with: a}",
                "conv: {width: 2}",
            ],
            9,
            1,
            "-1/2",
        ),
    ],
)
def test_size_jump_and_centre_are_what_gradients_measure(
    shape: str, rows: list[str], size: int, jump: Fraction, centre: Fraction
) -> None:
    net = network(shape, *rows)
    field = list(fields(net.graph).values())[-1]
    assert set(zip(*field, strict=True)) == {(size, Fraction(jump), Fraction(centre))}
    seen = seen_around_the_middle(net, places=PLACES)
    for axis in range(len(net.input) - 1):
        ends = [ends[axis] for _, ends in seen]
        assert max(high - low + 1 for low, high in ends) == size
        mean_place = Fraction(sum(position[axis] for position, _ in seen), PLACES)
        middle = Fraction(sum(low + high for low, high in ends), 2 * PLACES)
        assert middle == Fraction(centre) + mean_place * Fraction(jump)


STEPS = st.one_of(
    st.tuples(st.sampled_from([1, 2, 3, 4, 5]), st.sampled_from([1, 2]), st.integers(1, 2)).map(
        lambda step: "conv: {{width: 1, kernel: {}, stride: {}, dilation: {}}}".format(*step)
    ),
    st.sampled_from([2, 3, 4]).map(lambda kernel: f"upconv: {{width: 1, kernel: {kernel}, padding: 1}}"),
    st.just("upsample"),
    st.just("avgpool: {kernel: 2}"),
)


@given(st.lists(STEPS, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_chains_that_narrow_and_widen_in_any_order(rows: list[str]) -> None:
    net = network("1x1024", *rows)
    (size,), (jump,), (centre,) = list(fields(net.graph).values())[-1]
    seen = [
        (position, low, high) for (position,), ((low, high),) in seen_around_the_middle(net, places=PLACES)
    ]
    assert max(high - low + 1 for _, low, high in seen) == size
    assert sum(low + high - 2 * (centre + position * jump) for position, low, high in seen) == 0


def test_a_unet_sees_as_far_as_gradients_measure() -> None:
    rows = [
        "conv: {name: one, width: 2, depth: 2}",
        "avgpool: {kernel: 2}",
        "conv: {name: two, width: 2, depth: 2}",
        "avgpool: {kernel: 2}",
        "conv: {width: 2, depth: 2}",
        "upconv: {width: 2}",
        "concat: {with: two}",
        "conv: {width: 2, depth: 2}",
        "upconv: {width: 2}",
        "concat: {with: one}",
        "conv: {width: 2, depth: 2}",
    ]
    net = network("1x128x128", *rows)
    assert field(net) == tuple(
        max(high - low + 1 for low, high in [ends[axis] for _, ends in seen_around_the_middle(net, places=4)])
        for axis in (0, 1)
    )


def test_a_map_made_of_one_vector_sees_the_whole_input_and_no_more() -> None:
    rows = ["conv: {width: 2}", "linear: {width: 32}", "reshape: {shape: [2, 4, 4]}", "upconv: {width: 2}"]
    sizes = fields(network("1x16x16", *rows, "conv: {width: 1}").graph)
    assert {sizes[name].jump for name in sizes if name.startswith(("upconv", "conv2"))} == {(0, 0)}
    assert list(sizes.values())[-1].size == (18, 18)  # the first layer's window hangs over both ends


def test_a_gate_sees_the_whole_map_and_the_gated_map_keeps_its_jump() -> None:
    field = list(
        fields(network("4x16x16", "conv: {width: 4, stride: 2}", "se: {ratio: 1/2}").graph).values()
    )[-1]
    assert field == Field((17, 17), (2, 2), (7, 7))


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


def test_wavenet_with_three_stacks_sees_3070_samples_of_the_past() -> None:
    net = network("4x4000", "wavenet: {width: 2, skip: 2, depth: 10, stacks: 3}")
    assert list(fields(net.graph).values())[-1] == Field((3070,), (1,), (Fraction(-3069, 2),))


def test_the_patch_discriminator_sees_70_by_70() -> None:
    # Isola et al. 2017, appendix 6.1.2: C64-C128-C256-C512 and a last convolution, all 4x4.
    rows = [f"conv: {{width: 2, kernel: 4, stride: {stride}, padding: 1}}" for stride in (2, 2, 2, 1, 1)]
    assert field(network("6x256x256", *rows)) == (70, 70)


def test_every_layer_has_a_field() -> None:
    for name in ("googlenet", "densenet121", "seresnet50"):
        net = load_network(name)
        assert list(receptive_fields(net.graph)) == [layer.name for layer in profile(net).layers]


def test_the_examples_are_true() -> None:
    assert doctest.testmod(receptive_field) == (0, 7)
