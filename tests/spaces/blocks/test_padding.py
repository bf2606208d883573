"""Padding: uneven sides, modes, TensorFlow's rule, channels; held against PyTorch's own functions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.analysis.costs.receptive_field import fields
from archscape.spaces import InputError, Network, Row, ShapeError, Space, Term
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source
from archscape.spaces.operators import Pad

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def table(*rows: str, size: str = "3x9x8") -> Network:
    lines = "".join(f"  - {row}\n" for row in rows)
    return Network.from_yaml(f"network: n\ninput: {size}\nlayers:\n{lines}")


def bare(args: str, word: str = "conv", size: str = "3x9x8") -> Network:
    """Return a network of one convolution and nothing after it."""
    return table(f"{word}: {{width: 4, norm: none, act: none, bias: true, {args}}}", size=size)


def image(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))


def weights(module: nn.Module) -> tuple[Tensor, Tensor]:
    weight, bias = module.parameters()
    return weight, bias


def same_upper(n: int, window: int, stride: int) -> tuple[int, int]:
    """TensorFlow's documented rule for SAME."""
    total = max(window - stride, 0) if n % stride == 0 else max(window - n % stride, 0)
    return total // 2, total - total // 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("sides", ["[[0, 1], [0, 1]]", "[[2, 0], [0, 2]]", "[1, [2, 3]]", "[[3, 0], 0]"])
def test_a_convolution_pads_each_side_as_it_is_told(mode: str, stride: int, sides: str) -> None:
    network = bare(f"stride: {stride}, padding: {sides}, padding_mode: {mode}")
    module, x = build(network), image((3, 9, 8))
    pairs = [(p, p) if isinstance(p, int) else p for p in eval(sides)]
    wide = F.pad(x, (*pairs[1], *pairs[0]), mode=MODES[mode])
    expected = F.conv2d(wide, *weights(module), stride=stride)
    torch.testing.assert_close(module(x), expected)
    assert network.graph.body.shape == expected.shape[1:]
    written = expected[0].numel()
    assert network.totals == (3 * 9 * 4 + 4, 3 * 9 * written, written, written)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", ["3x9", "3x9x8", "3x5x6x4"])
def test_a_mode_is_that_of_pytorchs_convolution(mode: str, size: str) -> None:
    module = build(bare(f"kernel: 5, stride: 2, padding_mode: {mode}", size=size))
    shape = tuple(map(int, size.split("x")))
    peer = getattr(nn, f"Conv{len(shape) - 1}d")(3, 4, 5, stride=2, padding=2, padding_mode=mode)
    peer.load_state_dict({key.rpartition(".")[2]: value for key, value in module.state_dict().items()})
    torch.testing.assert_close(module(image(shape)), peer(image(shape)))


