"""The contract of every export format in `FORMATS`: one whole file, as shared as other files, read back."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
import torch
from safetensors import safe_open

from archscape.spaces import load_network
from archscape.spaces.codegen.export import export
from archscape.spaces.codegen.formats import FORMATS
from archscape.spaces.codegen.source import class_name
from archscape.spaces.errors import InputError

NETWORK = load_network("lenet5")
WEIGHTS = {name: tensor.clone() for name, tensor in NETWORK.build().state_dict().items()}


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_one_file_with_the_modes_of_others(name: str, tmp_path: Path, umask: int) -> None:
    files = export(NETWORK, tmp_path / "out", formats=[name], weights=WEIGHTS, metadata={"data": "digits"})
    assert list(files) == [name]
    assert list((tmp_path / "out").iterdir()) == [files[name]]
    assert files[name].stem == "lenet5"
    assert files[name].stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_writes_the_same_bytes_again(name: str, tmp_path: Path) -> None:
    first, second = (
        export(NETWORK, tmp_path / folder, formats=[name], weights=WEIGHTS)[name].read_bytes()
        for folder in ("a", "b")
    )
    assert first == second
    over = export(NETWORK, tmp_path / "a", formats=[name], weights=WEIGHTS)[name]
    assert over.read_bytes() == first


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_cannot_be_written_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    path = export(NETWORK, tmp_path, formats=[name], weights=WEIGHTS)[name]
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            export(NETWORK, tmp_path, formats=[name], weights=WEIGHTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


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


READ_BACK = {
    "source": read_source,
    "spec": read_spec,
    "weights": read_weights,
    "pt2": read_pt2,
    "onnx": read_onnx,
}
"""For each format, whether its file gives the network, or its weights, again."""


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_writes_is_read_back(name: str, tmp_path: Path) -> None:
    files = export(NETWORK, tmp_path, formats=[name], weights=WEIGHTS, metadata={"data": "digits"})
    assert READ_BACK[name](files[name])


def test_formats_come_in_the_order_of_the_table(tmp_path: Path) -> None:
    assert list(export(NETWORK, tmp_path, formats=[*FORMATS][::-1], weights=WEIGHTS)) == list(FORMATS)


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
