"""Blocks with several outputs: `down(width) -> [out, skip]`, read as `from: NAME.skip`."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archscape.analysis.costs.memory import memory_curve
from archscape.analysis.costs.memory.training import training_memory
from archscape.analysis.costs.profile import profile
from archscape.analysis.lint import lint
from archscape.analysis.reports.comparison.parts import parts_of
from archscape.spaces import Network, Row, ShapeError, Space, SpaceError, ref
from archscape.spaces.codegen.source import source
from archscape.spaces.language.rows import Composed
from archscape.spaces.testing import check_gradients, check_graph

UNET = """\
network: unet
input: 3x64x64
blocks:
  down(width) -> [out, skip]:
    - conv: {name: skip, width: $width, depth: 2}
    - maxpool: {name: out}
  up(width, skip):
    - upconv: {width: $width, kernel: 2, stride: 2}
    - concat: {with: skip}
    - conv: {width: $width, depth: 2}
layers:
  - down: {name: down1, width: 8}
  - down: {name: down2, width: 16}
  - conv: {width: 32, depth: 2}
  - up: {width: 16, skip: down2.skip}
  - up: {width: 8, skip: down1.skip}
  - conv: {width: 2, kernel: 1, norm: none, act: none}
"""
FLAT = """\
network: flat
input: 3x64x64
layers:
  - conv: {name: skip1, width: 8, depth: 2}
  - maxpool
  - conv: {name: skip2, width: 16, depth: 2}
  - maxpool
  - conv: {width: 32, depth: 2}
  - upconv: {width: 16, kernel: 2, stride: 2}
  - concat: {with: skip2}
  - conv: {width: 16, depth: 2}
  - upconv: {width: 8, kernel: 2, stride: 2}
  - concat: {with: skip1}
  - conv: {width: 8, depth: 2}
  - conv: {width: 2, kernel: 1, norm: none, act: none}
"""


def changed(*pairs: tuple[str, str]) -> Network:
    text = UNET
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return Network.from_yaml(text, name="f")


def double(inputs: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, width):
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers)


class Unet(nn.Module):
    """The same network by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.middle = double(3, 8), double(8, 16), double(16, 32)
        self.upconv1, self.norm1 = nn.ConvTranspose2d(32, 16, 2, 2, bias=False), nn.BatchNorm2d(16)
        self.up1 = double(32, 16)
        self.upconv2, self.norm2 = nn.ConvTranspose2d(16, 8, 2, 2, bias=False), nn.BatchNorm2d(8)
        self.up2 = double(16, 8)
        self.last = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip1 = self.down1(x)
        skip2 = self.down2(F.max_pool2d(skip1, 2))
        x = self.middle(F.max_pool2d(skip2, 2))
        x = self.up1(torch.cat([F.relu(self.norm1(self.upconv1(x))), skip2], 1))
        x = self.up2(torch.cat([F.relu(self.norm2(self.upconv2(x))), skip1], 1))
        return self.last(x)


def test_it_is_the_network_of_the_same_rows_written_flat() -> None:
    network, flat = Network.from_yaml(UNET), Network.from_yaml(FLAT)
    assert network.hash() == flat.hash()
    assert network.totals == network.body.totals == flat.totals
    ours, theirs = profile(network), profile(flat)
    assert [layer[1:] for layer in ours.layers] == [layer[1:] for layer in theirs.layers]
    assert [m.bytes for m in memory_curve(network)] == [m.bytes for m in memory_curve(flat)]
    a, b = training_memory(network, batch=2), training_memory(flat, batch=2)
    assert (a.saved, a.activations, a.gradients) == (b.saved, b.activations, b.gradients)
    assert [finding.rule for finding in lint(network)] == [finding.rule for finding in lint(flat)]
    assert sum(part.totals.params for part in parts_of(network)) == network.totals.params


