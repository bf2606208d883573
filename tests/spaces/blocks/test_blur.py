"""Blur pooling: the binomial filters and the mirrored border of Zhang 2019, in any number of axes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from archscape.analysis.costs.receptive_field import fields
from archscape.analysis.costs.receptive_field.empirical import empirical_field
from archscape.spaces import Network, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.testing import image

FILTERS = {1: [1], 2: [1, 1], 3: [1, 2, 1], 4: [1, 3, 3, 1], 5: [1, 4, 6, 4, 1], 7: [1, 6, 15, 20, 15, 6, 1]}
"""As the author's code lists them."""


def network(*rows: str, of: str = "8x13x12") -> Network:
    return Network.from_yaml(f"network: n\ninput: {of}\nlayers: [{', '.join(rows)}]")


@pytest.mark.parametrize("kernel", FILTERS)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_it_is_the_authors_depthwise_convolution(kernel: int, stride: int) -> None:
    x = image((8, 13, 12), batch=2)
    net = network("act: {act: tanh}", f"blurpool: {{kernel: {kernel}, stride: {stride}}}")
    row = torch.tensor(FILTERS[kernel]).float()
    plane = torch.outer(row, row) / row.sum() ** 2
    before, after = (kernel - 1) // 2, -(-(kernel - 1) // 2)
    y = F.pad(x.tanh(), (before, after, before, after), mode="reflect")
    expected = F.conv2d(y, plane.expand(8, 1, kernel, kernel), stride=stride, groups=8)
    torch.testing.assert_close(build(net)(x), expected)
    assert net.body.shape == tuple(expected.shape[1:])
    assert (net.totals.params, net.totals.activations) == (
        0,
        expected[0].numel() if kernel * stride > 1 else 0,
    )
    assert net.totals.macs == (kernel**2 * expected[0].numel() if kernel * stride > 1 else 0)


@pytest.mark.parametrize("of", ["8x13", "8x5x4x7"])
def test_in_one_and_three_axes_a_constant_stays_one(of: str) -> None:
    net = network("blurpool: {kernel: 5}", of=of)
    y = build(net)(torch.ones(2, *net.input))
    assert tuple(y.shape[1:]) == net.body.shape == (8, *(-(-n // 2) for n in net.input[1:]))
    torch.testing.assert_close(y, torch.ones_like(y))


@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_it_sees_its_filter(kernel: int) -> None:
    net = network(f"blurpool: {{kernel: {kernel}}}", "act", of="1x21x21")
    theory, seen = fields(net.graph)["blurpool"], empirical_field(net, "blurpool")
    assert theory.size == seen.size == (kernel, kernel)
    (low, high), position = seen.ends[0], seen.place[0]
    assert (low + high) / 2 == theory.centre[0] + position * theory.jump[0]


def test_it_has_no_weights_but_a_buffer() -> None:
    module = build(network("act", "blurpool"))
    assert not list(module.parameters())
    assert [tuple(value.shape) for value in module.state_dict().values()] == [(8, 1, 3, 3)]


@pytest.mark.parametrize(
    ("row", "law"),
    [
        ("blurpool: {kernel: 0}", r"<text>:3:29: kernel is a whole number from 1"),
        ("blurpool: {kernel: [3, 3]}", r"<text>:3:29: kernel is a whole number from 1"),
        (
            "blurpool: {kernel: 27}",
            "a blur of 27 mirrors 13 values beside the border, which 8x13x12 does not hold",
        ),
        ("blurpool: {padding: 1}", "blurpool has no 'padding'"),
    ],
)
def test_what_cannot_be_is_named(row: str, law: str) -> None:
    with pytest.raises(Exception, match=law):
        network(row)


def test_a_flat_vector_has_no_neighbours() -> None:
    with pytest.raises(ShapeError, match="pooling needs a map, but got 4 flat features"):
        network("linear: {width: 4}", "blurpool")
