"""`like: row`: a row that shares the weights of one above it."""

from __future__ import annotations

import re
from random import Random

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.analysis.costs.conventions import side_by_side
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.costs.profile import profile
from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.analysis.lint import lint
from archscape.analysis.reports.comparison.parts import parts_of
from archscape.spaces import Network, Row, ShapeError, Space, SpaceError
from archscape.spaces.codegen.source import source
from archscape.spaces.testing import check_gradients, check_graph

HEAD = "network: net\ninput: 8x16x16\n"


def net(text: str, head: str = HEAD) -> Network:
    return Network.from_yaml(head + text)


RECURSIVE = """\
# Kim et al. 2015, "Deeply-recursive convolutional network for image super-resolution": one layer, 16 times.
network: drcn
input: 1x32x32
defaults: {norm: none}
layers:
  - conv: {name: embed, width: 16, depth: 2}
  - conv: {name: recursion, width: 16}
  - conv: {like: recursion, depth: 15}
  - conv: {width: 1, act: none}
  - add:  {with: input}
"""
SIAMESE = """\
# Bromley et al. 1993, "Signature verification using a siamese time delay neural network": a tower for both.
network: siamese
input: 2x32x32
blocks:
  tower(width):
    - conv: {width: $width}
    - maxpool
    - conv: {width: 2 * $width}
    - avgpool
    - flatten
layers:
  - conv:   {name: left, width: 1, kernel: 1, norm: none, act: none}
  - conv:   {name: right, from: input, width: 1, kernel: 1, norm: none, act: none}
  - concat:
      - tower: {name: first, from: left, width: 8}
      - tower: {name: second, from: right, like: first}
  - linear: {width: 1}
"""


class Recursive(nn.Module):
    """The recursion by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.ModuleList([nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)])
        self.recursion = nn.Conv2d(16, 16, 3, padding=1)
        self.last = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in (*self.embed, *[self.recursion] * 16):
            y = F.relu(layer(y))
        return self.last(y) + x


class Siamese(nn.Module):
    """The two branches by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 1, 1), nn.Conv2d(2, 1, 1)
        self.conv1, self.norm1 = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.linear = nn.Linear(32, 1)

    def tower(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        return F.relu(self.norm2(self.conv2(x))).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.cat([self.tower(self.left(x)), self.tower(self.right(x))], 1))


def copied(hand: nn.Module, module: nn.Module) -> None:
    """Give a module written by hand the weights of ours; both hold theirs in the order of use."""
    ours = module.state_dict()
    assert [tuple(value.shape) for value in ours.values()] == [
        tuple(v.shape) for v in hand.state_dict().values()
    ]
    hand.load_state_dict(dict(zip(hand.state_dict(), ours.values(), strict=True)))


