"""A bundle whose table uses Python: nothing of it is run, and what its files tell of its costs is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.bundles import TRAP, write_bundle
from torch import nn

from archscape.analysis.costs.foreign.unrun_bundle import is_unrun, profile_unrun
from archscape.cli import main
from archscape.spaces import load_network
from archscape.spaces.bundle_files import PT2
from archscape.spaces.language.limits import COSTS

USING = """
network: mixed
input: 1x8x8
uses: mine.py
let: {w: 4}
blocks:
  stem:
    - conv: {width: $w, kernel: 1}
  pair:
    - conv: {width: $w}
    - Mine:
layers:
  - stem:
  - pair:
  - avgpool
  - linear: {width: 2}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = write_bundle(tmp_path / "best", USING)
    (folder / "mine.py").write_text(TRAP)
    return folder


def test_rows_before_the_code_are_counted_and_others_are_named(bundle: Path) -> None:
    assert is_unrun(bundle)
    costs = profile_unrun(bundle)
    assert costs.macs == 4 * 64
    assert [(layer.name, layer.op) for layer in costs.layers[-3:]] == [
        ("pair", "opaque"),
        ("avgpool", "opaque"),
        ("linear", "opaque"),
    ]
    assert costs.lower_bounds == COSTS
    assert "Mine: opaque layers of mine.py, which is code and was not run" in costs.notes[0]
    assert not (bundle / "was-run").exists()


def test_its_program_tells_all_costs(bundle: Path) -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 1, bias=False), nn.Flatten(), nn.Linear(256, 2))
    torch.export.save(torch.export.export(module, (torch.zeros(1, 1, 8, 8),)), bundle / PT2)
    costs = profile_unrun(bundle)
    assert (costs.macs, costs.params, costs.lower_bounds) == (256 + 512, 4 + 514, ())
    assert "counted from its model.pt2" in costs.about


def test_bundles_without_code_and_other_names_are_none(tmp_path: Path) -> None:
    assert not is_unrun(write_bundle(tmp_path / "plain", load_network("lenet5")))
    assert not is_unrun("lenet5")
    assert not is_unrun("model.onnx")


@pytest.mark.parametrize("command", ["profile", "compare"])
def test_commands_show_it_and_run_nothing(
    bundle: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, str(bundle)])
    assert not ended.value.code
    printed = capsys.readouterr()
    assert "bundle without a model.pt2 or model.onnx" in printed.err
    assert "at least" in printed.out or "256" in printed.out
    assert not (bundle / "was-run").exists()


@pytest.mark.parametrize("command", ["lint", "memory", "latency"])
def test_other_commands_say_what_was_not_run(
    bundle: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bundle.parent)
    with pytest.raises(SystemExit) as ended:
        main([command, "best"])
    assert ended.value.code == 2
    assert (
        "is code and was not run; if you trust it, name your own copy with --uses mine.py"
        in capsys.readouterr().err
    )
    assert not (bundle / "was-run").exists()
