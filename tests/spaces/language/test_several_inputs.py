"""Several inputs of a network: read by name, arguments of `forward` in the source, counted as by PyTorch."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.spaces import Network, Row, ShapeError, Space, SpaceError, oneof
from archscape.spaces.codegen.source import source
from archscape.spaces.testing import (
    check_export,
    check_fvcore,
    check_gradients,
    check_graph,
    check_macs,
    check_params,
    check_tracing,
    images,
)

TWO_TOWERS = """\
network: rgbd
input: {image: 3x32x32, depth: 1x32x32}
layers:
  - conv: {name: colour, width: 16, stride: 2}
  - conv: {name: geometry, from: depth, width: 8, stride: 2}
  - concat: {with: colour}
  - conv: {width: 32}
  - avgpool
  - linear: {width: 10}
"""
SCALARS = """\
network: scalars
input: {image: 3x16x16, scalars: 10}
layers:
  - conv: {width: 8}
  - avgpool
  - linear: {name: seen, width: 12, act: relu}
  - linear: {name: measured, from: scalars, width: 4, act: relu}
  - concat: {with: seen}
  - linear: {width: 5}
"""
GATED = """\
network: gated
input: {code: 6, image: 2x12x12}
layers:
  - linear: {width: 8, act: sigmoid}
  - reshape: {shape: [8, 1, 1]}
  - multiply: {branches: [conv: {width: 8, from: image}, identity]}
  - conv: {width: 4}
"""
PYRAMID = """\
network: pyramid
input: {z1: 2x4x4, z2: 2x8x8, z3: 2x16x16}
blocks:
  join(width, noise):
    - upsample: {name: coarse}
    - conv: {name: fine, from: noise, width: 4}
    - concat: {with: coarse}
    - conv: {width: $width}
layers:
  - conv: {width: 4}
  - join: {width: 8, noise: z2}
  - join: {width: 12, noise: z3}
"""
ONLY = """\
network: only
input: {series: 2x20}
layers: [conv: {width: 4}, avgpool, linear: {width: 3}]
"""
TABLES = [TWO_TOWERS, SCALARS, GATED, PYRAMID, ONLY]
SPACE = """\
space: fused
input: {image: 3x16x16, depth: 1x16x16}
let: {w: {8, 16}}
layers:
  - conv: {name: colour, width: $w}
  - conv: {name: geometry, from: depth, width: {4, 8}, depth: 0..2}
  - concat: {with: colour}
  - conv: {name: mix, width: 16, from: {colour, depth, concat}}
  - avgpool
  - linear: {width: 10}
"""


class TwoTowers(nn.Module):
    """The two towers written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.colour, self.geometry, self.both = conv(3, 16, 2), conv(1, 8, 2), conv(24, 32, 1)
        self.head = nn.Linear(32, 10)

    def forward(self, image: Tensor, depth: Tensor) -> Tensor:
        x = self.both(torch.cat([self.geometry(depth), self.colour(image)], 1))
        return self.head(x.mean((2, 3)))


class Scalars(nn.Module):
    """An image and numbers beside it, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv(3, 8, 1)
        self.seen, self.measured, self.head = nn.Linear(8, 12), nn.Linear(10, 4), nn.Linear(16, 5)

    def forward(self, image: Tensor, scalars: Tensor) -> Tensor:
        seen = F.relu(self.seen(self.conv(image).mean((2, 3))))
        return self.head(torch.cat([F.relu(self.measured(scalars)), seen], 1))


class Pyramid(nn.Module):
    """Noise at three resolutions, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.start = conv(2, 4, 1)
        self.fine1, self.join1, self.fine2, self.join2 = [
            conv(2, 4, 1), conv(8, 8, 1), conv(2, 4, 1), conv(12, 12, 1)
        ]  # fmt: skip

    def forward(self, z1: Tensor, z2: Tensor, z3: Tensor) -> Tensor:
        y = F.interpolate(self.start(z1), scale_factor=2)
        y = F.interpolate(self.join1(torch.cat([self.fine1(z2), y], 1)), scale_factor=2)
        return self.join2(torch.cat([self.fine2(z3), y], 1))  # type: ignore[no-any-return]


def conv(inputs: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())


@pytest.mark.parametrize(
    ("text", "by_hand", "params", "macs"),
    [
        (TWO_TOWERS, TwoTowers, 7_858, 1_898_816),
        (SCALARS, Scalars, 469, 55_512),
        (PYRAMID, Pyramid, 2_152, 392_832),
    ],
)
def test_it_computes_what_the_module_written_by_hand_does(
    text: str, by_hand: Callable[[], nn.Module], params: int, macs: int
) -> None:
    network = Network.from_yaml(text)
    assert (network.totals.params, network.totals.macs) == (params, macs)
    theirs, ours = by_hand().eval(), network.build().eval()
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    for mine, other in pairs:
        other.copy_(torch.rand_like(mine) if mine.is_floating_point() else mine)
        mine.copy_(other)
    inputs = images(network, batch=3)
    torch.testing.assert_close(ours(*inputs), theirs(*inputs))