@pytest.mark.parametrize(("text", "hand"), [(RECURSIVE, Recursive), (SIAMESE, Siamese)])
def test_outputs_and_parameters_are_those_of_a_module_written_by_hand(
    text: str, hand: type[nn.Module]
) -> None:
    network, other = Network.from_yaml(text), hand()
    module = network.build()
    copied(other, module)
    x = torch.randn(2, *network.input, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(module.train()(x), other.train()(x), atol=1e-6)
    assert network.totals == network.body.totals
    assert network.totals.params == sum(p.numel() for p in other.parameters())
    assert network.totals.macs == counted_macs(other.eval(), x[:1])


def counted_macs(module: nn.Module, x: Tensor) -> int:
    """Return the multiply-accumulates of convolutions and linear layers, each time that they run."""
    macs = 0

    def note(layer: nn.Module, _: object, result: Tensor) -> None:
        nonlocal macs
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        macs += result.numel() * layer.weight[0].numel()

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(note)
    module(x)
    return macs


@pytest.mark.parametrize("text", [RECURSIVE, SIAMESE])
def test_the_graph_is_the_module_and_gradients_reach_every_weight(text: str) -> None:
    network = Network.from_yaml(text)
    check_graph(network)
    check_gradients(network)


@pytest.mark.parametrize("text", [RECURSIVE, SIAMESE])
def test_all_forms_are_read_back(text: str) -> None:
    network = Network.from_yaml(text)
    for again in (Network.from_yaml(network.to_yaml()), Network.from_json(network.to_json())):
        assert again.layers == network.layers
        assert again.hash() == network.hash()
    assert eval(repr(Row("conv", name="b", like="a", depth=2))) == Row("conv", name="b", like="a", depth=2)


def test_the_source_calls_one_module_again_and_the_state_dict_holds_it_once() -> None:
    network = Network.from_yaml(RECURSIVE)
    text = source(network)
    assert text.count("self.recursion = ") == 1
    assert text.count("self.recursion(") == 16
    assert [name for name in network.build().state_dict() if "recursion" in name] == [
        "recursion.weight",
        "recursion.bias",
    ]


@pytest.mark.parametrize("text", [RECURSIVE, SIAMESE])
def test_tools_take_what_is_exported(text: str) -> None:
    network = Network.from_yaml(text)
    module, x = network.build().eval(), torch.randn(2, *network.input)
    assert torch.equal(torch.fx.symbolic_trace(module)(x), module(x))
    batch = {"x": {0: torch.export.Dim("batch", min=2, max=64)}}
    program = torch.export.export(module, (x,), dynamic_shapes=batch).module()
    more = torch.randn(5, *network.input)
    assert torch.allclose(program(more), module(more), atol=1e-6)


def test_shared_parameters_are_counted_once_and_macs_each_time() -> None:
    once = net("layers:\n  - conv: {name: a, width: 8}\n")
    twice = net("layers:\n  - conv: {name: a, width: 8}\n  - conv: {name: b, like: a}\n")
    assert twice.totals.params == once.totals.params
    assert twice.totals.macs == 2 * once.totals.macs
    costs = profile(twice)
    assert [(layer.name, layer.params) for layer in costs.layers if layer.op != "act"] == [
        ("a.conv1", 576),
        ("a.norm1", 16),
        ("b.conv1", 0),
        ("b.norm1", 0),
    ]
    assert costs.shared == {"b.conv1": "a.conv1", "b.norm1": "a.norm1"}
    assert {count.params for count in side_by_side(twice)} == {once.totals.params}
    ours, theirs = training_memory(twice, batch=1), training_memory(once, batch=1)
    assert (ours.weights, ours.state) == (theirs.weights, theirs.state)
    assert receptive_fields(twice.graph)["b.conv1"] == (5, 5)
    assert [part.totals.params for part in parts_of(twice)] == [592, 0]


def test_findings_save_shared_parameters_once() -> None:
    both = net("layers:\n  - conv: {name: a, width: 8, kernel: 7}\n  - conv: {name: b, like: a}\n")
    assert sum(finding.before.params for finding in lint(both)) <= both.totals.params


def test_the_hash_tells_shared_weights_from_equal_ones() -> None:
    shared = net("layers:\n  - conv: {name: a, width: 8}\n  - conv: {name: b, like: a}\n")
    apart = net("layers:\n  - conv: {name: a, width: 8}\n  - conv: {name: b, width: 8}\n")
    assert shared.hash() != apart.hash()
    renamed = net("layers:\n  - conv: {name: c, width: 8}\n  - conv: {name: d, like: c}\n")
    repeated = net("layers:\n  - conv: {name: c, width: 8}\n  - conv: {like: c, depth: 1}\n")
    assert shared.hash() == renamed.hash() == repeated.hash()
    one = "layers:\n  - conv: {name: a, width: 8}\n"
    rows = net(f"{one}  - conv: {{name: b, like: a}}\n  - conv: {{name: c, like: a}}\n")
    assert net(f"{one}  - conv: {{like: a, depth: 2}}\n").hash() == rows.hash()


def test_the_hash_knows_which_of_two_branches_is_shared() -> None:
    rows = """\
layers:
  - conv: {{name: a, width: 8, kernel: 3}}
  - conv: {{name: b, width: 8, kernel: 3}}
  - conv: {{name: again, like: {which}}}
"""
    assert net(rows.format(which="a")).hash() != net(rows.format(which="b")).hash()
    branches = """\
layers:
  - add: [conv: {{name: p, width: 8}}, conv: {{name: q, width: 8}}]
  - conv: {{like: {x}}}
"""
    assert net(branches.format(x="p")).hash() == net(branches.format(x="q")).hash()  # the sum has no order


def test_the_hash_knows_shared_weights_behind_a_padding_of_its_own() -> None:
    rows = "layers:\n  - conv: {name: a, width: 8}\n  - pad: {sides: [1, 1]}\n"
    shared = net(f"{rows}  - conv: {{like: a}}\n")
    assert shared.hash() != net(f"{rows}  - conv: {{width: 8}}\n").hash()


def test_one_layer_on_one_map_is_one_value() -> None:
    twice = "layers:\n  - add: [conv: {name: p, width: 8}, conv: {name: q, like: p}]\n"
    same = "layers:\n  - conv: {name: p, width: 8}\n  - add: [[], []]\n"
    assert net(twice).hash() == net(same).hash()


def test_a_row_of_several_blocks_is_shared_block_by_block_on_another_extent() -> None:
    alone = "layers:\n  - bottleneck: {name: a, width: 8, depth: 2, stride: 2}\n"
    network = net(f"{alone}  - bottleneck: {{name: b, like: a}}\n")
    assert network.body.shape == (8, 4, 4)
    assert (
        network.totals.params
        == net("layers:\n  - bottleneck: {width: 8, depth: 2, stride: 2}\n").totals.params
    )
    check_graph(network)


COMPOSED = """\
blocks:
  recurrent(width, steps, on = true):
    - conv: {name: feed, width: $width, norm: none, act: none}
    - conv: {name: state, width: $width, norm: none}
    - add:  {name: sum1, with: feed}
    - conv: {name: more, like: state, when: $on}
    - add:
        - identity: {from: feed}
        - conv: {like: state, depth: $steps, from: more}
layers:
  - recurrent: {width: 8, steps: 2, depth: 2}
"""


def test_rows_of_a_composed_block_share_within_each_block() -> None:
    """Liang and Hu 2015, "Recurrent convolutional neural network for object recognition"."""
    network = net(COMPOSED)
    assert network.totals.params == 2 * 2 * (8 * 8 * 9 + 8)
    text = source(network)
    assert text.count("self.state = ") == 1
    assert text.count("self.state(") == 4
    check_graph(network)
    off = net(COMPOSED.replace("steps: 2,", "steps: 0, on: false,"))
    assert off.totals.params == network.totals.params
    assert off.totals.macs == network.totals.macs // 5 * 2


def test_who_shares_the_weights_of_a_row_that_is_not_there_is_not_there_either() -> None:
    text = """\
blocks:
  b(on):
    - add: [identity, conv: {name: p, width: 8, when: $on}, conv: {like: p, from: input}]
    - conv: {width: 8}
layers:
  - b: {on: false}
"""
    assert net(text).hash() == net("layers:\n  - conv: {width: 8}\n").hash()


def test_classes_of_a_shared_head_are_those_of_its_owner() -> None:
    rows = """\
layers:
  - conv: {name: a, width: 8}
  - linear: {name: first, width: 10}
  - conv: {name: b, from: a, width: 8}
  - linear: {name: second, like: first}
outputs: [second, first]
"""
    assert net(rows).at(classes=3).body.shapes == ((3,), (3,))


def test_blocks_that_stand_one_after_the_other_still_share() -> None:
    """A chain of blocks becomes an `nn.Sequential`, but not where two of them are one."""
    rows = "    - basic: {name: a, width: 8}\n    - basic: {name: c, like: a}\n"
    network = net(f"blocks:\n  b:\n{rows}layers:\n  - b: {{depth: 2}}\n")
    assert network.totals.params == 2 * (2 * 576 + 32)
    assert sum(p.numel() for p in network.build().parameters()) == network.totals.params
    check_graph(network)


def test_what_a_block_shares_is_shared_where_the_block_is() -> None:
    text = "blocks:\n  b:\n    - conv: {name: p, width: 8}\n    - conv: {name: q, like: p}\n"
    network = net(f"{text}layers:\n  - b: {{name: one}}\n  - b: {{name: two, like: one}}\n")
    assert network.totals.params == 592
    assert {node.like for node in network.graph.flatten().nodes if node.like} == {
        "one.p.conv1",
        "one.p.norm1",
    }
    assert (
        network.hash()
        == net("layers:\n  - conv: {name: p, width: 8}\n  - conv: {like: p, depth: 3}\n").hash()
    )
    check_graph(network)


def test_a_block_with_maps_reads_its_own() -> None:
    text = """\
blocks:
  fuse(skip):
    - conv: {width: 8}
    - add:  {with: skip}
layers:
  - conv: {name: a, width: 8}
  - fuse: {name: f, skip: a}
  - fuse: {like: f, skip: f}
"""
    network = net(text)
    assert network.totals.params == 2 * 592
    check_graph(network)


SPACE = """\
space: s
input: 8x16x16
layers:
  - basic: {name: a, width: {8, 16}, depth: 1..2, kernel: {3, 5}}
  - basic: {name: b, like: a, depth: 0..2}
  - conv:  {width: 8}
"""


def test_a_shared_row_of_a_space_draws_its_depth_alone() -> None:
    with pytest.raises(
        ShapeError, match="'b' shares the weights of 'a', which reads 8x16x16; it reads 16x16x16"
    ):
        Space.from_yaml(SPACE).replay({"a.width": 16, "a.depth": 1, "a.kernel": 3, "b.depth": 1}).lower()
    space = Space.from_yaml(SPACE.replace("width: {8, 16}", "width: 8"))
    assert set(space.paths) == {"a.depth", "a.kernel", "b.depth"}
    assert space.count() == space.count_distinct() == 12
    for sample in space.enumerate():
        network = sample.network
        assert network.hash() == sample.hash()
        assert network.totals == sample.totals
        assert Network.from_yaml(network.to_yaml()).totals == sample.totals
    assert space.sample(Random(0)).network.totals.params > 0


def test_a_word_of_a_space_is_shared_as_it_was_drawn() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 8x16x16\nblocks:\n  any: {basic: {kernel: {3, 5}}, plain: }\n"
        "layers:\n  - any: {name: a, width: 8}\n  - any: {name: b, like: a}\n"
    )
    assert space.count() == space.count_distinct() == 3
    assert {sample.network.layers[1] for sample in space.enumerate()} == {
        Row("basic", name="b", like="a"),
        Row("plain", name="b", like="a"),
    }