@pytest.mark.parametrize(("kernel", "stride", "dilation"), [*product([1, 2, 3, 6], [1, 2, 3], [1, 2])])
@pytest.mark.parametrize("size", ["3x9x8", "3x12x7"])
@pytest.mark.filterwarnings("ignore:Using padding='same'")  # of even kernels, where PyTorch copies the map
def test_same_upper_is_the_rule_of_tensorflow(kernel: int, stride: int, dilation: int, size: str) -> None:
    network = bare(
        f"kernel: {kernel}, stride: {stride}, dilation: {dilation}, padding: same_upper", size=size
    )
    module, shape = build(network), tuple(map(int, size.split("x")))
    tall, wide = (same_upper(n, dilation * (kernel - 1) + 1, stride) for n in shape[1:])
    x = image(shape)
    y = F.conv2d(F.pad(x, (*wide, *tall)), *weights(module), stride=stride, dilation=dilation)
    torch.testing.assert_close(module(x), y)
    assert network.graph.body.shape[1:] == tuple(-(-n // stride) for n in shape[1:])
    if stride == 1:
        peer = nn.Conv2d(3, 4, kernel, dilation=dilation, padding="same")
        peer.load_state_dict({key.rpartition(".")[2]: value for key, value in module.state_dict().items()})
        torch.testing.assert_close(module(x), peer(x))


def pooled(x: Tensor, word: str, kernel: int, stride: int, pairs: list[tuple[int, int]]) -> Tensor:
    """Return what a pooling gives of a map padded by hand."""
    sides = (*pairs[1], *pairs[0])
    if word == "maxpool":
        return F.max_pool2d(F.pad(x, sides, value=float("-inf")), kernel, stride)
    y = F.avg_pool2d(F.pad(x, sides), kernel, stride)
    return y if word == "avgpool" else y / F.avg_pool2d(F.pad(torch.ones_like(x), sides), kernel, stride)


@pytest.mark.parametrize("word", ["maxpool", "avgpool", "inner"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2), (4, 3), (5, 2), (5, 1)])
def test_a_pooling_pads_each_side_as_it_is_told(word: str, kernel: int, stride: int) -> None:
    x, half = image((3, 9, 8)), kernel // 2
    refused = 0
    for before, after, other in product(range(half + 1), repeat=3):
        pairs = [(before, after), (other, before)]
        args = f"kernel: {kernel}, stride: {stride}, padding: {[list(pair) for pair in pairs]}"
        counts = ", pad_counts: false" if before or after or other else ""
        row = f"avgpool: {{{args}{counts}}}" if word == "inner" else f"{word}: {{{args}}}"
        try:
            network = table(row)
        except ShapeError:  # where neither a part window nor a cut gives the same ones
            refused += 1
            continue
        torch.testing.assert_close(build(network)(x), pooled(x, word, kernel, stride, pairs))
    assert refused <= (0 if word == "avgpool" or stride < 3 else 6)


@pytest.mark.parametrize("word", ["maxpool", "avgpool", "inner"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2), (5, 2), (3, 3), (2, 3)])
@pytest.mark.parametrize("size", ["3x9x8", "3x12x7"])
def test_poolings_know_the_rule_of_tensorflow(word: str, kernel: int, stride: int, size: str) -> None:
    args = f"kernel: {kernel}, stride: {stride}, padding: same_upper"
    row = f"avgpool: {{{args}, pad_counts: false}}" if word == "inner" else f"{word}: {{{args}}}"
    shape = tuple(map(int, size.split("x")))
    pairs = [same_upper(n, kernel, stride) for n in shape[1:]]
    network, x = table(row, size=size), image(shape)
    torch.testing.assert_close(build(network)(x), pooled(x, word, kernel, stride, pairs))


def test_padding_that_no_window_reaches_is_no_step_of_its_own() -> None:
    for args in ("padding: [[1, 0], [1, 0]], stride: 2", "padding: same_upper, stride: 1"):
        text = source(bare(args, size="3x8x8"))
        assert "F.pad" not in text
        assert "padding=1" in text
    uneven, even = (bare(f"stride: 2, padding: {p}", size="3x8x8") for p in ("[[1, 0], [1, 0]]", "same"))
    assert uneven.hash() == even.hash()
    assert "ceil_mode=True" in source(table("maxpool: {kernel: 3, stride: 2, padding: same_upper}"))


def test_a_row_of_padding_and_a_padded_row_are_one_network() -> None:
    assert len({bare(f"padding_mode: {mode}").hash() for mode in MODES}) == 4
    inside = bare("padding: 1, padding_mode: reflect")
    apart = table(
        "pad: {sides: [[1, 1], 1], mode: reflect}",
        "conv: {width: 4, padding: valid, norm: none, act: none}",
    )
    assert inside.hash() == apart.hash()
    assert bare("padding: [[1, 1], [2, 2]]") != bare("padding: [1, 2]")
    assert bare("padding: [[1, 1], [2, 2]]").hash() == bare("padding: [1, 2]").hash()


@pytest.mark.parametrize("mode", MODES)
def test_a_row_pads_sides_and_channels(mode: str) -> None:
    x = image((3, 9, 8))
    sides = build(table(f"pad: {{sides: [[2, 0], [1, 3]], mode: {mode}}}"))(x)
    assert torch.equal(sides, F.pad(x, (1, 3, 2, 0), mode=MODES[mode]))
    channels = build(table(f"pad: {{sides: 1, mode: {mode}, channels: [2, 5]}}"))(x)
    assert torch.equal(channels, F.pad(F.pad(x, (1, 1, 1, 1), mode=MODES[mode]), (0, 0, 0, 0, 2, 5)))


