"""Options of the residual blocks, with the numbers of the papers that use them."""

from __future__ import annotations

import pytest
import torch

from archscape.spaces import Network, Row, ShapeError, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source


def with_rows(network: Network, word: str, **args: object) -> Network:
    """Return a network whose rows of one word are given more."""
    layers = tuple(
        Row(row.word, **{**row.args, **args}) if row.word == word else row  # type: ignore[arg-type]
        for row in network.layers
    )
    return Network(name=network.name, input=network.input, layers=layers, defaults=network.defaults)


def test_resnet50_of_the_paper_has_the_stride_on_the_first_convolution() -> None:
    common = load_network("resnet50")
    paper = with_rows(common, "bottleneck", stride_on="first")
    assert common.totals.macs == 4_089_184_256
    assert paper.totals.macs == 3_857_973_248
    assert paper.totals.params == common.totals.params == 25_557_032


def test_without_a_stride_it_does_not_matter_where_it_is() -> None:
    def hash_of(stride: int, where: str) -> str:
        row = Row("bottleneck", width=16, stride=stride, stride_on=where)
        return Network(name="n", input=(16, 8, 8), layers=(row,)).hash()

    assert hash_of(1, "first") == hash_of(1, "kernel")
    assert hash_of(2, "first") != hash_of(2, "kernel")


def test_resnet20_of_the_paper_has_shortcuts_without_parameters() -> None:
    padded = with_rows(load_network("resnet20"), "basic", shortcut="pad")
    assert padded.totals.params == 269_722  # He et al. 2015, table 6: 0.27 M


@pytest.mark.parametrize("shape", [(4, 9), (4, 8, 7), (4, 5, 6, 7)])
@pytest.mark.parametrize(("width", "stride"), [(4, 2), (10, 1), (10, 2), (10, 3)])
def test_a_padded_shortcut_adds_channels_of_zeros(shape: tuple[int, ...], width: int, stride: int) -> None:
    row = Row("basic", width=width, stride=stride, shortcut="pad", last_norm="zero", act=None)
    net = Network(name="n", input=shape, layers=(row,))
    x = torch.randn(2, *shape)
    every = (slice(None), slice(None), *(slice(None, None, stride) for _ in shape[1:]))
    expected = torch.zeros(2, *net.body.shape)
    expected[:, :4] = x[every]
    assert torch.equal(build(net)(x), expected)


@pytest.mark.parametrize("word", ["basic", "bottleneck"])
@pytest.mark.parametrize("preact", [False, True])
def test_padding_loses_no_channel(word: str, preact: bool) -> None:
    row = Row(word, width=4, shortcut="pad", preact=preact)
    with pytest.raises(ShapeError, match="padding cannot make 4 channels of 8; use a projection"):
        Network(name="n", input=(8, 8, 8), layers=(row,))


def test_the_text_of_a_padded_shortcut_reads_as_by_hand() -> None:
    row = Row("basic", width=12, stride=2, shortcut="pad")
    text = source(Network(name="n", input=(8, 8, 8), layers=(row,)))
    assert "F.pad(x[..., ::2, ::2], (0, 0, 0, 0, 0, 4))" in text


@pytest.mark.parametrize(("expand", "kernel"), [(3, 3), (6, 5)])
@pytest.mark.parametrize(("width", "stride"), [(32, 1), (64, 1), (64, 2)])
def test_inverted_is_the_block_of_nas_bench_macro(expand: int, kernel: int, width: int, stride: int) -> None:
    """Hidden channels are `expand` times the input's; three norms; a sum where the shape is kept."""
    net = Network(
        name="n",
        input=(32, 16, 16),
        layers=(Row("inverted", width=width, expand=expand, kernel=kernel, stride=stride),),
    )
    hidden, out = expand * 32, 16 // stride
    weights = 32 * hidden + kernel**2 * hidden + hidden * width
    assert net.totals.params == weights + 2 * (2 * hidden + width)
    assert net.totals.macs == 32 * hidden * 256 + (kernel**2 * hidden + hidden * width) * out**2
    text = source(net)
    assert ("return x + y" in text) == (width == 32)
    assert "relu6" not in text


@pytest.mark.parametrize("rate", [0, 0.5])
def test_a_rate_of_zero_places_no_drop_path(rate: float) -> None:
    from fractions import Fraction

    text = source(
        Network(name="n", input=(8, 8, 8), layers=(Row("basic", width=8, droppath=Fraction(rate)),))
    )
    assert ("DropPath" in text) == (rate > 0)