def test_weights_of_a_row_that_nothing_reads_pass_to_the_first_that_shares_them() -> None:
    space = Space.from_yaml(
        "space: s\ninput: 8x16x16\nlayers:\n  - conv: {name: a, width: 8}\n"
        "  - conv: {name: b, like: a, from: input, depth: 2}\n  - conv: {from: {a, b}, width: 4}\n"
    )
    samples = {sample.decisions["conv3.from"]: sample for sample in space.enumerate()}
    assert samples["b"].totals.params == samples["a"].totals.params
    assert samples["b"].totals == samples["b"].network.totals
    assert samples["b"].hash() == samples["b"].network.hash()


@pytest.mark.parametrize("width", [3, 5])
def test_the_first_of_several_that_share_has_a_name_of_its_own_in_a_block(width: int) -> None:
    network = net(
        "blocks:\n  b(s):\n    - conv: {name: first, width: 3}\n"
        "    - conv: {name: second, like: first, from: input, depth: 2}\n"
        f"    - conv: {{name: second_1, width: {width}}}\n"
        "    - conv: {name: end, width: 3}\n    - add: {with: $s}\nlayers:\n  - b: {s: second}\n",
        head="network: net\ninput: 3x16x16\n",
    )
    second = 3 * 3 * 9 + 3 + 3
    assert network.totals.params == second + 3 * width * 9 + 2 * width + width * 3 * 9 + 3 + 3
    assert network.totals.params == sum(p.numel() for p in network.build().parameters())
    check_graph(network)