def test_channels_are_padded_after_their_own_without_arithmetic() -> None:
    network, x = table("pad: {channels: 16}", size="3x4x4"), image((3, 4, 4))
    y = build(network)(x)
    assert torch.equal(y, torch.cat([x, torch.zeros(2, 16, 4, 4)], 1))
    assert network.totals == (0, 0, 0, 0)
    flat = build(table("linear: {width: 5}", "pad: {channels: [1, 2]}", size="3x4x4"))(x)
    assert flat.shape == (2, 8)
    assert flat[:, [0, 6, 7]].abs().max() == 0


@pytest.mark.parametrize(
    ("kernel", "stride", "cut", "more"), [(3, 2, 1, 1), (2, 2, 0, 1), (5, 3, 2, 0), (4, 3, 0, 2)]
)
def test_a_transposed_convolution_is_padded_at_the_end(kernel: int, stride: int, cut: int, more: int) -> None:
    args = f"kernel: {kernel}, stride: {stride}, padding: {cut}, output_padding: {more}"
    network, x = bare(args, "upconv"), image((3, 9, 8))
    module = build(network)
    peer = nn.ConvTranspose2d(3, 4, kernel, stride, cut, more)
    peer.load_state_dict({key.rpartition(".")[2]: value for key, value in module.state_dict().items()})
    assert torch.equal(module(x), peer(x))
    assert network.graph.body.shape == peer(x).shape[1:]
    assert network.totals.macs == 3 * 4 * kernel**2 * 9 * 8


def test_same_has_the_output_padding_that_it_needs_unless_told() -> None:
    assert bare("kernel: 3", "upconv").hash() == bare("kernel: 3, output_padding: 1", "upconv").hash()
    assert bare("kernel: 3, output_padding: 0", "upconv").graph.body.shape == (4, 17, 15)
    assert bare("output_padding: [0, 1]", "upconv").graph.body.shape == (4, 18, 17)


@pytest.mark.parametrize("word", ["conv", "deform"])
def test_dilation_is_a_number_for_each_axis(word: str) -> None:
    network = bare("dilation: [1, 3], padding: [1, 3], kernel: 3", word)
    module, x = build(network), image((3, 9, 8))
    weight, bias = list(module.parameters())[-2:]  # the offsets of a deformable convolution start at zero
    expected = F.conv2d(x, weight, bias, padding=(1, 3), dilation=(1, 3))
    torch.testing.assert_close(module(x), expected)
    assert network.hash() == bare("dilation: [1, 3], kernel: 3", word).hash()
    assert fields(network.graph)[list(fields(network.graph))[-1]].size == (3, 7)


@pytest.mark.parametrize("mode", ["reflect", "circular"])
def test_causal_padding_never_looks_ahead(mode: str) -> None:
    with pytest.raises(ShapeError, match=f"zeros or replicate; padding_mode {mode} would look ahead"):
        bare(f"padding: causal, padding_mode: {mode}", size="3x9")
    module, x = build(bare("padding: causal, padding_mode: replicate", size="3x9")), image((3, 9))
    torch.testing.assert_close(module(x), F.conv1d(F.pad(x, (2, 0), mode="replicate"), *weights(module)))


def test_one_dimension_takes_a_sequence_of_one_dilation() -> None:
    assert (
        bare("dilation: [2], padding: causal", size="3x9").hash()
        == bare("dilation: 2, padding: causal", size="3x9").hash()
    )


def test_a_padded_field_begins_before_the_map() -> None:
    network = table("pad: {sides: [[2, 1]], mode: circular}", "conv: {width: 1, padding: valid}", size="1x9")
    assert [fields(network.graph)[name].centre for name in ("pad", "conv.conv1")] == [(-2,), (-1,)]
    uneven = table("maxpool: {kernel: 3, stride: 2, padding: [[0, 1]]}", size="1x8")
    field = fields(uneven.graph)["maxpool"]
    assert (field.size, field.centre, field.jump) == ((3,), (1,), (2,))


