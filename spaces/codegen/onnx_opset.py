"""The version of ONNX's operators that a model is written in, and how it comes to an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archscape.spaces.errors import InputError

from .quiet_export import quiet_export

if TYPE_CHECKING:
    from onnx_ir import Model

OPSETS = range(15, 24)
"""Versions of ONNX's operators that can be asked for."""

WRITTEN = range(18, 24)
"""Those that PyTorch's exporter writes; an older one is converted from the first."""

KEPT = "archscape.kept"
"""The domain of operators that the converter does not touch; none is written."""

USUAL = 20
"""What is written unless another is asked for."""


def checked_opset(opset: int) -> int:
    """Return the version that is asked for, `USUAL` for 0.

    Raises:
        InputError: If it cannot be written.
    """
    if (opset or USUAL) not in OPSETS:
        law = f"opset {opset} is none of {OPSETS.start} to {OPSETS[-1]}"
        raise InputError(f"{law}; leave --opset out for {USUAL}")
    return opset or USUAL


def to_opset(model: Model, opset: int, name: str) -> Model:
    """Return a model in a version of ONNX's operators.

    Raises:
        InputError: If it has operators that the version lacks; the message says what is possible.
    """
    from onnxscript import version_converter

    if opset < WRITTEN.start:
        _prepare_for_older(model)
    with quiet_export():
        version_converter.convert_version(model, opset, fallback=True)
    for node in model.graph.all_nodes():
        node.domain = "" if node.domain == KEPT else node.domain
    model.opset_imports.pop(KEPT, None)
    if model.opset_imports[""] != opset:
        law = f"network {name} has operators that ONNX {opset} lacks"
        raise InputError(f"{law}; --opset {WRITTEN.start} to {WRITTEN[-1]} can be written")
    return model


def _prepare_for_older(model: Model) -> None:
    """Bring the operators of 18 that the converter has no step for to their form in 13, which it leaves.

    `Pad` is the same without axes, and so is `Split` into equal parts, whose number is that of its outputs.
    """
    for node in model.graph.all_nodes():
        node.attributes.pop("noop_with_empty_axes", None)  # of `ReduceMean`, where there are axes
        if node.op_type == "Split" and len(node.inputs) == 1:
            node.attributes.pop("num_outputs", None)
        if node.op_type == "Split" or (node.op_type == "Pad" and len(node.inputs) < 4):
            node.domain = KEPT
            model.opset_imports[KEPT] = 1
