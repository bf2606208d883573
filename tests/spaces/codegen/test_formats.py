"""The contract of every export format in `FORMATS`: one whole file, as shared as other files, read back."""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open

from archscape.spaces import load_network
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.formats import FORMATS
from archscape.spaces.codegen.source import class_name
from archscape.spaces.errors import InputError

pytestmark = pytest.mark.usefixtures("onnx_exporter")

NETWORK = load_network("lenet5")
WEIGHTS = {name: tensor.clone() for name, tensor in NETWORK.build().state_dict().items()}


EVERY = [
    pytest.param(name, marks=pytest.mark.full) if name in ("openvino", "pte", "coreml") else name
    for name in FORMATS
]
"""Those whose packages are large are installed by `make full` alone."""


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("name", EVERY)
def test_a_format_writes_one_file_with_the_modes_of_others(name: str, tmp_path: Path, umask: int) -> None:
    files = export(NETWORK, tmp_path / "out", formats=[name], weights=WEIGHTS, metadata={"data": "digits"})
    assert list(files) == [name]
    beside = {files[name].with_suffix(".bin")} if name == "openvino" else set()
    assert {*(tmp_path / "out").iterdir()} == {files[name], *beside}
    assert files[name].name.partition(".")[0] == "lenet5"
    assert files[name].stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("name", EVERY)
def test_a_format_writes_the_same_bytes_again(name: str, tmp_path: Path) -> None:
    first, second = (
        export(NETWORK, tmp_path / folder, formats=[name], weights=WEIGHTS)[name].read_bytes()
        for folder in ("a", "b")
    )
    assert first == second
    over = export(NETWORK, tmp_path / "a", formats=[name], weights=WEIGHTS)[name]
    assert over.read_bytes() == first


@pytest.mark.parametrize("name", EVERY)
def test_a_format_that_cannot_be_written_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    path = export(NETWORK, tmp_path, formats=[name], weights=WEIGHTS)[name]
    there = {*tmp_path.iterdir()}
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            export(NETWORK, tmp_path, formats=[name], weights=WEIGHTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert {*tmp_path.iterdir()} == there


def read_source(path: Path) -> bool:
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    module = namespace[class_name(NETWORK)]()
    return {k: v.shape for k, v in module.state_dict().items()} == {k: v.shape for k, v in WEIGHTS.items()}


def read_spec(path: Path) -> bool:
    return load_network(path) == NETWORK


def read_weights(path: Path) -> bool:
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "pt", "data": "digits"}
        return all(torch.equal(file.get_tensor(name), WEIGHTS[name]) for name in WEIGHTS)


def read_pt2(path: Path) -> bool:
    files = {"archscape.json": ""}
    program = torch.export.load(path, extra_files=files)
    assert json.loads(files["archscape.json"])["data"] == "digits"
    state = program.state_dict
    return all(torch.equal(state[name], WEIGHTS[name]) for name in WEIGHTS)


def read_onnx(path: Path) -> bool:
    model = onnx.load(path)
    assert {each.key: each.value for each in model.metadata_props}["data"] == "digits"
    state = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
    return all((state[name] == WEIGHTS[name].numpy()).all() for name in WEIGHTS)


def read_openvino(path: Path) -> bool:
    import openvino

    model = openvino.Core().read_model(path)
    assert model.get_rt_info(["framework", "data"]).astype(str) == "digits"
    constants = [op.data.flatten() for op in model.get_ops() if op.get_type_name() == "Constant"]
    return all(any(holds(each, weight) for each in constants) for weight in WEIGHTS.values())


def holds(constant: np.ndarray, weight: torch.Tensor) -> bool:
    return constant.size == weight.numel() and (constant == weight.numpy().flatten()).all()


def read_pte(path: Path) -> bool:
    from executorch.runtime import Runtime

    content = path.read_bytes()
    assert Runtime.get().load_program(path).load_method("forward").metadata.num_inputs() == 1
    return WEIGHTS["linear1.bias"].numpy().tobytes() in content


def read_coreml(path: Path) -> bool:
    import coremltools

    with ZipFile(path) as archive:
        archive.extractall(path.parent)
    model = coremltools.models.MLModel(str(path.with_suffix("")), skip_model_load=True)
    assert model.user_defined_metadata["data"] == "digits"
    assert model.get_spec().description.input[0].type.multiArrayType.dataType == 65568  # FLOAT32
    [weights] = path.with_suffix("").rglob("weight.bin")
    return WEIGHTS["linear1.weight"].numpy().tobytes() in weights.read_bytes()


READ_BACK = {
    "source": read_source,
    "spec": read_spec,
    "weights": read_weights,
    "pt2": read_pt2,
    "onnx": read_onnx,
    "openvino": read_openvino,
    "pte": read_pte,
    "coreml": read_coreml,
}
"""For each format, whether its file gives the network, or its weights, again."""


@pytest.mark.parametrize("name", EVERY)
def test_what_a_format_writes_is_read_back(name: str, tmp_path: Path) -> None:
    files = export(NETWORK, tmp_path, formats=[name], weights=WEIGHTS, metadata={"data": "digits"})
    assert READ_BACK[name](files[name])


def test_formats_come_in_the_order_of_the_table(tmp_path: Path) -> None:
    names = [*FORMATS][:5]
    assert list(export(NETWORK, tmp_path, formats=names[::-1], weights=WEIGHTS)) == names


def test_unknown_format_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no format 'sorce'; did you mean 'source'"):
        export(NETWORK, tmp_path / "out", formats=["spec", "sorce"])
    assert not (tmp_path / "out").exists()


def test_weights_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    name, *_ = WEIGHTS
    with pytest.raises(InputError, match="the weights do not fit network lenet5"):
        export(NETWORK, tmp_path, formats=["weights"], weights={**WEIGHTS, name: torch.zeros(1)})
    with pytest.raises(InputError, match="lenet5 has no trained weights"):
        export(NETWORK, tmp_path, formats=["weights"])


@pytest.mark.parametrize(
    ("name", "package"), [("openvino", "openvino"), ("pte", "executorch"), ("coreml", "coremltools")]
)
def test_a_format_whose_packages_are_missing_says_how_they_are_installed(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    remedy = re.escape(f"pip install 'archscape[{FORMATS.load(name).extra}]'")
    with pytest.raises(InputError, match=f"network lenet5: this format needs {package}.*: {remedy}"):
        export(NETWORK, tmp_path / "out", formats=[name])
    assert [*(tmp_path / "out").iterdir()] == []
