"""Pooling: of windows and of whole maps, and the way back to where the maxima were."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from archscape.spaces import Network, Row, ShapeError, SpaceError
from archscape.spaces.codegen.build import build

SIZES = [(3, 13), (3, 9, 8), (3, 5, 7, 6)]


def network(*rows: Row, size: tuple[int, ...] = (3, 9, 8)) -> Network:
    return Network(name="one", input=size, layers=rows)


def there_and_back(size: tuple[int, ...], **window: int | str) -> Network:
    """Return `pool` of the input, and the way back."""
    return network(Row("maxpool", **window), Row("unpool", like="input", **window), size=size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "window", [{}, {"kernel": 3}, {"kernel": 2, "stride": 3}, {"kernel": 4, "padding": 1}]
)
def test_unpooling_puts_values_where_the_maxima_were(
    size: tuple[int, ...], window: dict[str, int | str]
) -> None:
    x = torch.rand(2, *size) + 1
    y = build(there_and_back(size, **window))(x)
    assert y.shape == x.shape
    kept = y != 0
    assert torch.equal(y[kept], x[kept])
    pooled = build(network(Row("maxpool", **window), size=size))(x)
    assert sorted(y[kept].tolist()) == sorted(pooled.flatten().tolist())


def test_unpooling_uses_the_switches_of_the_map_that_was_pooled() -> None:
    net = network(Row("maxpool"), Row("conv", width=1, kernel=1), Row("unpool", like="input"), size=(1, 4))
    module = build(net)
    nn.init.constant_(module.conv.conv1.weight, 10)
    module.eval()
    out = module(torch.tensor([[[1.0, 5.0, 3.0, 2.0]]]))
    torch.testing.assert_close(out, torch.tensor([[[0, 50.0, 30.0, 0]]]), rtol=1e-4, atol=0)


def test_unpooling_needs_the_map_that_was_pooled() -> None:
    with pytest.raises(ShapeError, match="pooling 3x9x8 gives 3x4x4, but the map to unpool is 3x9x8"):
        network(Row("unpool", like="input"))


def test_windows_that_overlap_have_no_way_back() -> None:
    with pytest.raises(ShapeError, match=r"do not overlap, but got kernel \[3, 3\] and stride \[2, 2\]"):
        network(Row("maxpool", kernel=3, stride=2), Row("unpool", like="input", kernel=3, stride=2))


@pytest.mark.parametrize("size", SIZES)
def test_padding_can_be_left_out_of_the_mean(size: tuple[int, ...]) -> None:
    ones = torch.ones(1, *size)
    window = {"kernel": 3, "stride": 1}
    assert build(network(Row("avgpool", **window), size=size))(ones).min() < 1
    assert torch.equal(build(network(Row("avgpool", **window, pad_counts=False), size=size))(ones), ones)


@pytest.mark.parametrize("extent", [(1,), (2,), (2, 1), (9, 2), (2, 2, 2), (1, 2, 6), (5, 7, 6)])
@pytest.mark.parametrize("window", [(2, 2, 1), (3, 1, 1), (3, 2, 1), (4, 3, 2)])
@pytest.mark.parametrize(
    ("word", "options"), [("maxpool", {}), ("avgpool", {}), ("avgpool", {"pad_counts": False})]
)
def test_padding_makes_room_on_a_map_smaller_than_the_window(
    extent: tuple[int, ...], window: tuple[int, int, int], word: str, options: dict[str, bool]
) -> None:
    kernel, stride, padding = window
    row = Row(word, kernel=kernel, stride=stride, padding=padding, **options)
    net = network(row, size=(3, *extent))
    x = expected = torch.rand(2, 3, *extent) - 0.5
    for axis in range(2, x.dim()):  # a pooling is one of each axis after the other
        lines = expected.movedim(axis, -1)
        if word == "maxpool":
            pooled = F.max_pool1d(lines.flatten(1, -2), *window)
        else:
            pooled = F.avg_pool1d(lines.flatten(1, -2), *window, False, options == {})
        expected = pooled.unflatten(1, lines.shape[1:-1]).movedim(-1, axis)
    output = build(net)(x)
    assert output.shape[1:] == net.body.shape
    torch.testing.assert_close(output, expected)


def test_without_padding_both_means_are_one_network() -> None:
    hashes = {
        network(Row("avgpool", kernel=2, padding=padding, pad_counts=counts)).hash()
        for padding, counts in product(("same", "valid", 0), (True, False))
    }
    assert len(hashes) == 1


@pytest.mark.parametrize("size", SIZES)
def test_the_whole_map(size: tuple[int, ...]) -> None:
    x = torch.randn(2, *size)
    axes = tuple(range(2, x.dim()))
    largest = build(network(Row("maxpool", kernel=None), size=size))(x)
    assert torch.equal(largest, x.amax(axes, keepdim=True))
    mean = build(network(Row("avgpool"), size=size))(x)
    torch.testing.assert_close(mean, x.mean(axes, keepdim=True))


@pytest.mark.parametrize("word", ["maxpool", "avgpool"])
@pytest.mark.parametrize("idle", [{"stride": 2}, {"padding": "valid"}, {"padding": 1}])
def test_the_whole_map_has_no_stride_and_no_padding(word: str, idle: dict[str, int | str]) -> None:
    with pytest.raises(ShapeError, match="no stride and no padding"):
        network(Row(word, kernel=None, **idle))


@pytest.mark.parametrize("extent", range(3, 14))
@pytest.mark.parametrize("window", [{"kernel": 2}, {"kernel": 3, "stride": 2}, {"kernel": 3, "stride": 4}])
def test_ceil_keeps_a_last_part_window_as_pytorch_does(extent: int, window: dict[str, int]) -> None:
    extents = network(Row("maxpool", padding="ceil", **window), size=(1, extent)).body.shape[1:]
    kernel, stride = window["kernel"], window.get("stride")
    expected = F.max_pool1d(torch.zeros(1, 1, extent), kernel, stride, ceil_mode=True).shape[2:]
    assert extents == tuple(expected)


def test_the_default_of_what_is_pooled_may_be_spelled_out() -> None:
    plain = network(Row("avgpool", kernel=3))
    assert network(Row("avgpool", kernel=3, over="space")).hash() == plain.hash()
    with pytest.raises(SpaceError, match="avgpool has no 'kernel' beside 'over'; take one of them out"):
        network(Row("avgpool", kernel=3, over="channels"))
