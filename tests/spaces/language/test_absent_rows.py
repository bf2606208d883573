"""Rows whose `when` is false: in a chain they pass their map on, in a join they are not there."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from archscape.spaces import Network, Row, Space

JOINS = ("add", "concat", "multiply")


def net(text: str, shape: str = "8x16x16") -> Network:
    return Network.from_yaml(f"network: net\ninput: {shape}\n{text}")


def block(rows: str, use: str, signature: str = "b(p, q)") -> Network:
    return net(f"blocks:\n  {signature}:\n{rows}layers:\n  - {use}\n")


TWO = """\
    - {join}:
        - conv: {{width: 8, when: $p}}
        - [conv: {{width: 8, when: $q}}, conv: {{width: 8, kernel: 1, when: $q}}]
    - conv: {{width: 4}}
"""


@pytest.mark.parametrize("join", JOINS)
def test_a_join_has_the_branches_that_are_there(join: str) -> None:
    rows = TWO.format(join=join)
    first = "conv: {width: 8}"
    second = "[conv: {width: 8}, conv: {width: 8, kernel: 1}]"
    after = "  - conv: {width: 4}\n"
    both = net(f"layers:\n  - {join}: [{first}, {second}]\n{after}")
    assert block(rows, "b: {p: true, q: true}").hash() == both.hash()
    assert block(rows, "b: {p: true, q: false}").hash() == net(f"layers:\n  - {first}\n{after}").hash()
    alone = net(f"layers:\n  - conv: {{width: 8}}\n  - conv: {{width: 8, kernel: 1}}\n{after}")
    assert block(rows, "b: {p: false, q: true}").hash() == alone.hash()
    none = block(rows, "b: {p: false, q: false}")
    assert none.hash() == net(f"layers:\n{after}").hash()
    assert none.totals.params == 8 * 4 * 9 + 2 * 4


@pytest.mark.parametrize("join", JOINS)
def test_beside_the_identity_an_absent_branch_neither_doubles_nor_squares(join: str) -> None:
    rows = f"    - {join}: [identity, conv: {{width: 8, when: $p}}]\n    - conv: {{width: 4}}\n"
    without = block(rows, "b: {p: false}", "b(p)")
    assert without.hash() == net("layers:\n  - conv: {width: 4}\n").hash()


def test_a_branch_stands_where_one_of_its_rows_does() -> None:
    rows = "    - add: [identity, [conv: {width: 8, when: $p}, conv: {width: 8, act: none, when: $q}]]\n"
    network = block(rows, "b: {p: false, q: true}")
    assert network.hash() == net("layers:\n  - add: [identity, conv: {width: 8, act: none}]\n").hash()


def test_a_join_of_which_no_branch_is_left_is_not_there_either() -> None:
    rows = "    - add: [conv: {width: 8}, concat: [conv: {width: 4, when: $p}, conv: {width: 4, when: $p}]]\n"
    assert block(rows, "b: {p: false}", "b(p)").hash() == net("layers:\n  - conv: {width: 8}\n").hash()


def test_a_residual_whose_rows_are_absent_is_x() -> None:
    rows = "    - residual: [conv: {width: 8, when: $p}, conv: {width: 8, act: none, when: $p}]\n"
    network = block(f"{rows}    - conv: {{width: 4}}\n", "b: {p: false}", "b(p)")
    assert network.hash() == net("layers:\n  - conv: {width: 4}\n").hash()
    inside = block(f"    - add:\n        - conv: {{width: 8}}\n    {rows}", "b: {p: false}", "b(p)")
    assert inside.hash() == net("layers:\n  - add: [conv: {width: 8}, identity]\n").hash()


def test_a_join_that_does_not_stand_passes_on_what_it_reads_and_its_rows_need_no_values() -> None:
    rows = """\
    - conv: {width: 8}
    - add: {when: $n > 0, branches: [conv: {width: 8 // $n}, conv: {width: 8, kernel: 1}]}
    - conv: {width: 4}
"""
    network = block(rows, "b: {n: 0}", "b(n)")
    assert network.hash() == net("layers:\n  - conv: {width: 8}\n  - conv: {width: 4}\n").hash()


def test_a_row_that_is_left_out_once_stands_where_its_join_does() -> None:
    rows = "    - add: {when: $p, branches: [conv: {width: 8}, conv: {width: 8, kernel: 1}]}\n"
    rest = "    - conv: {width: 8}\n"
    text = f"blocks:\n  b(p):\n{rows}{rest}layers:\n  - b: {{p: false}}\n  - b: {{p: true}}\n"
    conv = 8 * 8 * 9 + 16
    assert net(text).totals.params == 3 * conv + 8 * 8 + 16


def test_a_row_that_others_name_passes_its_map_on() -> None:
    """The optional projection of a residual."""
    rows = """\
    - conv: {name: short, width: $p, kernel: 1, act: none, when: $p != $in}
    - conv: {from: input, width: $p, act: none}
    - add:  {with: short}
"""
    kept = block(rows, "b: {p: 8}", "b(p)")
    assert kept.hash() == net("layers:\n  - add: [identity, conv: {width: 8, act: none}]\n").hash()
    branches = "conv: {width: 4, kernel: 1, act: none}, conv: {width: 4, act: none}"
    assert block(rows, "b: {p: 4}", "b(p)").hash() == net(f"layers:\n  - add: [{branches}]\n").hash()


def test_of_unused_rows_an_absent_one_is_what_it_reads() -> None:
    rows = """\
    - conv:   {name: s, width: 8}
    - conv:   {name: t, width: 8, kernel: 1, when: $p}
    - conv:   {name: u, from: input, width: 4}
    - concat: {with: [s, t], unused: true}
"""
    both = block(rows, "b: {p: false}", "b(p)")
    once = net("layers:\n  - concat: [conv: {width: 4}, conv: {width: 8}]\n")
    assert both.hash() == once.hash()
    assert both.body.shape == (12, 16, 16)


def test_a_depth_of_0_is_no_block_and_passes_its_map_on() -> None:
    """`depth` says how often f is applied: no time gives x, in a join too."""
    network = net("layers:\n  - add: [conv: {width: 8}, plain: {width: 8, depth: 0}]\n")
    assert network.hash() == net("layers:\n  - add: [conv: {width: 8}, identity]\n").hash()


def test_an_empty_branch_passes_the_map_on() -> None:
    text = "layers:\n  - conv: {width: 8}\n  - add: {from: input, branches: [[], conv: {width: 8}]}\n"
    network = net(text + "  - concat: {with: conv1}\n")
    same = net(f"{text.replace('[[]', '[identity')}  - concat: {{with: conv1}}\n")
    assert network.hash() == same.hash()
    for again in (Network.from_yaml(network.to_yaml()), Network.from_json(network.to_json())):
        assert again.layers == network.layers
        assert again.hash() == network.hash()
    assert Row("add", (), Row("conv", width=8)).branches[0] == ()


def test_an_empty_branch_of_a_space_is_kept_by_its_samples() -> None:
    row = "  - add: [[], conv: {width: 8, kernel: {1, 3}}]\n"
    space = Space.from_yaml(f"space: s\ninput: 8x16x16\nlayers:\n{row}  - conv: {{width: 4}}\n")
    assert space.count() == space.count_distinct() == 2
    for sample in space.enumerate():
        assert sample.network.layers[0].branches[0] == ()
        assert sample.network.hash() == sample.hash()


class Block(nn.Module):
    """The sum of the branches that are there, by hand."""

    def __init__(self, branches: list[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return sum((branch(x) for branch in self.branches[1:]), self.branches[0](x)) if self.branches else x


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
def test_outputs_are_those_of_a_module_written_by_hand(wide: bool, narrow: bool) -> None:
    rows = """\
    - add:
        - conv: {width: 8, norm: none, act: none, when: $p}
        - conv: {width: 8, kernel: 1, norm: none, act: none, when: $q}
"""
    use = f"b: {{p: {str(wide).lower()}, q: {str(narrow).lower()}}}"
    network = block(f"{rows}    - conv: {{width: 4, norm: none, act: none}}\n", use)
    parts = [nn.Conv2d(8, 8, 3, padding=1)] if wide else []
    parts += [nn.Conv2d(8, 8, 1)] if narrow else []
    hand = nn.Sequential(Block(parts), nn.Conv2d(8, 4, 3, padding=1))
    module = network.build()
    assert network.totals.params == sum(p.numel() for p in hand.parameters())
    assert network.totals.macs == sum(p.numel() * 256 for p in hand.parameters() if p.ndim == 4)
    hand.load_state_dict(dict(zip(hand.state_dict(), module.state_dict().values(), strict=True)))
    x = torch.randn(2, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(module(x), hand(x))