def test_outputs_are_those_of_a_module_written_by_hand() -> None:
    network, hand = Network.from_yaml(UNET), Unet()
    module = network.build()
    ours = module.state_dict()
    hand.load_state_dict(dict(zip(hand.state_dict(), ours.values(), strict=True)))
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(module.eval()(x), hand.eval()(x))
    assert network.totals.params == sum(p.numel() for p in hand.parameters())


def test_the_graph_is_the_module_and_gradients_reach_every_weight() -> None:
    network = Network.from_yaml(UNET)
    check_graph(network)
    check_gradients(network)


def test_the_source_unpacks_a_tuple() -> None:
    text = source(Network.from_yaml(UNET))
    assert "def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:" in text
    assert (
        "        skip = self.skip(x)\n        out = F.max_pool2d(skip, 2)\n        return out, skip" in text
    )
    assert "x, skip = self.down1(x)" in text
    assert "x, skip2 = self.down2(x)" in text
    assert "x = self.up1(x, skip2)" in text


def test_tools_take_what_is_exported() -> None:
    network = Network.from_yaml(UNET)
    module, x = network.build().eval(), torch.randn(2, 3, 64, 64)
    assert torch.equal(torch.fx.symbolic_trace(module)(x), module(x))
    batch = {"x": {0: torch.export.Dim("batch", min=2, max=64)}}
    program = torch.export.export(module, (x,), dynamic_shapes=batch).module()
    more = torch.randn(5, 3, 64, 64)
    assert torch.allclose(program(more), module(more), atol=1e-5)


def test_memory_is_counted_statement_by_statement_too() -> None:
    eager = memory_curve(Network.from_yaml(UNET), mode="eager")
    graph = memory_curve(Network.from_yaml(UNET))
    assert len(eager) == len(graph)
    assert all(ours.bytes >= theirs.bytes for ours, theirs in zip(eager, graph, strict=True))


def test_all_forms_are_read_back() -> None:
    network = Network.from_yaml(UNET)
    for again in (Network.from_yaml(network.to_yaml()), Network.from_json(network.to_json())):
        assert again.blocks == network.blocks
        assert again.layers == network.layers
        assert again.hash() == network.hash()
    assert "  down(width) -> [out, skip]:\n" in network.to_yaml()


def test_in_python_a_composed_block_names_its_outputs() -> None:
    rows = (Row("conv", name="skip", width=ref("width"), depth=2), Row("maxpool", name="out"))
    down = Composed(rows, needs=("width",), outputs=("out", "skip"))
    network = Network.from_yaml(UNET)
    assert network.blocks["down"] == down
    assert eval(repr(down)) == down
    assert down != Composed(rows, needs=("width",))


def test_the_first_output_may_be_named_too() -> None:
    assert (
        changed(("  - conv: {width: 32", "  - conv: {from: down2.out, width: 32")).hash() == changed().hash()
    )


def test_of_several_blocks_the_last_gives_what_is_beside() -> None:
    once = "  - down: {name: down2, width: 16}\n"
    wider = ("  - up: {width: 8,", "  - upconv: {width: 16, kernel: 2, stride: 2}\n  - up: {width: 8,")
    network = changed((once, once.replace("16}", "16, depth: 2}")), wider)
    apart = changed((once, once.replace("down2", "first") + once), wider)
    assert network.hash() == apart.hash()
    check_graph(network)
    text = source(network)
    assert "class DownRow(nn.Module):" in text
    assert "y, _ = self.down1(x)" in text