@pytest.mark.parametrize("stem", ["b", 60 * "b"])
@pytest.mark.parametrize("entry", ["3x16x16", "{%s_1: 3x16x16, noise: 3x16x16}"])
def test_the_first_of_several_that_share_has_a_name_of_its_own_in_a_space(stem: str, entry: str) -> None:
    first, number = ("noise", 2) if "noise" in entry else ("input", 1)
    space = Space.from_yaml(
        f"space: s\ninput: {entry % stem[:58] if '%' in entry else entry}\nlayers:\n"
        f"  - conv: {{name: a, width: 3}}\n  - conv: {{name: {stem}, like: a, from: {first}, depth: 2}}\n"
        f"  - conv: {{name: {stem[:58]}_{number}, width: 3, from: {{{first}, a, {stem}}}}}\n"
        f"  - add: {{with: [{first}, {{a, {stem}}}]}}\n"
    )
    samples = [sample for sample in space.enumerate() if space.feasible(sample)]
    assert samples
    for sample in samples:
        network = sample.network
        assert network.totals == sample.totals
        assert network.hash() == sample.hash()
        assert network.totals.params == sum(p.numel() for p in network.build().parameters())
        assert Network.from_yaml(network.to_yaml()) == network


def test_the_map_that_an_unpooling_is_given_is_still_called_like() -> None:
    text = "layers:\n  - conv: {name: a, width: 4}\n  - maxpool: {name: p, from: a}\n  - unpool: {like: a}\n"
    assert net(text).body.shape == (4, 16, 16)


