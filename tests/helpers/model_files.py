"""Model files of networks, written as `export` writes them, and ONNX graphs made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from archscape.spaces import Network
from archscape.spaces.codegen.exported_program import exported_program
from archscape.spaces.codegen.formats.base import Export, Preprocessing
from archscape.spaces.codegen.formats.onnx import onnx_bytes

Declared = tuple[str, Sequence[int | str]]
"""The name of a value and its sizes."""


def write_model_file(network: Network, path: Path, preprocessing: Preprocessing | None = None) -> Path:
    """Write a network as the suffix says; no two of its weights are the same, as after training."""
    export = _export(network, path, preprocessing)
    if path.suffix == ".pt2":
        torch.export.save(exported_program(export), path)
    else:
        path.write_bytes(onnx_bytes(export))
    return path


def write_model_files(network: Network, folder: Path) -> list[Path]:
    """Write a network in both formats, from one program."""
    export = _export(network, folder / "net", None)
    torch.export.save(exported_program(export), folder / "net.pt2")
    (folder / "net.onnx").write_bytes(onnx_bytes(export))
    return [folder / "net.pt2", folder / "net.onnx"]


def _export(network: Network, path: Path, preprocessing: Preprocessing | None) -> Export:
    torch.manual_seed(0)
    state = network.build().state_dict()
    weights = {
        name: value + 0.01 * torch.rand_like(value) if value.is_floating_point() else value
        for name, value in state.items()
    }
    return Export(table=network, path=path.with_suffix(""), weights=weights, preprocessing=preprocessing)


def node(op: str, inputs: Sequence[str], output: str, **options: Any) -> onnx.NodeProto:
    """Return an operator of ONNX."""
    return helper.make_node(op, inputs, [output], name=f"{op}_{output}", **options)


def write_graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Declared],
    constants: dict[str, np.ndarray],
    *,
    output: str = "y",
    opset: int = 20,
) -> Path:
    """Write a graph of ONNX that gives one output."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sizes) for name, sizes in inputs],
        [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("mine", 1)]
    )
    onnx.save(model, path)
    return path
