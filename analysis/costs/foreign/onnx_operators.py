"""ONNX's operators, each counted as our own operators count (onnx.ai, Operators.md, opsets 7 to 24).

Those of other domains, control flow and sequences stand in no table: they are named, and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from archscape.spaces.graph import Shape

from .rules import (
    QUIET,
    UNCOUNTED,
    Call,
    Formula,
    Rule,
    UnknownShapeError,
    activation,
    all_written,
    attention_macs,
    conv_macs,
    einsum_macs,
    linear_resize,
    norm_operations,
    per_element,
    recurrent_activations,
    recurrent_macs,
    transposed_macs,
)


def _bias(place: int) -> Any:
    return lambda call: call.written if place in call.reads else 0


def _conv(weight: int, bias: int) -> Rule:
    return Rule(
        lambda call: conv_macs(call.read(weight), call.out), _bias(bias), all_written, weights=(weight, bias)
    )


def _of_weights(*places: int) -> Any:
    """Return the activations of a product: it is a linear layer if one of its factors is constant."""
    return lambda call: call.written if any(place in call.constant for place in places) else 0


def _product(left: int, right: int) -> Rule:
    return Rule(
        lambda call: call.written * call.read(left)[-1],
        activations=_of_weights(left, right),
        weights=(left, right),
    )


def _gemm(call: Call) -> int:
    return call.written * call.read(0)[0 if call.options.get("transA") else -1]


def _einsum(call: Call) -> int:
    return einsum_macs(str(call.options.get("equation", "")), [call.read(place) for place in call.reads])


def _attention(call: Call) -> int:
    """Return the products of `Attention`, of heads in front, or within the features of three axes."""
    query, key, value = call.read(0), call.read(1), call.read(2)
    if len(query) == 3:
        heads, others = call.options.get("q_num_heads", 1), call.options.get("kv_num_heads", 1)
        value = (*value[:-1], value[-1] * heads // others)
    return attention_macs(query, key, value)


def _recurrent(count: Callable[[Shape, Sequence[Shape]], int]) -> Formula:
    """Return a count of both matrices, each of all gates and directions."""
    return lambda call: count(call.read(0), [call.read(1), call.read(2)])


def _norm(statistics: Any, *, affine: bool = True) -> Rule:
    return Rule(
        other=lambda call: norm_operations(call.out, statistics(call), affine=affine and 1 in call.reads),
        weights=(1, 2),
    )


def _layer_sets(call: Call) -> int:
    shape = call.read(0)
    axis: int = call.options.get("axis", -1)
    return prod(shape[: axis if axis >= 0 else len(shape) + axis])


def _window(call: Call) -> int:
    return prod(call.options.get("kernel_shape", ()))


def _resize(call: Call) -> int:
    mode, axes = call.options.get("mode", "nearest"), len(call.out) - 2
    if mode == "cubic":
        raise UnknownShapeError
    return 0 if mode == "nearest" else linear_resize(call.out, axes)


def _listed(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


OPERATORS: dict[str, Rule] = {
    "Conv": _conv(1, 2),
    "ConvInteger": _conv(1, -1),
    "QLinearConv": _conv(3, 8),
    "ConvTranspose": Rule(
        lambda call: transposed_macs(call.read(0), call.read(1)), _bias(2), all_written, weights=(1, 2)
    ),
    "DeformConv": _conv(1, 3)._replace(uncounted=True),
    "Gemm": Rule(_gemm, _bias(2), _of_weights(0, 1), weights=(0, 1, 2)),
    "MatMul": _product(0, 1),
    "MatMulInteger": _product(0, 1),
    "QLinearMatMul": _product(0, 3),
    "Einsum": Rule(_einsum),
    "Attention": Rule(_attention, uncounted=True),
    **_listed(
        "LSTM GRU RNN",
        Rule(_recurrent(recurrent_macs), None, _recurrent(recurrent_activations), True, (1, 2, 3)),
    ),
    "BatchNormalization": Rule(other=lambda call: 2 * call.written, weights=(1, 2)),
    "InstanceNormalization": _norm(lambda call: prod(call.read(0)[:2])),
    "GroupNormalization": _norm(lambda call: call.read(0)[0] * call.options.get("num_groups", 1)),
    "LayerNormalization": _norm(_layer_sets),
    "RMSNormalization": UNCOUNTED._replace(weights=(1,)),
    **_listed("LpNormalization MeanVarianceNormalization GridSample RoiAlign LpPool GlobalLpPool", UNCOUNTED),
    "LRN": Rule(other=lambda call: (2 * call.options.get("size", 1) + 3) * call.written),
    "MaxPool": Rule(other=lambda call: (_window(call) - 1) * call.written),
    "AveragePool": Rule(other=lambda call: _window(call) * call.written),
    **_listed("GlobalAveragePool ReduceMean", Rule(other=lambda call: prod(call.read(0)))),
    **_listed(
        "GlobalMaxPool ReduceMax ReduceMin ReduceSum ReduceProd",
        Rule(other=lambda call: prod(call.read(0)) - call.written),
    ),
    **_listed("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare", UNCOUNTED),
    **_listed("Resize Upsample", Rule(other=_resize)),
    "PRelu": per_element(2)._replace(weights=(1,)),
    "Relu": activation("relu"),
    "LeakyRelu": activation("leaky_relu"),
    **_listed("Elu Celu ThresholdedRelu Shrink", activation("elu")),
    "Selu": activation("selu"),
    "Gelu": activation("gelu"),
    "Swish": activation("silu"),
    "HardSwish": activation("hardswish"),
    "Mish": activation("mish"),
    "Softplus": activation("softplus"),
    "Softsign": per_element(3),
    "Sigmoid": activation("sigmoid"),
    "HardSigmoid": activation("hardsigmoid"),
    "Tanh": activation("tanh"),
    "Clip": activation("hardtanh"),
    **_listed("Softmax LogSoftmax Hardmax", activation("softmax")),
    **_listed("Add Sub Mul Div Pow Mod", per_element(1)),
    **_listed("Sum Mean Max Min", Rule(other=lambda call: max(len(call.reads) - 1, 0) * call.written)),
    **_listed(
        "Abs Neg Sqrt Exp Log Reciprocal Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh "
        "Sign Floor Ceil Round CumSum Equal Less LessOrEqual Greater GreaterOrEqual",
        per_element(1),
    ),
    **_listed("QuantizeLinear DequantizeLinear DynamicQuantizeLinear", per_element(2)),
    **_listed(
        "Identity Cast CastLike Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice "
        "Gather GatherElements GatherND Scatter ScatterElements ScatterND Pad Expand Tile Shape Size "
        "Dropout Constant ConstantOfShape DepthToSpace SpaceToDepth Where Range NonZero OneHot TopK "
        "ArgMax ArgMin Not And Or Xor IsNaN IsInf EyeLike Trilu ReverseSequence Compress Unique "
        "MaxUnpool CenterCropPad Col2Im BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor "
        "NonMaxSuppression RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli "
        "TensorScatter",
        QUIET,
    ),
}
"""How each operator of ONNX's own domain is counted."""

ELEMENTWISE = ("Add", "Sub", "Mul", "Div")
"""May have a parameter as an operand: a bias, or a factor of each channel."""
LAYOUT = (
    "Identity",
    "Cast",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Pad",
    "Slice",
    "Split",
)
"""Leave an input what it is: what is added to it or multiplied with it after these scales the input."""
QUANTISED = ("ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul")
"""Their weights are whole numbers."""
