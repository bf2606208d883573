"""A network as an ONNX file: preprocessing, network and weights in one, which onnxruntime and others run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape._version import __version__
from archscape.spaces.errors import ExportError, InputError, first_line

from ..onnx_opset import WRITTEN, checked_opset, to_opset
from .base import Export, Format
from .extras import needing
from .properties import properties

if TYPE_CHECKING:
    import numpy as np
    from onnx_ir import Model
    from onnxscript.rewriter import RewriteRule
    from torch import Tensor

LARGEST_BYTES = 2 * 1000**3
"""Of weights in one file: protobuf refuses messages above 2 GiB."""


def write(export: Export) -> Path:
    """Write the model, after onnxruntime was compared with the module.

    Raises:
        InputError: If the extra is not installed, the weights need more than one file, or the network has
            operators that ONNX, or the version asked for, lacks.
        ExportError: If onnxruntime computes something else than the module.
    """
    from ..verification import verify

    if export.options.int8:
        return export.write(".int8.onnx", int8_bytes(export))
    content = onnx_bytes(export)
    verify(export, session(content), "the ONNX model")
    return export.write(".onnx", content)


def onnx_bytes(export: Export) -> bytes:
    """Return the content of the file.

    Raises:
        InputError: As `write` says.
    """
    name = export.network.name
    with needing("onnx", name):
        import onnx_ir
        import onnxruntime  # noqa: F401 - the file is verified by it
        import onnxscript  # noqa: F401
    _check_size(export)
    model = to_opset(_exported(export), checked_opset(export.options.opset), name)
    for node in model.graph.all_nodes():
        node.metadata_props.clear()  # where its line of Python stood on this machine
    for value in [*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()]:
        value.metadata_props.clear()
    model.metadata_props.update(properties(export))
    model.producer_name, model.producer_version = "archscape", __version__
    content: bytes = onnx_ir.to_proto(model).SerializeToString(deterministic=True)
    return content


def int8_bytes(export: Export) -> bytes:
    """Return the content of the file with weights and maps of 8 bits, batch norms folded.

    Raises:
        InputError: If there are no samples to calibrate by, or as `write` says.
        ExportError: If the float model that it is made of computes something else than the module.
    """
    from ..quantisation import quantised
    from ..verification import check_outputs, verify

    if export.samples is None:
        law = "needs samples to calibrate by, which a trained network with its data has"
        raise InputError(
            f"--int8 of network {export.network.name} {law}; name the folder of a search or a training"
        )
    whole = export.folded()
    content = onnx_bytes(whole)
    verify(whole, session(content), "the ONNX model")
    small = quantised(content, _taken(export.samples, whole))
    check_outputs(whole, session(small), "the int8 model")
    return small


def _taken(samples: np.ndarray, export: Export) -> np.ndarray:
    """Return samples of the data set as the file takes them: in the units of the network without `before`."""
    units = export.preprocessing
    if units is None or export.options.preprocessing:
        return samples
    import numpy as np

    shape = (-1, *[1] * (samples.ndim - 2))
    mean, std = (np.array(each, np.float32).reshape(shape) for each in (units.mean, units.std))
    standardised: np.ndarray = (samples.astype(np.float32) - mean) / std
    return standardised


def session(content: bytes) -> Any:
    """Return what runs a model by onnxruntime on tensors, as a function.

    Raises:
        ExportError: If onnxruntime does not take the model.
    """
    import onnxruntime
    import torch
    from onnxruntime.capi import onnxruntime_pybind11_state as causes

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting would cost CPU time
    try:
        loaded = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (causes.Fail, causes.InvalidGraph, causes.NotImplemented) as error:
        raise ExportError(f"onnxruntime does not take the model: {_cause(error)}") from None
    names = [each.name for each in loaded.get_inputs()]

    def run(*maps: Tensor) -> list[Tensor]:
        feed = dict(zip(names, [each.numpy() for each in maps], strict=True))
        return [torch.from_numpy(result) for result in loaded.run(None, feed)]

    return run


def _check_size(export: Export) -> None:
    """Raise if the weights do not fit one file."""
    size = 4 * export.network.totals.params
    if size > LARGEST_BYTES:
        law = f"has {size / 1000**3:.1f} GB of weights, and one ONNX file takes 2 GB"
        raise InputError(f"network {export.network.name} {law}; take --format pt2, or source and weights")


def _exported(export: Export) -> Model:
    """Return the model that PyTorch's exporter makes, without what only a tracer leaves in it."""
    import torch

    from ..exported_program import exported_program
    from ..quiet_export import quiet_export

    opset = checked_opset(export.options.opset)
    program = exported_program(export)
    inputs = list(export.network.inputs)
    try:
        with quiet_export():
            made = torch.onnx.export(
                program,
                (),
                dynamo=True,
                verbose=False,
                optimize=False,
                opset_version=max(opset, WRITTEN.start),
                input_names=inputs,
                output_names=output_names(export),
                dynamic_shapes=tuple([{0: "batch"} for _ in inputs]),  # only its name
            )
    except torch.onnx.OnnxExporterError as error:
        raise InputError(f"network {export.network.name}: {_cause(error)}") from None
    assert made is not None
    return tidied(made.model)


def output_names(export: Export) -> list[str]:
    """Return names for the outputs: of the rows that give them, where there are several."""
    table = export.network
    names = [name.replace(".", "_") for name in table.outputs] if len(table.outputs) > 1 else ["output"]
    return [f"{name}_output" if name in table.inputs else name for name in names]


def tidied(model: Model) -> Model:
    """Return a model whose constants are computed, and whose shapes are not; each layer stays what it is."""
    import onnx_ir.passes.common as passes
    from onnxscript import optimizer, rewriter
    from onnxscript.rewriter.rules import common as rules

    simplified: list[RewriteRule] = [
        rules.no_op_cast_rule,
        rules.no_op_expand_rule,
        rules.materialize_reshape_shape_rule,
        rules.squeeze_reshape_1d_rule,
        # onnxscript gives a convolution of three axes that has no bias one of two axes, zeros.
        rules.remove_optional_bias_from_conv_rule,
    ]
    passes.InlinePass()(model)
    optimizer.fold_constants(model)
    rewriter.rewrite(model, simplified)
    for step in (
        passes.RemoveUnusedNodesPass(),
        passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        passes.CommonSubexpressionEliminationPass(),
        passes.OutputFixPass(),
        passes.NameFixPass(),
    ):
        step(model)
    return model


def _cause(error: BaseException) -> str:
    """Return the first line of the error that began it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)


ONNX = Format(
    summary="A network as one ONNX file, with preprocessing and weights.",
    takes=frozenset({"preprocessing", "softmax", "fold", "int8", "max_drop", "opset"}),
    extra="onnx",
    reader=("onnxruntime",),
    runner="onnx.py",
    write=write,
)
