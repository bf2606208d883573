"""Quantisation: an ONNX model whose weights and maps have 8 bits, by onnxruntime (Jacob et al. 2018).

Weights have a scale for each channel and lie around 0, maps one scale and a zero point. Both stand between
`QuantizeLinear` and `DequantizeLinear`, which a runtime joins with the layer between them, or computes as
they are. Scales of maps come of the least and the greatest number that samples give there. What brings
samples to the units of the network stays in float32, and so do biases: the input is the data set's own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from onnx import ModelProto

BATCH = 32
"""Samples that are run at a time."""

PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")
"""What tells the quantiser that the model is as it should be: batch norms folded, constants computed."""


class Sizes(NamedTuple):
    """What a model takes.

    Attributes:
        file: Bytes of the whole file.
        weights: Bytes of its weights, biases, scales and zero points; not of axes and shapes, in int64.
    """

    file: int
    weights: int


def quantised(content: bytes, samples: np.ndarray) -> bytes:
    """Return a model with weights and maps of 8 bits.

    Args:
        content: The model, its batch norms folded, of ONNX 13 or later, which has scales for each channel.
        samples: What it takes, (n, ...), to calibrate by.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    model = onnx.load_from_string(content)
    said = list(model.metadata_props)
    model.metadata_props.add(key=PREPARED[0], value=PREPARED[1])
    with TemporaryDirectory(prefix="archscape-int8-") as folder, _quiet():
        path = Path(folder, "int8.onnx")
        quantize_static(
            model,
            path,
            _reader(model.graph.input[0].name, samples),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"WeightSymmetric": True, "ActivationSymmetric": False, "QuantizeBias": False},
        )
        small = onnx.load(path)
    _leave_out_zeros(small)
    small.producer_name = model.producer_name
    del small.metadata_props[:]
    small.metadata_props.extend(said)
    whole: bytes = small.SerializeToString(deterministic=True)
    return whole


def sizes(content: bytes) -> Sizes:
    """Return what a model takes."""
    import onnx

    tensors = map(onnx.numpy_helper.to_array, onnx.load_from_string(content).graph.initializer)
    return Sizes(len(content), sum(each.nbytes for each in tensors if each.dtype != "int64"))


def _reader(name: str, samples: np.ndarray) -> object:
    """Return what gives a quantiser batches of samples."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            starts = range(0, len(samples), BATCH)
            self.batches = iter([{name: samples[start : start + BATCH]} for start in starts])

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.batches, None)

    return Reader()


def _leave_out_zeros(model: ModelProto) -> None:
    """Remove the zero points of a convolution's weights: all are 0, which is what stands for none.

    Those of linear layers stay, since onnxruntime joins no `Gemm` with weights that have none.
    """
    graph = model.graph
    tensors = {each.name for each in graph.initializer}
    of_convs = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in tensors and node.output[0] in of_convs:
            del node.input[2:]
    read = {name for node in graph.node for name in node.input}
    unread = [each for each in graph.initializer if each.name not in read]
    for each in unread:
        graph.initializer.remove(each)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the quantiser says through the root logger from the terminal, and its handler from there."""
    root, silent = logging.getLogger(), logging.NullHandler()
    hidden = _Hidden()
    root.addHandler(silent)  # else its first word would set up a handler for good
    root.addFilter(hidden)
    try:
        yield
    finally:
        root.removeFilter(hidden)
        root.removeHandler(silent)


class _Hidden(logging.Filter):
    """Hides what code of onnxruntime logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is of anyone else."""
        return "onnxruntime" not in Path(record.pathname).parts
