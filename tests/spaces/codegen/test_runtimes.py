"""What OpenVINO and ExecuTorch give for an exported file, each in a process of its own, by its runner."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from archscape.search.trained.exporting.fresh_process import Reader, outputs_of
from archscape.spaces import Network, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.formats import FORMATS
from archscape.spaces.codegen.formats.base import ExportOptions, Preprocessing
from archscape.spaces.testing import shift_statistics

Run = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.full
UNITS = Preprocessing(dtype="uint8", mean=(120.0,), std=(60.0,))


@pytest.mark.parametrize("form", ["openvino", "pte"])
@pytest.mark.parametrize(("name", "fold"), [("lenet5", False), ("resnet20", True), ("mobilenetv2", False)])
def test_a_file_gives_what_the_module_gives_for_raw_samples(
    form: str, name: str, fold: bool, tmp_path: Path
) -> None:
    network, module = trained(name)
    files = export(
        network,
        tmp_path,
        formats=[form],
        weights=module.state_dict(),
        preprocessing=UNITS,
        options=ExportOptions(fold=fold),
    )
    raw = np.random.default_rng(0).integers(0, 256, (7, *network.input_shapes[0]), dtype=np.uint8)
    written = FORMATS.load(form)
    reader = Reader(runner=written.runner, packages=(*written.reader, "numpy"))
    outputs = outputs_of(tmp_path, files[form].stem, reader, [raw])
    with torch.inference_mode():
        expected = module((torch.from_numpy(raw).float() - 120) / 60).numpy()
    assert np.abs(outputs - expected).max() / np.abs(expected).max() <= 1e-5


def trained(name: str) -> tuple[Network, torch.nn.Module]:
    network = load_network(name).at(input=(1, 32, 32))
    torch.manual_seed(0)
    module = build(network).eval()
    shift_statistics(module)
    return network, module


@pytest.mark.parametrize("form", ["openvino", "pte", "coreml"])
def test_nothing_but_the_file_is_said(form: str, tmp_path: Path, archscape_process: Run) -> None:
    ended = archscape_process("export", "lenet5", "--format", form, "--out", tmp_path)
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 1)
    said = [line for line in ended.stderr.splitlines() if not line.startswith("writing lenet5 to ")]
    assert said == ([note] if (note := FORMATS.load(form).note) else [])