def test_blocks_stand_within_blocks() -> None:
    nested = """\
network: nested
input: 4x16x16
blocks:
  parts -> [a, b]:
    - conv: {name: b, width: 4}
    - conv: {name: a, width: 4, kernel: 1}
  outer(width) -> [main, early]:
    - parts: {name: first}
    - conv: {name: main, width: $width}
    - identity: {name: early, from: first.b}
  sum:
    - outer: {name: o, width: 4}
    - add: {with: [o.early, input]}
layers:
  - sum
  - outer: {name: last, width: 4}
  - add: {with: last.early}
"""
    flat = """\
network: flat
input: 4x16x16
layers:
  - conv: {name: b, width: 4}
  - conv: {width: 4, kernel: 1}
  - conv: {width: 4}
  - add: {name: sum, with: [b, input]}
  - conv: {name: b2, width: 4}
  - conv: {width: 4, kernel: 1}
  - conv: {width: 4}
  - add: {with: b2}
"""
    network = Network.from_yaml(nested)
    assert network.hash() == Network.from_yaml(flat).hash()
    assert network.totals == Network.from_yaml(flat).totals
    check_graph(network)
    assert Network.from_yaml(network.to_yaml()).hash() == network.hash()


def test_a_network_returns_outputs_of_blocks() -> None:
    network = Network.from_yaml(UNET + "outputs: [conv2, down1.skip]\n")
    assert network.body.shapes == ((2, 64, 64), (8, 64, 64))
    logits, skip = network.build().eval()(torch.randn(2, 3, 64, 64))
    assert (logits.shape, skip.shape) == ((2, 2, 64, 64), (2, 8, 64, 64))
    assert Network.from_yaml(network.to_yaml()).outputs == ("conv2", "down1.skip")


def test_a_shared_block_gives_its_outputs_again() -> None:
    text = """\
network: shared
input: 8x64x64
blocks:
  down(width) -> [out, skip]:
    - conv: {name: skip, width: $width}
    - maxpool: {name: out}
layers:
  - down: {name: a, width: 8}
  - down: {name: b, like: a, depth: 2}
  - upsample: {scale: 2}
  - add: {with: b.skip}
"""
    network = Network.from_yaml(text)
    assert network.totals.params == 8 * 8 * 9 + 16
    assert network.body.shape == (8, 16, 16)
    check_graph(network)


SPACE = (
    UNET.replace("network: unet", "space: unets")
    .replace("width: 8, skip: down1.skip", "width: 8, skip: {down1.skip, input}")
    .replace("{name: down1, width: 8}", "{name: down1, width: {4, 8}}")
)


def test_a_space_chooses_among_outputs() -> None:
    space = Space.from_yaml(SPACE)
    assert space.count() == space.count_distinct() == 4
    for sample in space.enumerate():
        network = sample.network
        assert network.hash() == sample.hash()
        assert network.totals == sample.totals
        assert Network.from_yaml(network.to_yaml()).hash() == sample.hash()


PAIR = """\
blocks:
  pair(w) -> [o, p]:
    - conv: {name: p, width: $w}
    - conv: {name: o, width: 4, from: input}
"""
UNREAD = [
    (  # the second output alone is not read
        "pair: {name: d, w: 8}\n  - conv: {width: 5}",
        "conv: {width: 4}\n  - conv: {width: 5}",
    ),
    (  # nor in the blocks of a row before the last, whatever is read of that
        "pair: {name: d, w: 8, depth: 3}\n  - concat: {with: d.p}",
        "conv: {name: c, width: 4, depth: 2}\n  - conv: {name: p, width: 8}\n"
        "  - conv: {width: 4, from: c}\n  - concat: {with: p}",
    ),
    (  # the first output is not read of the last block, and is of those before it
        "pair: {name: d, w: 8, depth: 3}\n  - conv: {width: 5, from: d.p}",
        "conv: {width: 4, depth: 2}\n  - conv: {width: 8}\n  - conv: {width: 5}",
    ),
    (  # one of two uses that share their weights reads it
        "pair: {name: d, w: 8}\n  - pair: {name: e, like: d, from: input}\n  - concat: {with: [d, e.p]}",
        "conv: {name: d, width: 4}\n  - conv: {name: p, width: 8, from: input}\n"
        "  - conv: {name: e, like: d, from: input}\n  - concat: {with: [d, p]}",
    ),
]


