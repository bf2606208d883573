"""Arithmetic of maps: differences, constant factors, pooling over channels, softmax across parts."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import Tensor

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.spaces import Network, Row, SpaceError
from archscape.spaces.codegen.build import build
from archscape.spaces.operators import Add, Split, Times
from archscape.spaces.testing import image

MAPS = [(8, 7), (8, 5, 6), (8, 3, 4, 5)]


def network(*rows: str, of: str = "8x5x6") -> Network:
    return Network.from_yaml(f"network: n\ninput: {of}\nlayers: [{', '.join(rows)}]")


def run(net: Network, x: Tensor) -> Tensor:
    result: Tensor = build(net)(x)
    return result


@pytest.mark.parametrize("shape", MAPS)
def test_a_map_is_pooled_over_its_channels(shape: tuple[int, ...]) -> None:
    x, of = image(shape, batch=2), "x".join(map(str, shape))
    mean, most = (network(f"{word}: {{over: channels}}", of=of) for word in ("avgpool", "maxpool"))
    assert mean.body.shape == most.body.shape == (1, *shape[1:])
    torch.testing.assert_close(run(mean, x), x.mean(1, keepdim=True))
    assert torch.equal(run(most, x), x.amax(1, keepdim=True))
    assert mean.totals.other == x[0].numel()  # C - 1 sums and a division at each position
    assert most.totals.other == x[0].numel() - x[0, 0].numel()


def test_a_single_channel_is_its_own_mean() -> None:
    assert network("maxpool: {over: channels}", "act", of="1x5x6").hash() == network("act", of="1x5x6").hash()


def test_the_largest_value_of_the_whole_map() -> None:
    x = image((8, 5, 6), batch=2)
    assert torch.equal(run(network("maxpool: {kernel: none}"), x), x.amax((2, 3), keepdim=True))


@pytest.mark.parametrize("word", ["avgpool", "maxpool", "softmax", "scale", "subtract"])
def test_what_stays_in_its_place_sees_one_element(word: str) -> None:
    args = {"softmax": "parts: 2", "scale": "by: 2", "subtract": "with: input"}.get(word, "over: channels")
    net = network("conv: {width: 8, kernel: 1, norm: none, act: none}", f"{word}: {{name: last, {args}}}")
    assert set(receptive_fields(net.graph).values()) == {(1, 1)}


def test_a_difference_is_in_order() -> None:
    x = image((8, 5, 6))
    net = network("act: {name: a}", "act: {name: b, from: input, act: tanh}", "subtract: {with: [a, input]}")
    torch.testing.assert_close(run(net, x), x.tanh() - x.relu() - x)
    turned = network(
        "act: {name: b, act: tanh}", "act: {name: a, from: input}", "subtract: {with: [b, input]}"
    )
    assert net.hash() != turned.hash()
    assert net.totals.other == turned.totals.other


def test_branches_are_subtracted_from_the_first() -> None:
    x = image((8, 5, 6))
    net = network("subtract: [avgpool: {kernel: 3, stride: 1}, identity]")
    torch.testing.assert_close(run(net, x), torch.nn.functional.avg_pool2d(x, 3, 1, 1) - x)


@pytest.mark.parametrize("join", ["add", "multiply", "subtract"])
@pytest.mark.parametrize("shape", MAPS)
def test_maps_that_fit_are_joined_as_pytorch_joins_them(join: str, shape: tuple[int, ...]) -> None:
    x, of = image(shape, batch=2), "x".join(map(str, shape))
    does = {"add": torch.add, "multiply": torch.mul, "subtract": torch.sub}[join]
    per_channel, per_position = "avgpool: {name: a}", "avgpool: {name: b, from: input, over: channels}"
    a, b = x.flatten(2).mean(2).reshape(*x.shape[:2], *(1,) * (x.dim() - 2)), x.mean(1, keepdim=True)
    for rows, expected in (
        ([per_channel, f"{join}: {{with: input}}"], does(a, x)),
        ([per_position, f"{join}: {{with: input}}"], does(b, x)),
        ([per_channel, f"{join}: {{from: input, with: a}}"], does(x, a)),
        ([per_channel, per_position, f"{join}: {{with: a}}"], does(b, a)),
    ):
        net = network(*rows, of=of)
        assert net.body.shape == tuple(expected.shape[1:])
        torch.testing.assert_close(run(net, x), expected)


def test_a_sum_of_maps_that_fit_has_no_order() -> None:
    rows = ["avgpool: {name: a}", "avgpool: {name: b, from: input, over: channels}"]
    hashes = {
        network(*rows, f"add: {{from: {first}, with: [{', '.join(others)}]}}").hash()
        for first, *others in (("a", "b", "input"), ("input", "b", "a"), ("b", "input", "a"))
    }
    assert len(hashes) == 1


def test_a_sum_of_one_shape_is_one_sum() -> None:
    net = network("act: {name: a}", "act: {name: b, act: tanh}", "add: {with: [a, input]}")
    assert [node.op for node in net.body.nodes if node.op == Add()] == [Add()]


@pytest.mark.parametrize("join", ["add", "multiply", "subtract"])
@pytest.mark.parametrize(
    ("row", "shape"), [("conv: {width: 4}", "4x5x6"), ("maxpool", "8x2x3"), ("linear: {width: 8}", "8")]
)
def test_what_does_not_fit_names_both_shapes_and_what_would(join: str, row: str, shape: str) -> None:
    law = f"maps of shapes {shape} and 8x5x6 cannot be {join.removesuffix('e').removesuffix('y')}"
    with pytest.raises(SpaceError, match=rf"{law}.*; beside 8x5x6 fits 8x5x6 or 8x1x1 or 1x5x6") as error:
        network(row, f"{join}: {{with: input}}")
    assert "<text>:3:" in str(error.value)


def test_a_constant_factor() -> None:
    x = image((8, 5, 6))
    net = network("scale: {by: 0.1}")
    assert torch.equal(run(net, x), x * 0.1)
    assert net.totals == (0, 0, 8 * 5 * 6, 0)
    assert network("scale: {by: 1}", "act").hash() == network("act").hash()
    sums = network("act: {name: a}", "add: {with: input}", "scale: {by: -1/4}")
    assert torch.equal(run(sums, x), (x.relu() + x) * -0.25)


def test_a_residual_whose_branch_is_scaled() -> None:
    x = image((8, 5, 6))
    net = network("residual: {scale: 0.1, rows: [act: {act: tanh}]}")
    torch.testing.assert_close(run(net, x), x + 0.1 * x.tanh())
    strided = network("residual: {scale: 0.1, rows: [maxpool]}")
    assert not any(isinstance(node.op, Times) for node in strided.graph.flatten().nodes)
    written = Row("residual", (Row("act", act="tanh"),), scale=Fraction(1, 10))
    assert Network(name="n", input=(8, 5, 6), layers=(written,)) == net
    assert Network.from_yaml(net.to_yaml()) == net


@pytest.mark.parametrize("shape", MAPS)
@pytest.mark.parametrize("parts", [2, 4, 8])
def test_a_softmax_across_parts(shape: tuple[int, ...], parts: int) -> None:
    x, of = image(shape, batch=2), "x".join(map(str, shape))
    net = network(f"softmax: {{parts: {parts}}}", of=of)
    chunks = torch.stack(x.chunk(parts, 1)).exp()
    torch.testing.assert_close(run(net, x), torch.cat(list(chunks / chunks.sum(0)), 1))
    assert net.totals == (0, 0, 3 * x[0].numel(), 0)


def test_with_a_part_for_each_channel_it_is_the_activation() -> None:
    assert network("softmax: {parts: 8}").hash() == network("act: {act: softmax}").hash()


def test_parts_of_different_sizes() -> None:
    x = image((8, 5, 6))
    for part, channels in enumerate((slice(0, 1), slice(1, 6), slice(6, 8)), 1):
        net = network("act: {act: tanh}", f"split: {{part: {part}, parts: [1, 5, 2]}}")
        assert torch.equal(run(net, x), x.tanh()[:, channels])
    equal = network("split: {part: 2, parts: [4, 4]}")
    assert equal.hash() == network("split: {part: 2}").hash()
    assert [node.op for node in equal.graph.flatten().nodes] == [Split(2, 1)]


@pytest.mark.parametrize(
    ("row", "column", "law"),
    [
        ("scale: 0.1", 17, r"scale takes a mapping, as in \{by: 0.1\}, but got '0.1'"),
        ("scale: {by: 0}", 22, "by is a number other than 0, or none, but got '0'"),
        ("scale: {by: 0.1, init: 1}", 27, "scale has no 'init' beside 'by'; take one of them out"),
        ("residual: {scale: 0, rows: [act]}", 28, "scale is a number other than 0, but got '0'"),
        ("maxpool: {over: channels, kernel: 2}", 36, "maxpool has no 'kernel' beside 'over'"),
        ("avgpool: {stride: 2, over: channels}", 20, "avgpool has no 'stride' beside 'over'"),
        ("avgpool: {over: chanels}", 26, "what is pooled: .*, but got 'chanels'; did you mean 'channels'?"),
        ("softmax", 10, "softmax needs 'parts'.*a softmax across all channels is `act: {act: softmax}`"),
        ("softmax: {parts: 1}", 27, "parts is a whole number from 2 to 1,000,000, but got '1'"),
        ("softmax: {parts: 3}", 10, "8 channels cannot be split into 3 equal parts"),
        ("split: {part: 1, parts: [3, 4]}", 10, "parts of 3, 4 channels hold 7, but the map has 8"),
        ("split: {part: 3, parts: [3, 5]}", 10, "part 3 is beyond the 2 parts"),
        ("split: {part: 1, parts: [0, 8]}", 34, "or the channels of each part, as in"),
        ("sub: {with: input}", 10, "there is no block 'sub'; did you mean 'subtract'?"),
    ],
)
def test_what_cannot_be_is_said_in_its_place(row: str, column: int, law: str) -> None:
    with pytest.raises(SpaceError, match=law) as error:
        network(row)
    assert str(error.value).startswith(f"<text>:3:{column}: ")


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (False, False)])
def test_a_difference_has_its_first_branch_or_is_not_there(first: bool, second: bool) -> None:
    table = f"""
network: n
input: 8x5x6
blocks:
  less(a, b):
    - act: {{act: tanh}}
    - subtract: [act: {{when: $a}}, act: {{act: sigmoid, when: $b}}]
layers: [less: {{a: {str(first).lower()}, b: {str(second).lower()}}}]
"""
    x = image((8, 5, 6))
    if second:
        with pytest.raises(SpaceError, match=r"<text>:7:7: subtract begins with its first branch, of which"):
            Network.from_yaml(table)
    else:
        torch.testing.assert_close(run(Network.from_yaml(table), x), x.tanh().relu() if first else x.tanh())


def test_what_clashes_in_a_block_of_rows_is_said_in_its_row() -> None:
    table = """
network: n
input: 8x5x6
blocks:
  pooled(kernel):
    - maxpool: {over: channels, kernel: $kernel}
layers: [pooled: {kernel: 2}]
"""
    with pytest.raises(SpaceError, match=r"<text>:6:33: maxpool has no 'kernel' beside 'over'"):
        Network.from_yaml(table)