def test_prelu_has_a_slope_for_each_channel_or_one_for_all() -> None:
    per_channel, one = (table(f"conv: {{width: 8, act: {act}}}") for act in ("prelu", "prelu(1)"))
    assert per_channel.totals.params - one.totals.params == 7
    assert per_channel.totals[1:] == one.totals[1:]
    assert "nn.PReLU(8)" in source(per_channel)
    assert "nn.PReLU(1)" in source(one)
    module, x = build(table("act: {act: prelu(1)}")), image((3, 9, 8))
    assert torch.equal(module(x), nn.PReLU()(x))
    assert one.to_yaml().endswith("- conv: {width: 8, act: prelu(1)}\n")


def test_padding_is_chosen_in_a_space() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 3x8x8\nlayers:\n"
        "  - conv:\n      width: 4\n      stride: 2\n      padding: {same, same_upper, '[[0, 1], [0, 1]]'}\n"
        "      dilation: {1, [1, 2]}\n"
    )
    assert space.count() == 6
    assert space.paths["conv.padding"] == ("same", "same_upper", "[[0, 1], [0, 1]]")
    for padding, dilation in product(space.paths["conv.padding"], space.paths["conv.dilation"]):
        sample = space.replay({"conv.padding": padding, "conv.dilation": dilation})
        assert sample.network.graph.body.shape == (
            4,
            4,
            4 if padding != "[[0, 1], [0, 1]]" or dilation == 1 else 3,
        )


@pytest.mark.parametrize(
    ("row", "law"),
    [
        (
            "conv: {width: 4, padding: [[9, 0], 0], padding_mode: reflect}",
            "reflect padding [9, 0] needs a map of",
        ),
        (
            "conv: {width: 4, kernel: 19, padding_mode: circular}",
            "circular padding [9, 9] needs a map of at least",
        ),
        ("conv: {width: 4, padding: [[0, 1]]}", "padding [[0, 1]] has 1 numbers, but the map has 2 axes"),
        (
            "conv: {width: 4, padding: [[0, 1, 2], 1]}",
            "a pair (before, after), as in [[0, 1], [0, 1]], but got",
        ),
        (
            "conv: {width: 4, padding: [[0, -1], 1]}",
            "a pair (before, after), as in [[0, 1], [0, 1]], but got",
        ),
        ("conv: {width: 4, padding: same_uper}", "did you mean 'same_upper'?"),
        (
            "conv: {width: 4, padding_mode: mirror}",
            "is one of zeros, reflect, replicate, circular, but got 'mirror'",
        ),
        ("upconv: {width: 4, padding_mode: reflect}", "upconv has no 'padding_mode'"),
        (
            "masked: {width: 4, kind: b, padding_mode: reflect}",
            "masked convolution pads with zeros alone, not reflect",
        ),
        (
            "p4conv: {width: 4, padding_mode: reflect}",
            "a convolution on p4 pads with zeros alone, not reflect",
        ),
        ("conv: {width: 4, padding_mod: reflect}", "did you mean 'padding_mode'?"),
        (
            "conv: {width: 4, kernel: 12, padding: [[0, 1], 0]}",
            "a window of 12 does not fit the map 9x8 with",
        ),
        ("conv: {width: 4, dilation: [1, 2, 3]}", "dilation [1, 2, 3] has 3 numbers, but the map has 2 axes"),
        (
            "conv: {width: 4, dilation: [0, 2]}",
            "dilation is a whole number from 1 to 1,000,000, or a sequence",
        ),
        ("pad", "pad needs `sides`, `channels` or both"),
        ("pad: {mode: reflect, channels: 3}", "mode reflect is of `sides`; channels are padded with zeros"),
        ("pad: {channels: [1, 2, 3]}", "a number of channels, 0 or more, or a pair (before, after)"),
        ("pad: {channels: [1]}", "channels are one number or a pair (before, after), but got [1]"),
        ("pad: {sides: 1, padding_mode: reflect}", "pad has no 'padding_mode'; did you mean 'mode'?"),
        (
            "upconv: {width: 4, output_padding: 2}",
            "output_padding is below the stride [2, 2], but got [2, 2]",
        ),
        ("upconv: {width: 4, output_padding: -1}", "output_padding is a whole number, 0 or more"),
        (
            "maxpool: {kernel: 3, padding: [[0, 2], 0]}",
            "a pooling pads at most half its kernel [3, 3], but got [2, 0]",
        ),
        (
            "maxpool: {kernel: 6, stride: 2, padding: [[0, 3], 0]}",
            "windows of [6, 6] at stride [2, 2] cannot have padding [[0, 3], [0, 0]]",
        ),
        ("act: {act: prelu(2)}", "prelu(1) or none, but got 'prelu(2)'"),
    ],
)
def test_bad_padding_gets_its_law(row: str, law: str) -> None:
    with pytest.raises(InputError) as caught:
        table(row)
    message = str(caught.value)
    assert message.startswith("<text>:4:")
    assert law in message


