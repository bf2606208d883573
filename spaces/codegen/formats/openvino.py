"""A network as a model of OpenVINO: preprocessing, network and weights, for processors of Intel and others.

It is read from the ONNX model: OpenVINO's own converter of PyTorch would report its use over the network.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .base import Export, Format
from .extras import needing

if TYPE_CHECKING:
    from torch import Tensor


def write(export: Export) -> Path:
    """Write the model, `.xml`, and its weights, `.bin`, after OpenVINO was compared with the module.

    Raises:
        InputError: If the extra is not installed, or the network has operators that ONNX or OpenVINO lacks.
        ExportError: If OpenVINO computes something else than the module.
    """
    with needing("openvino", export.network.name):
        import openvino
    from ..verification import verify
    from .onnx import onnx_bytes

    core = openvino.Core()
    model = core.read_model(onnx_bytes(export))
    for number, step in enumerate(model.get_ordered_ops()):
        if step.get_type_name() not in ("Parameter", "Result"):
            step.set_friendly_name(f"{step.get_type_name()}_{number}")  # else numbered through the process
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    verify(export, _runner(compiled), "the OpenVINO model")
    with TemporaryDirectory(prefix="archscape-openvino-") as folder:
        path = Path(folder, "model.xml")
        openvino.save_model(model, path, compress_to_fp16=False)
        export.write(".bin", path.with_suffix(".bin").read_bytes())
        return export.write(".xml", path.read_bytes())


def _runner(compiled: Any) -> Any:
    """Return what runs a model on tensors, as a function."""
    import torch

    def run(*maps: Tensor) -> list[Tensor]:
        results = compiled([each.numpy() for each in maps])
        return [torch.from_numpy(results[port].copy()) for port in compiled.outputs]

    return run


OPENVINO = Format(
    summary="A network as a model of OpenVINO, with preprocessing and weights.",
    takes=frozenset({"preprocessing", "softmax", "fold"}),
    extra="openvino",
    reader=("openvino",),
    runner="openvino.py",
    write=write,
)
