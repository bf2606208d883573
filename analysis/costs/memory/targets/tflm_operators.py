"""Which of our operators TensorFlow Lite Micro lacks.

Source: the operators of `python/tflite_micro/python_ops_resolver.cc`, which adds all that there are, and the
types that their kernels take, at commit 90b983c of github.com/tensorflow/tflite-micro (August 2026). `EXP`,
`LOG` and `SQRT` take float32 alone. 1-D maps are converted as 2-D ones of height 1; of 3-D maps there are
`RESHAPE`, means, and what works by element. Groups, dilation and attention (`BATCH_MATMUL`) are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from archscape.spaces.graph import Op, Shape
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
    Resize,
    TransposedConv,
    Unpool,
    Upsample,
)
from archscape.spaces.operators.opaque import Opaque

from .missing import Missing

T = TypeVar("T")

_ACTIVATIONS = {
    "gelu": Missing("GELU", "`hardswish` or `relu`"),
}
_OF_INT8 = {
    name: Missing(f"EXP in int8, which `{name}` needs", "`hardswish`, `elu` or `relu`")
    for name in ("mish", "softplus", "selu")
}
_BY_CLASS: Mapping[type[Op], Missing] = {
    DeformConv: Missing("an operator that reads a map between its pixels", "a dilated convolution"),
    LocalResponseNorm: Missing("LOCAL_RESPONSE_NORMALIZATION", "a batch norm, which is folded"),
    Unpool: Missing("an operator that writes to places of maxima", "`upsample`, or a transposed convolution"),
    Opaque: Missing("what is known of a foreign module", "blocks of the language"),
    **{
        norm: Missing(
            f"a {name} norm, which is composed of MEAN, SUB, MUL, RSQRT and ADD",
            "a batch norm, which is folded into the convolution before it",
            is_composed=True,
        )
        for norm, name in ((LayerNorm, "layer"), (InstanceNorm, "instance"), (GroupNorm, "group"))
    },
}
_OF_VOLUMES: Mapping[type[Op], str] = {
    P4Conv: "",  # its orientations become channels of a 2-D convolution
    Conv: "CONV_3D",
    TransposedConv: "CONV_3D_TRANSPOSE",
    MaxPool: "a 3-D maximum pooling",
    AvgPool: "a 3-D average pooling",
    Upsample: "a 3-D resize",
    Resize: "a 3-D resize",
}


def missing(op: Op, inputs: tuple[Shape, ...], dtype: str) -> Missing | None:
    """Return what TensorFlow Lite Micro lacks of an operator; None if it has it.

    Args:
        op: The operator.
        inputs: The shapes that it reads.
        dtype: `int8` or `float32`.
    """
    if isinstance(op, Activation):
        return _ACTIVATIONS.get(op.function) or (_OF_INT8.get(op.function) if dtype == "int8" else None)
    if isinstance(op, TransposedConv) and op.groups > 1:
        return Missing("groups of TRANSPOSE_CONV", "a transposed convolution without groups, or `upsample`")
    if len(inputs[0]) == 4 and (name := _of_class(_OF_VOLUMES, op)):
        return Missing(name, "2-D layers: the first axis as channels, or one image at a time")
    return _of_class(_BY_CLASS, op)


def _of_class(table: Mapping[type[Op], T], op: Op) -> T | None:
    """Return what a table has for the class of an operator, or for one that it is made from."""
    return next((table[cls] for cls in type(op).__mro__ if cls in table), None)
