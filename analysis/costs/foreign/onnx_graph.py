"""The graph in an ONNX file with the shapes in it, by ONNX's own inference; large numbers are let go of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape

from .sizes import Size, evaluate
from .table import check_file, printable

LARGEST = 2**31
"""Bytes; no larger file is ONNX, whose weights are then beside it."""
SMALL = 1024
"""Elements of a constant whose numbers are kept: shapes follow from them."""


def load(path: Path) -> Any:
    """Return the model in a file.

    Raises:
        InputError: If ONNX is not installed, or the file is none of its.
    """
    try:
        import onnx
    except ImportError:
        law = "an ONNX file is read by the package onnx, which is not installed"
        raise InputError(f"{path}: {law}; pip install 'archscape[onnx]'") from None
    from google.protobuf.message import DecodeError

    try:
        check_file(path)
        if path.stat().st_size >= LARGEST:
            raise InputError(
                f"{path}: larger than 2 GiB, which no ONNX file is; weights lie in files beside it"
            )
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except DecodeError:
        raise InputError(f"{path}: no ONNX file, or a damaged one: it cannot be parsed") from None
    if not model.ir_version or not model.graph.node or not model.graph.output:
        raise InputError(f"{path}: no ONNX file, or a damaged one: it holds no graph")
    if any(isinstance(text, bytes) for text in _texts(model)):
        raise InputError(f"{path}: a damaged ONNX file: a name in it is no text")
    if model.functions:
        from onnx import inliner

        return inliner.inline_local_functions(model)
    return model


def _texts(model: Any) -> Iterator[str | bytes]:
    """Yield what should be texts; protobuf leaves those that are none as bytes."""
    graph = model.graph
    yield from (model.producer_name, model.producer_version, *(opset.domain for opset in model.opset_import))
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
        yield from (entry.value for entry in node.metadata_props)
    yield from (tensor.name for tensor in graph.initializer)
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield from (value.name, *(dim.dim_param for dim in value.type.tensor_type.shape.dim))


def drop_numbers(graph: Any) -> None:
    """Let go of the numbers of large constants, which no shape follows from."""
    for tensor in graph.initializer:
        if prod(tensor.dims) > SMALL:
            for name in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(name)


def sizes(value: Any, wanted: Mapping[str, Shape], path: Path) -> list[Size]:
    """Return the sizes of an input; some exporters write 0 or -1 for one that is open.

    Raises:
        InputError: If the file does not even say how many there are, and nobody else does.
    """
    if value.type.HasField("tensor_type") and not value.type.tensor_type.HasField("shape"):
        if value.name not in wanted:
            law = f"the sizes of '{printable(value.name)}' are not in the file"
            raise InputError(f"{path}: {law}; give --input, as in --input 3x224x224")
        return ["", *("" for _ in wanted[value.name])]
    return [dim.dim_value if dim.dim_value > 0 else dim.dim_param for dim in value.type.tensor_type.shape.dim]


def inferred(model: Any, shapes: Mapping[str, Sequence[int]], values: Mapping[str, int], path: Path) -> Any:
    """Return the model with the shapes of all values that follow from those of its inputs."""
    import onnx

    for value in model.graph.input:
        sizes, dims = shapes.get(value.name, ()), value.type.tensor_type.shape.dim
        if len(sizes) > len(dims) == 0:
            dims.extend(onnx.TensorShapeProto.Dimension() for _ in sizes)
        for dim, size in zip(dims, sizes, strict=False):
            dim.dim_value = size
    for value in (*model.graph.value_info, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                known = evaluate(dim.dim_param, values)
                dim.Clear()
                if known is not None:
                    dim.dim_value = known
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (
        onnx.shape_inference.InferenceError,
        onnx.checker.ValidationError,
        RuntimeError,
        ValueError,
    ) as error:
        cause = str(error).strip().splitlines()[-1]
        raise InputError(f"{path}: its shapes do not follow from each other: {printable(cause)}") from None


def known_shapes(graph: Any, shapes: Mapping[str, Sequence[int]]) -> dict[str, Shape]:
    """Return the shapes that are known in full, by name."""
    known = {name: tuple(shape) for name, shape in shapes.items()}
    known |= {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.output):
        if value.type.tensor_type.HasField("shape"):
            dims = value.type.tensor_type.shape.dim
            if all(dim.HasField("dim_value") for dim in dims):
                known.setdefault(value.name, tuple(dim.dim_value for dim in dims))
    return known