def test_defaults_say_the_mode_of_every_convolution() -> None:
    rows = (
        Row("separable", width=4),
        Row("basic", width=4),
        Row("upconv", width=4),
        Row("conv", width=4, padding_mode="zeros"),
    )
    text = source(Network(name="n", input=(3, 8, 8), layers=rows, defaults={"padding_mode": "reflect"}))
    assert text.count('mode="reflect"') == 1 + 2
    assert text.count("padding=1") == 1
    blocks = "blocks:\n  b:\n    - conv: {width: 4}\n    - conv: {width: 4, padding_mode: zeros}\n"
    network = Network.from_yaml(
        f"network: n\ninput: 3x8x8\n{blocks}layers:\n  - conv: {{width: 4}}\n  - b\n"
        "defaults: {padding_mode: circular}\n"
    )
    pads = [node.op for node in network.graph.flatten().nodes if isinstance(node.op, Pad)]
    assert [pad.mode for pad in pads] == ["circular", "circular"]


@pytest.mark.parametrize("row", ["masked: {width: 4, kind: b}", "p4conv: {width: 4}"])
@pytest.mark.parametrize("within", [False, True])
def test_a_default_that_a_convolution_cannot_follow_is_refused_beside_it(row: str, within: bool) -> None:
    head = "network: n\ninput: 3x8x8\ndefaults: {padding_mode: reflect}\n"

    def padded(row: str) -> Network:
        rows = f"blocks:\n  b:\n    - {row}\nlayers:\n  - conv: {{width: 3}}\n  - b\n"
        return Network.from_yaml(head + (rows if within else f"layers:\n  - conv: {{width: 3}}\n  - {row}\n"))

    with pytest.raises(ShapeError, match="pads with zeros alone, not reflect; write `padding_mode: zeros`"):
        padded(row)
    zeros = padded(row.replace("}", ", padding_mode: zeros}"))
    assert [node.op.mode for node in zeros.graph.flatten().nodes if isinstance(node.op, Pad)] == ["reflect"]
    assert Network.from_yaml(zeros.to_yaml()).hash() == zeros.hash()
    assert padded(row.replace("}", ", kernel: 1}")).totals.params > 0  # it pads nothing


def test_a_space_draws_modes_and_writes_them_where_they_mean_something() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 3x8x8\ndefaults: {padding_mode: {zeros, reflect, circular}}\nlayers:\n"
        "  - conv: {width: 4}\n  - conv: {width: 4}\n  - upconv: {width: {4, 8}}\n"
    )
    for mode in space.paths["defaults.padding_mode"]:
        sample = space.replay({"defaults.padding_mode": mode, "upconv.width": 4})
        assert sample.network.defaults.get("padding_mode", "zeros") == mode
        assert Network.from_yaml(sample.network.to_yaml()).hash() == sample.hash()


def test_padding_costs_a_map_and_no_arithmetic() -> None:
    for row, shape in (
        ("pad: {sides: 2, mode: reflect}", (3, 13, 12)),
        ("pad: {sides: [[0, 1], 0]}", (3, 10, 8)),
    ):
        network = table(row)
        assert network.totals == (0, 0, 0, 0)
        assert network.graph.body.shape == shape
        assert prod(shape) == build(network)(image((3, 9, 8)))[0].numel()


def test_python_says_the_same() -> None:
    row = Row("conv", width=4, padding=((0, 1), (0, 1)), dilation=(1, 2), act=Term("prelu", (1,)))
    network = Network(
        name="n", input=(3, 9, 8), layers=(row, Row("act", act=Term("leaky_relu", (Fraction(1, 5),))))
    )
    assert Network.from_yaml(network.to_yaml()) == network == Network.from_json(network.to_json())
