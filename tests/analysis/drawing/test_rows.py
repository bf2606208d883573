"""Networks whose code was not run: what is known of their rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.bundles import write_bundle
from helpers.figures import faults

from archscape.analysis.costs.foreign.unrun_bundle import written_of
from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.rows import diagram_of_rows
from archscape.spaces.errors import CodeNotRun

TABLE = """
network: mixed
input: 1x8x8
uses: mine.py
layers:
  - conv: {name: a, width: 4, depth: 2}
  - Mine:
  - add: {from: Mine, with: a}
  - avgpool
  - linear: {width: 2}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = write_bundle(tmp_path / "best", TABLE)
    (folder / "mine.py").write_text("raise SystemExit('run')\n")
    return folder


def test_a_row_is_a_box_and_what_only_code_could_tell_is_named(bundle: Path) -> None:
    diagram = diagram_of_rows(written_of(bundle))
    assert [(block.kind, block.label, block.repeat) for block in diagram.blocks] == [
        ("input", "1×8×8", ""),
        ("conv", "3×3 conv, 4", "×2"),
        ("other", "Mine\ncode, not run", ""),
        ("join", "add", ""),
        ("pool", "avgpool", ""),
        ("linear", "linear, 2", ""),
    ]
    assert [source.value for source in diagram.blocks[3].sources] == [2, 1]


def test_its_figure_is_without_fault_and_says_what_was_not_run(bundle: Path) -> None:
    drawing = draw(written_of(bundle))
    assert faults(drawing) == []
    assert drawing.summary == "Mine: opaque layers of mine.py, which is code and was not run."


def test_layers_and_volumes_need_the_code(bundle: Path) -> None:
    with pytest.raises(CodeNotRun, match=r"network mixed.* or have its rows drawn as boxes"):
        draw(written_of(bundle), style="volumes")
