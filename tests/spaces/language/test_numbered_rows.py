"""Numbered rows are one module: a sequence of blocks of one input, a loop over blocks of several."""

from __future__ import annotations

import pytest
import torch
from helpers.allocations import eager_peak, graph_peak

from archscape.analysis.costs.memory import memory
from archscape.spaces import Network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.old_names import old_name, old_names
from archscape.spaces.codegen.source import source
from archscape.spaces.testing import check_export, check_tracing

LAST_TWO = ["cell: {name: a, width: 8, depth: 4}", "cell: {name: b, width: 4, depth: 3}"]
SAME = ["conv: {width: 4}", *(f"merge: {{name: a_{n}, width: 4, skip: stem}}" for n in (1, 2, 3))]
READ_LATER = [*LAST_TWO, "add: {with: stem}"]


CELL = """
  cell(width):
    - conv: {name: side, width: $width, kernel: 1, from: before}
    - conv: {width: $width, from: input}
    - add:  {with: side}"""
MERGE = """
  merge(width, skip):
    - concat: {with: skip}
    - conv:   {width: $width}"""


def network(rows: list[str]) -> Network:
    lines = "".join(f"\n  - {row}" for row in ["conv: {name: stem, width: 4}", *rows, "avgpool"])
    blocks = MERGE if rows == SAME else CELL
    return Network.from_yaml(f"network: cells\ninput: 3x8x8\nblocks:{blocks}\nlayers:{lines}")


def test_cells_that_read_the_last_two_are_a_loop() -> None:
    text = source(network(LAST_TWO))
    assert "        before = x\n        for block in self.a:  # 8x8x8\n" in text
    assert text.count("            x, before = block(x, before), x\n") == 2
    assert "*(Cell(8, 8, before_inputs=8) for _ in range(2))" in text
    assert [name for name, _ in build(network(LAST_TWO)).named_children()] == ["stem", "a", "b"]


def test_blocks_that_read_one_map_all_the_time_are_a_loop() -> None:
    text = source(network(SAME))
    assert "            x = block(x, stem)\n" in text
    assert "self.a = nn.ModuleList(Merge() for _ in range(3))" in text


def test_what_something_else_reads_keeps_its_name() -> None:
    assert "x = x + stem" in source(network(READ_LATER))


@pytest.mark.slow
@pytest.mark.parametrize("rows", [LAST_TWO, SAME, READ_LATER], ids=["last two", "same", "read later"])
def test_loops_are_counted_traced_exported_and_held_in_memory_as_pytorch_has_them(rows: list[str]) -> None:
    cells = network(rows)
    assert sum(p.numel() for p in build(cells).parameters()) == cells.totals.params
    check_tracing(cells)
    check_export(cells)
    assert memory(cells, batch=2, mode="eager").activations == eager_peak(cells, 2)
    assert memory(cells, batch=2, mode="graph").activations == graph_peak(cells, 2)


def test_weights_of_earlier_versions_load_by_their_names() -> None:
    cells = network(LAST_TWO)
    module, names = build(cells), old_names(cells.body)
    assert names["a.3.side.conv1"] == "a_4.side.conv1"
    state = {
        key: torch.randn_like(value)
        for key, value in module.state_dict().items()
        if value.is_floating_point()
    }
    module.load_state_dict({old_name(key, names): value for key, value in state.items()}, strict=False)
    assert all(torch.equal(module.state_dict()[key], value) for key, value in state.items())
