"""The runners: each gives the outputs of the module on samples as the data set holds them."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from archscape.spaces import load_network
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.formats import FORMATS, runners
from archscape.spaces.codegen.formats.base import Preprocessing
from archscape.spaces.codegen.verification import TOLERANCE, relative_error

UNITS = Preprocessing(dtype="uint8", mean=(100.0,), std=(50.0,))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files of a network that has weights, for images of bytes."""
    network, folder = load_network("lenet5"), tmp_path_factory.mktemp("exported")
    metadata = {"mean": json.dumps(UNITS.mean), "std": json.dumps(UNITS.std), "dtype": UNITS.dtype}
    weights = network.build().state_dict()
    formats = ("source", "weights", "pt2", "onnx")
    export(network, folder, formats=formats, weights=weights, metadata=metadata, preprocessing=UNITS)
    module = network.build().eval()
    module.load_state_dict(weights)
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 32, 32), dtype=np.uint8)
    with torch.inference_mode():
        outputs = module((torch.from_numpy(images).float() - 100) / 50)
    np.save(folder / "samples.npy", images)
    np.save(folder / "expected.npy", outputs.numpy())
    return folder


@pytest.mark.parametrize("name", ["weights", "pt2", "onnx"])
def test_a_runner_gives_what_the_module_gives(
    name: str, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    load = runpy.run_path(str(Path(runners.__file__).with_name(FORMATS.load(name).runner)))["load"]
    outputs = torch.from_numpy(load(exported, "lenet5")(np.load(exported / "samples.npy")))
    assert relative_error(outputs, torch.from_numpy(np.load(exported / "expected.npy"))) <= TOLERANCE
