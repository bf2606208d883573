"""ONNX files: the opset that is asked for, names that a user feeds by, what the file says of itself."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from onnx import version_converter

from archscape.cli import main
from archscape.spaces import Network, load_network
from archscape.spaces.codegen.formats.base import Export, ExportOptions, Preprocessing
from archscape.spaces.codegen.formats.onnx import onnx_bytes, session
from archscape.spaces.codegen.onnx_opset import OPSETS, USUAL, WRITTEN
from archscape.spaces.codegen.verification import errors
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Op
from archscape.spaces.operators import (
    BlurPool,
    ChannelLayerNorm,
    DeformConv,
    LayerNorm,
    ModulatedDeformConv,
    Pad,
    Split,
)
from archscape.spaces.testing import example_network

pytestmark = pytest.mark.usefixtures("onnx_exporter")

SMALL = """
network: small
input: {image: 3x8x8, depth: 1x8x8}
outputs: [classes, depth_map]
layers:
  - conv: {name: colour, from: image, width: 4}
  - conv: {name: depth_map, from: depth, width: 4}
  - add: {with: colour}
  - avgpool
  - linear: {name: classes, width: 5}
"""
NORMED = """
network: normed
input: 1x8x8
layers:
  - conv: {width: 4, norm: layer}
  - avgpool
  - linear: {width: 5}
"""


LACKING: dict[type[Op], int] = {
    **dict.fromkeys((ChannelLayerNorm, LayerNorm), 16),
    **dict.fromkeys((DeformConv, ModulatedDeformConv), 15),
}
"""Operators, and the newest of the older versions of ONNX that cannot be written of them."""


def export(text: str = SMALL, **options: int) -> Export:
    return Export(table=Network.from_yaml(text), path=Path("small"), options=ExportOptions(**options))


def written(content: Export) -> onnx.ModelProto:
    return onnx.load_from_string(onnx_bytes(content))


def shapes(values: object) -> dict[str, list[str | int]]:
    return {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in values  # type: ignore[attr-defined]
    }


@pytest.mark.parametrize("opset", [0, 17, WRITTEN.start, OPSETS[-1]])
def test_the_file_has_the_opset_that_is_asked_for(opset: int) -> None:
    content = export(opset=opset)
    (domain,) = written(content).opset_import
    assert (domain.domain, domain.version) == ("", opset or USUAL)
    assert all(error <= 1e-5 for _, error in errors(content, session(onnx_bytes(content))))


def test_an_opset_that_lacks_an_operator_is_an_error_that_names_those_that_have_it() -> None:
    with pytest.raises(InputError, match="normed has operators that ONNX 16 lacks; --opset 18 to 23"):
        onnx_bytes(export(NORMED, opset=16))


@pytest.mark.parametrize("operator", [BlurPool, Pad, Split], ids=lambda operator: operator.__name__)
def test_what_the_converter_has_no_step_for_is_brought_to_older_versions(operator: type[Op]) -> None:
    content = Export(table=example_network(operator), path=Path("x"), options=ExportOptions(opset=17))
    assert {(each.domain, each.version) for each in written(content).opset_import} == {("", 17)}
    assert all(error <= 1e-5 for _, error in errors(content, session(onnx_bytes(content))))


@pytest.mark.parametrize(
    ("operator", "opset"), LACKING.items(), ids=lambda each: getattr(each, "__name__", each)
)
def test_what_older_versions_lack_is_what_the_docs_list(operator: type[Op], opset: int) -> None:
    """One that is written now is no longer in `docs/exporting.md`."""
    model = written(Export(table=example_network(operator), path=Path("x"), options=ExportOptions(opset=18)))
    with pytest.raises(RuntimeError, match=r"Adapter|No Previous Version"):
        version_converter.convert_version(model, opset)
    if opset + 1 in range(OPSETS.start, WRITTEN.start):
        assert version_converter.convert_version(model, opset + 1).opset_import[0].version == opset + 1


@pytest.mark.parametrize("opset", [OPSETS.start - 1, OPSETS[-1] + 1])
def test_an_opset_that_nothing_writes_is_an_error(opset: int) -> None:
    with pytest.raises(InputError, match=f"opset {opset} is none of {OPSETS.start} to {OPSETS[-1]}"):
        onnx_bytes(export(opset=opset))


def test_inputs_outputs_and_the_batch_have_names() -> None:
    graph = written(export()).graph
    assert shapes(graph.input) == {"image": ["batch", 3, 8, 8], "depth": ["batch", 1, 8, 8]}
    assert shapes(graph.output) == {"classes": ["batch", 5], "depth_map": ["batch", 4, 8, 8]}


def test_layers_stay_what_they_are_and_nothing_else_is_left() -> None:
    nodes = [node.op_type for node in written(export()).graph.node]
    layers = ["Conv", "BatchNormalization", "Relu"]
    assert sorted(nodes) == sorted([*layers, *layers, "Add", "ReduceMean", "Reshape", "Gemm"])


def test_weights_have_the_names_of_the_state_dict() -> None:
    content = export()
    state = content.network.build().state_dict()
    names = {each.name for each in written(content).graph.initializer}
    assert {name for name in state if "num_batches" not in name} <= names


def test_it_says_what_is_inside_and_which_classes_it_tells_apart() -> None:
    units = Preprocessing(dtype="uint8", mean=(1.0,), std=(2.0,))
    classes = json.dumps(["cat", "dog"])
    content = replace(export(NORMED, softmax=1), preprocessing=units, metadata={"class_names": classes})
    model = written(content)
    said = {each.key: each.value for each in model.metadata_props}
    assert json.loads(said["class_names"]) == ["cat", "dog"]
    assert json.loads(said["preprocessing"]) == {"dtype": "uint8", "mean": [1.0], "std": [2.0]}
    assert (said["softmax"], said["network"], said["weights"]) == (
        "inside",
        "normed",
        "initialised at seed 0",
    )
    assert model.producer_name == "archscape"
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8


def test_it_names_no_file_of_this_machine() -> None:
    content = onnx_bytes(export())
    for path in (Path(torch.__file__).parent, Path.cwd(), Path(__file__).parents[4]):
        assert str(path).encode() not in content


def test_weights_that_fit_no_single_file_are_an_error_before_anything_is_built() -> None:
    network = load_network("vgg16").at(input=(3, 1024, 1024))
    with pytest.raises(InputError, match=r"has \d+\.\d GB of weights, and one ONNX file takes 2 GB"):
        onnx_bytes(Export(table=network, path=Path("vgg16")))


def test_without_the_extra_the_error_says_how_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"needs onnxruntime: pip install 'archscape\[onnx\]'"):
        onnx_bytes(export())


@pytest.mark.parametrize(
    ("arguments", "law"),
    [
        (("--softmax",), "--softmax changes none of source, spec; add --format pt2 or onnx"),
        (("--format", "pt2", "--opset", "17"), "--opset changes none of pt2; add --format onnx"),
        (("--format", "source", "--no-preprocessing"), "--no-preprocessing changes none of source"),
    ],
)
def test_an_option_that_changes_no_file_is_an_error(
    arguments: tuple[str, ...], law: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["export", "lenet5", *arguments, "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    assert law in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