LEGAL = """\
layers:
  - conv: {name: stem, width: 16}
  - maxpool: {name: pool}
  - conv: {name: b, width: 16}
  - conv: {like: b}
"""
ERRORS = [
    ("conv: {like: b}", "convv: {like: b}", "6:5", "there is no block 'convv'; did you mean 'conv'?"),
    (
        "{like: b}",
        "{like: b}\n  - dropout: {name: d}\n  - dropout: {like: d}",
        "8:5",
        "'d' has no weights that",
    ),
    ("like: b", "like: stem", "6:5", "'stem', which reads 8x16x16; it reads 16x8x8, other channels"),
    ("like: b", "like: bb", "6:18", "like is the name of a row above, but got 'bb'; did you mean 'b'?"),
    ("like: b", "like: 3", "6:18", "like is the name of a row above, but got '3'"),
    ("like: b", "like: conv", "6:18", "like is the name of a row above, but got 'conv'"),
    ("like: b", "like: {b, stem}", "6:18", "a network leaves nothing open"),
    ("conv: {like: b}", "maxpool: {like: pool}", "6:5", "'pool' has no weights that 'maxpool2' could share"),
    (
        "conv: {like: b}",
        "norm: {like: b}",
        "6:5",
        "'b' is a row of conv; a row that shares its weights is one too",
    ),
    ("like: b", "like: b, width: 16", "6:21", "from the row whose weights it shares; take 'width' out"),
    ("like: b", "like: b, per: block", "6:21", "take 'per' out"),
    ("like: b", "like: b, depth: -1", "6:28", "depth"),
    ("like: b", "like: b, when: true", "6:21", "`when` belongs to the rows of a composed block"),
    (
        "{like: b}",
        "{like: b, name: c}\n  - conv: {like: c}",
        "7:18",
        "'c' shares the weights of 'b'; name that row",
    ),
    (
        "name: b, width: 16",
        "name: b, width: 1 + $i, depth: 2",
        "6:18",
        "the blocks of 'b' are rows of their own",
    ),
]


@pytest.mark.parametrize(("old", "new", "position", "words"), ERRORS)
def test_errors_lead_to_the_mend(old: str, new: str, position: str, words: str) -> None:
    assert LEGAL.count(old) == 1
    net(LEGAL)
    with pytest.raises((SpaceError, ShapeError)) as caught:
        Network.from_yaml(HEAD.replace("\n", " #\n", 1) + LEGAL.replace(old, new), name="f")
    first = str(caught.value).splitlines()[0]
    assert re.match(r"f:\d+:\d+: ", first)
    line, column = position.split(":")
    assert first.startswith(f"f:{int(line) + 1}:{column}: "), first
    assert words in first


def test_errors_of_composed_blocks_name_their_place() -> None:
    text = "blocks:\n  b:\n    - conv: {name: p, width: 4}\n    - conv: {like: p}\nlayers:\n  - b\n"
    with pytest.raises(
        ShapeError, match="'conv2' shares the weights of 'p', which reads 8x16x16; it reads 4x16x16"
    ):
        net(text)
    with pytest.raises(SpaceError, match="like is the name of a row above, but got 'q'"):
        net(text.replace("like: p", "like: q"))
    with pytest.raises(SpaceError, match="`like` belongs to a row, not to a word of `blocks`"):
        Space.from_yaml(
            "space: s\ninput: 8x8x8\nblocks:\n  any: {conv: {like: a}, plain: {width: 8}}\n"
            "layers:\n  - conv: {name: a, width: 8}\n  - any\n"
        )