@pytest.mark.parametrize("text", TABLES)
def test_it_counts_what_pytorch_builds(text: str) -> None:
    network = Network.from_yaml(text)
    for law in (check_params, check_macs, check_fvcore, check_graph, check_gradients):
        law(network)


@pytest.mark.parametrize("text", TABLES)
def test_tools_take_its_source_with_any_batch(text: str) -> None:
    network = Network.from_yaml(text)
    check_export(network)
    check_tracing(network)


def test_forward_has_the_inputs_as_arguments() -> None:
    text = source(Network.from_yaml(TWO_TOWERS))
    assert "    def forward(self, image: Tensor, depth: Tensor) -> Tensor:\n" in text
    assert '"""rgbd: image=3x32x32, depth=1x32x32 -> 10.\n' in text
    assert "        colour = self.colour(image)  # 16x16x16\n" in text


def test_an_input_named_as_a_function_of_the_source_does_not_hide_it() -> None:
    network = Network.from_yaml(
        "network: a\ninput: {max_unpool: 2x8x8, F2: 2x8x8}\n"
        "layers: [maxpool, unpool: {like: max_unpool}, add: {with: F2}, conv: {width: 2}]\n"
    )
    assert "def forward(self, max_unpool_: Tensor, F2: Tensor)" in source(network)
    check_graph(network)


@pytest.mark.parametrize("text", TABLES)
def test_every_form_converts_into_the_others_without_loss(text: str) -> None:
    network = Network.from_yaml(text)
    for same in (
        Network.from_yaml(network.to_yaml()),
        Network.from_json(network.to_json()),
        pickle.loads(pickle.dumps(network)),
        Network(name=network.name, input=dict(network.inputs), layers=network.layers, blocks=network.blocks),
    ):
        assert (same, hash(same), same.hash()) == (network, hash(network), network.hash())
        assert list(same.inputs.items()) == list(network.inputs.items())


def test_python_says_it_as_yaml_does() -> None:
    network = Network(
        name="rgbd",
        input={"image": (3, 32, 32), "depth": (1, 32, 32)},
        layers=(
            Row("conv", name="colour", width=16, stride=2),
            Row("conv", name="geometry", from_="depth", width=8, stride=2),
            Row("concat", with_="colour"),
            Row("conv", width=32),
            Row("avgpool"),
            Row("linear", width=10),
        ),
    )
    assert network == Network.from_yaml(TWO_TOWERS)
    assert dict(network.inputs) == {"image": (3, 32, 32), "depth": (1, 32, 32)}
    assert network.input_shapes == ((3, 32, 32), (1, 32, 32))


def test_one_input_is_named_input_unless_it_has_a_name() -> None:
    plain = Network(name="a", input=(2, 8, 8), layers=(Row("conv", width=4),))
    named = replace(plain, input={"image": (2, 8, 8)})
    assert (dict(plain.inputs), plain.input) == ({"input": (2, 8, 8)}, (2, 8, 8))
    assert plain.hash() == named.hash() == replace(plain, input={"input": (2, 8, 8)}).hash()


def test_inputs_in_another_order_are_another_network() -> None:
    layers = (Row("conv", width=2), Row("add", with_="b"))
    one = Network(name="x", input={"a": (2, 8, 8), "b": (2, 8, 8)}, layers=layers)
    layers = (Row("conv", width=2), Row("add", with_="a"))
    other = Network(name="x", input={"b": (2, 8, 8), "a": (2, 8, 8)}, layers=layers)
    assert one != other
    assert one.hash() == other.hash()  # the same function of its first and its second argument


def test_a_row_made_of_a_word_does_not_take_the_name_of_an_input() -> None:
    network = Network.from_yaml(
        "network: a\ninput: {conv: 2x8x8, norm: 2x8x8}\nlayers: [conv: {width: 2}, add: {with: norm}, norm]\n"
    )
    assert network.body.nodes[0].name == "conv1"
    check_graph(network)


def test_at_changes_the_inputs_that_are_given() -> None:
    network = Network.from_yaml(SCALARS)
    assert dict(network.at(input={"image": (3, 24, 24)}).inputs) == {"image": (3, 24, 24), "scalars": (10,)}
    with pytest.raises(SpaceError, match=r"several inputs, image=3x16x16, scalars=10; give .* by name"):
        network.at(input=(3, 24, 24))
    with pytest.raises(SpaceError, match="no input 'imag'; did you mean 'image'"):
        network.at(input={"imag": (3, 24, 24)})
    only = Network.from_yaml(ONLY)
    assert dict(only.at(input=(2, 40)).inputs) == {"series": (2, 40)}