@pytest.mark.parametrize(("rows", "flat"), UNREAD)
def test_an_output_that_nothing_reads_is_not_paid_for(rows: str, flat: str) -> None:
    head = "network: n\ninput: 3x16x16\n"
    network = Network.from_yaml(f"{head}{PAIR}layers:\n  - {rows}\n")
    apart = Network.from_yaml(f"{head}layers:\n  - {flat}\n")
    assert network.hash() == apart.hash()
    assert network.totals == network.body.totals
    if "like" not in rows:  # the map of a use is computed whole where the other use needs all of it
        assert network.totals == apart.totals
    assert network.totals.params == apart.totals.params
    assert network.totals.params == sum(p.numel() for p in network.build().parameters())
    check_graph(network)
    assert Network.from_yaml(network.to_yaml()).totals == network.totals


def test_samples_of_one_hash_have_one_cost_whichever_outputs_they_read() -> None:
    space = Space.from_yaml(
        f"space: s\ninput: 3x16x16\n{PAIR}layers:\n  - pair: {{name: d, w: {{8, 64}}}}\n"
        "  - conv: {width: 5}\n  - concat: {with: {d.p, none}}\n"
    )
    costs: dict[str, set[int]] = {}
    for sample in space.enumerate():
        assert sample.network.hash() == sample.hash()
        assert sample.network.totals == sample.totals
        costs.setdefault(sample.hash(), set()).add(sample.totals.params)
    one, two = 3 * 4 * 9 + 8, 4 * 5 * 9 + 10
    assert sorted(costs.values(), key=min) == [{one + two + more} for more in (0, 232, 1856)]
    assert space.count_distinct() == 3


ERRORS = [
    ("skip: down1.skip", "skip: down1.skp", "16:26", "'down1' has no output 'skp'; it has out, skip"),
    ("skip: down1.skip", "skip: down3.skip", "16:26", "'down3.skip' is no row"),
    ("skip: down1.skip", "skip: conv1.skip", "16:26", "'conv1' gives one map, and no 'skip'"),
    ("skip: down1.skip", "skip: down1.skip.x", "16:36", "is not part of an expression"),
    ("skip: down2.skip", "skip: up2.skip", "15:27", "'up2.skip' stands below; a row reads rows above it"),
    ("-> [out, skip]", "-> [out, skp]", "4:3:", "'skp' is no row of 'down'; did you mean 'skip'?"),
    ("-> [out, skip]", "-> [out, out]", "4:3:", "'out' is an output already"),
    ("-> [out, skip]", "-> [out]", "15:27", "'down2' has no output 'skip'"),
    ("-> [out, skip]", "-> [out, ]", "4:3:", "as in -> [out, skip], but got '[out, ]'"),
    ("-> [out, skip]", "-> out", "4:3:", "`->` is followed by the names of rows"),
    ("-> [out, skip]", "-> [out, 3]", "4:3:", "`->` is followed by the names of rows"),
    ("-> [out, skip]", "-> [skip]", "6:", "nothing reads 'out'; take it out"),
    (
        "width: 16}\n  - conv",
        "width: 16, depth: 0}\n  - conv",
        "15:5",
        "'down2' has no block, and so no output 'skip'",
    ),
]


@pytest.mark.parametrize(("old", "new", "position", "words"), ERRORS)
def test_errors_lead_to_the_mend(old: str, new: str, position: str, words: str) -> None:
    with pytest.raises((SpaceError, ShapeError)) as caught:
        changed((old, new))
    first = str(caught.value).splitlines()[0]
    assert re.match(r"f:\d+:\d+: ", first)
    assert words in first
    assert first.startswith(f"f:{position}"), first


def test_errors_within_composed_blocks_name_the_known_outputs() -> None:
    text = UNET.replace(
        "    - upconv", "    - down: {name: d, width: 4}\n    - add: {from: d.skp, with: d}\n    - upconv"
    )
    with pytest.raises(SpaceError, match="'d' has no output 'skp'; it has out, skip"):
        Network.from_yaml(text)
