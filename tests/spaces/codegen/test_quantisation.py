"""`--format onnx --int8`: weights and maps of 8 bits, and samples as the data set holds them."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from archscape.spaces import Network
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.formats.base import ExportOptions, Preprocessing
from archscape.spaces.codegen.formats.onnx import session
from archscape.spaces.codegen.quantisation import sizes
from archscape.spaces.errors import InputError
from archscape.spaces.testing import shift_statistics

NETWORK = Network.from_yaml("""\
network: small
input: 3x12x12
layers:
  - conv: {width: 16, stride: 2}
  - basic: {width: 32, stride: 2}
  - inverted: {width: 32, expand: 2, se: 1/4}
  - avgpool
  - linear: {width: 5}
""")
UNITS = Preprocessing(dtype="uint8", mean=(120.0, 110.0, 100.0), std=(60.0, 61.0, 62.0))
SAMPLES = np.random.default_rng(0).integers(0, 256, (64, 3, 12, 12), dtype=np.uint8)


def trained() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = build(NETWORK).eval()
    shift_statistics(module)
    return module


def standardised() -> torch.Tensor:
    mean, std = (torch.tensor(each).reshape(3, 1, 1) for each in (UNITS.mean, UNITS.std))
    return (torch.from_numpy(SAMPLES).float() - mean) / std


def written(folder: Path, **options: bool | int) -> bytes:
    return export(
        NETWORK,
        folder,
        formats=["onnx"],
        weights=trained().state_dict(),
        preprocessing=UNITS,
        samples=SAMPLES,
        options=ExportOptions(**options),  # type: ignore[arg-type]
    )["onnx"].read_bytes()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    content = written(folder := tmp_path_factory.mktemp("int8"), int8=True)
    assert [file.name for file in folder.iterdir()] == ["small.int8.onnx"]
    return content


def test_its_weights_take_a_quarter_and_its_outputs_are_nearly_the_same(small: bytes) -> None:
    module = trained()
    assert sizes(small).weights <= 0.27 * sum(4 * each.numel() for each in module.state_dict().values())
    with torch.inference_mode():
        exact = module(standardised())
    (quantised,) = session(small)(torch.from_numpy(SAMPLES))
    assert float((quantised - exact).abs().max() / exact.abs().max()) < 0.05


def test_weights_are_int8_by_channel_around_zero_and_the_input_is_the_data_sets(small: bytes) -> None:
    model = onnx.load_from_string(small)
    onnx.checker.check_model(model, full_check=True)
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    tensors = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    layers = [node for node in model.graph.node if node.op_type == "Conv"]
    sources = {name: node for node in model.graph.node for name in node.output}
    for layer in layers:
        weight, scale, *_ = sources[layer.input[1]].input
        assert tensors[weight].dtype == np.int8
        assert tensors[scale].shape == (len(tensors[weight]),)
    assert len(layers) == 9
    assert not [node for node in model.graph.node if node.op_type == "BatchNormalization"]
    assert {each.key: each.value for each in model.metadata_props}["network"] == "small"


def test_samples_are_standardised_for_a_file_that_takes_them_so(small: bytes, tmp_path: Path) -> None:
    ready = written(tmp_path, int8=True, preprocessing=False)
    (a,), (b,) = session(small)(torch.from_numpy(SAMPLES)), session(ready)(standardised())
    torch.testing.assert_close(a, b)


def test_the_same_bytes_again_silently_and_nothing_is_left_behind(
    small: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    handlers = [*logging.getLogger().handlers]
    assert written(tmp_path / "again", int8=True) == small
    assert capfd.readouterr() == ("", "")
    assert [*place.iterdir()] == []
    assert logging.getLogger().handlers == handlers


def test_without_samples_or_with_an_old_opset_it_is_an_error(tmp_path: Path) -> None:
    options = ExportOptions(int8=True)
    with pytest.raises(InputError, match="--int8 of network small needs samples to calibrate by"):
        export(NETWORK, tmp_path, formats=["onnx"], options=options)
    with pytest.raises(InputError, match="opset 12 is none of 15 to 23"):
        written(tmp_path, int8=True, opset=12)
    assert [*tmp_path.iterdir()] == []
