"""Operators that TensorFlow Lite Micro lacks, by what LiteRT's converter makes of a network.

Source: the kernels of `tensorflow/lite/micro/kernels/`, all of which `python_ops_resolver.cc` adds, at commit
90b983c of github.com/tensorflow/tflite-micro (August 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from archscape.spaces import Network
from archscape.spaces.graph import Op
from archscape.spaces.operators import (
    Activation,
    AvgPool,
    Conv,
    DeformConv,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
    MaxPool,
    P4Conv,
    TransposedConv,
    Unpool,
)
from archscape.spaces.operators.opaque import Opaque

from .kernels import KERNELS
from .missing import Kind, Missing
from .rules import tflite_model


class _Entry(NamedTuple):
    """What is missing of an operator, as `Missing` has it."""

    operator: str
    remedy: str
    kind: Kind = "lacking"


_BATCH_NORM = "a batch norm, which goes into the convolution before it"
_FLAT = "2-D layers, with the first axis as channels"
_BY_CLASS: Mapping[type[Op], _Entry] = {
    DeformConv: _Entry("an operator that reads a map between its pixels", "a dilated convolution"),
    TransposedConv: _Entry("groups of TRANSPOSE_CONV", "`upsample` and a convolution"),
    LocalResponseNorm: _Entry("LOCAL_RESPONSE_NORMALIZATION", _BATCH_NORM),
    Unpool: _Entry("an operator that writes to places of maxima", "`upsample`, or a transposed convolution"),
    Opaque: _Entry("a foreign module", "blocks of the language", "unknown"),
    LayerNorm: _Entry("layer norm", _BATCH_NORM, "composed"),
    InstanceNorm: _Entry("instance norm", _BATCH_NORM, "composed"),
    GroupNorm: _Entry("group norm", _BATCH_NORM, "composed"),
}
_OF_VOLUMES: Mapping[type[Op], _Entry] = {
    P4Conv: _Entry("a convolution on p4", "blocks of the plane", "unknown"),
    Conv: _Entry("CONV_3D", _FLAT),
    TransposedConv: _Entry("CONV_3D_TRANSPOSE", _FLAT),
    MaxPool: _Entry("a 3-D maximum pooling", _FLAT),
    AvgPool: _Entry("a 3-D average pooling", _FLAT),
}


def missing(network: Network, dtype: str) -> Iterator[Missing]:
    """Yield the operators of a network that TensorFlow Lite Micro does not have as they are."""
    flat, codes = network.graph.flatten(), dict[str, str]()
    for step in tflite_model(network, dtype).steps:
        if step.code not in KERNELS:
            codes.setdefault(step.place, step.code)
    for index, node in enumerate(flat.nodes):
        if node.name in codes:
            assert isinstance(node.op, Op)
            entry = _entry(node.op, len(flat.shapes(node)[0]), codes[node.name])
            yield Missing(index, node.name, *entry)


def _entry(op: Op, axes: int, code: str) -> _Entry:
    """Return what is missing of an operator that reads a map of so many axes, the channels with them.

    `code` is what the converter makes of it; "" where that is not known.
    """
    if isinstance(op, Activation):
        kind: Kind = "lacking" if code else "unknown"
        return _Entry(code or f"`{op.function}`", "`hardswish` or `relu`", kind)
    if isinstance(op, TransposedConv) and axes == 3 and op.groups == 1:
        return _Entry(f"`{op.kind}` with this padding", "a kernel as large as the stride", "unknown")
    tables = (_OF_VOLUMES, _BY_CLASS) if axes == 4 else (_BY_CLASS,)
    for table in tables:
        for cls in type(op).__mro__:
            if cls in table and (cls is not Conv or axes == 4):
                return table[cls]
    shown = f"`{op.kind}`" + (f" in {axes - 1}-D" if axes > 1 else "")
    return _Entry(shown, "2-D layers whose conversion is known", "unknown")