def test_a_flat_vector_with_a_name_is_an_input() -> None:
    rows = (Row("linear", width=20, act="relu"), Row("linear", width=4))
    network = Network(name="mlp", input={"measured": (10,)}, layers=rows)
    assert (network.totals.params, network.totals.macs) == (20 * 11 + 4 * 21, 280)
    assert Network.from_yaml(network.to_yaml()) == network
    for law in (check_params, check_macs, check_graph, check_gradients):
        law(network)
    with pytest.raises(ShapeError, match="needs a map, but got 10 flat features"):
        replace(network, layers=(Row("conv", width=4),))
    with pytest.raises(SpaceError, match="an input is channels and one to three extents"):
        replace(network, input=(10,))
    with pytest.raises(SpaceError, match=r"2:8: an input is .*; a flat vector has a name, as in {code: 10}"):
        Network.from_yaml("network: mlp\ninput: 10\nlayers: [linear: {width: 4}]\n")


RESERVED = "is a word of PyTorch or Python, or of the language; choose another name"
FORM = "an input is channels and one to three extents"
WRONG = [
    ("1x32x32}", "1x32x32, more: 1x8x8}", "2:41", "nothing reads the input 'more'; read it with `from`"),
    ("{image: ", "{more: 1x8x8, image: ", "2:22", "nothing reads the input 'image'; read it with `from`"),
    ("from: depth", "from: dept", "5:34", "'dept' is no row; did you mean 'depth'?"),
    ("from: depth", "from: input", "5:34", "'input' is no row: the input is named, read image or depth"),
    ("name: colour", "name: depth", "4:18", "'depth' is an input; name the row apart"),
    ("depth: 1x32x32", "depth: 1x32xx2", "2:32", FORM),
    ("depth: 1x32x32", "depth: 32x32x3", "2:32", "did you mean 3x32x32?"),
    ("depth: 1x32x32", "depth: 1x32x0", "2:32", FORM),
    ("depth: 1x32x32", "depth: {a: 3}", "2:33", "an input has no 'a'; it knows channels, size"),
    ("depth: 1x32x32", "depth: ", "2:31", FORM),
    ("depth: 1x32x32", "before: 1x32x32", "2:25", f"'before' {RESERVED}"),
    ("depth: 1x32x32", "input: 1x32x32", "2:25", f"'input' {RESERVED}"),
    ("depth: 1x32x32", "forward: 1x32x32", "2:25", f"'forward' {RESERVED}"),
    ("depth: 1x32x32", "lambda: 1x32x32", "2:25", f"'lambda' {RESERVED}"),
    ("depth: 1x32x32", "size: 1x32x32", "2:25", "'size' is a part of one input, as in {channels: 3, size:"),
    ("{image: 3x32x32, depth: 1x32x32}", "{}", "2:8", FORM),
    ("{image: 3x32x32, depth: 1x32x32}", "[3x32x32, 1x32x32]", "2:8", "several inputs have names, as in {"),
]


@pytest.mark.parametrize(("old", "new", "place", "law"), WRONG)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, place: str, law: str) -> None:
    assert old in TWO_TOWERS
    with pytest.raises(SpaceError) as error:
        Network.from_yaml(TWO_TOWERS.replace(old, new), name="rgbd.yaml")
    first = str(error.value).split("\n")[0]
    assert first.startswith(f"rgbd.yaml:{place}: ")
    assert law in first


def test_an_output_is_no_input() -> None:
    with pytest.raises(SpaceError, match="'depth' is no row"):
        Network.from_yaml(TWO_TOWERS + "outputs: [linear, depth]\n")


def test_a_space_of_several_inputs_counts_samples_and_freezes() -> None:
    space = Space.from_yaml(SPACE)
    assert space.count() == 2 * (1 + 2 + 2) * 3
    for seed in range(20):
        sample = space.sample(Random(seed))
        network = sample.network
        assert dict(network.inputs) == dict(space.inputs)
        assert (network.totals, network.hash()) == (sample.totals, sample.hash())
        assert Network.from_yaml(network.to_yaml()) == network
    check_graph(network)
    assert Space.from_yaml(space.to_yaml()) == space


def test_a_sample_that_leaves_an_input_unread_cannot_be_built() -> None:
    space = Space.from_yaml(SPACE)
    feasible = [sample for sample in space.enumerate() if space.feasible(sample)]
    assert {sample.decisions["mix.from"] for sample in feasible} == {"concat"}
    assert len(feasible) == space.count_distinct() == 10
    other = next(sample for sample in space.enumerate() if sample.decisions["mix.from"] == "colour")
    with pytest.raises(ShapeError, match="nothing reads the input 'depth'"):
        other.lower()


def test_limits_hold_in_a_space_of_several_inputs() -> None:
    space = Space.from_yaml(SPACE).tighten({"params": "..3k"})
    assert all(space.sample(Random(seed)).totals.params <= 3000 for seed in range(10))


def test_which_input_a_row_reads_may_be_chosen() -> None:
    space = Space(
        name="which",
        input={"a": (2, 8, 8), "b": (2, 8, 8)},
        layers=(
            Row("conv", width=2, from_=oneof("a", "b")),
            Row("add", with_=("a", "b")),
        ),
    )
    networks = [sample.network for sample in space.enumerate()]
    assert len({network.hash() for network in networks}) == 2
    for network in networks:
        check_graph(network)
