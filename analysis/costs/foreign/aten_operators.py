"""PyTorch's operators as an exported program has them, each counted as our own operators count.

An operator that stands in no table may hold products: it is named, and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from archscape.spaces.graph import Shape
from archscape.spaces.module_run import operator_names
from archscape.spaces.module_run.operator_names import may_hold_products

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


def _bias(call: Call) -> int:
    return call.written if call.reads.get("bias") else 0


def _first(call: Call) -> Shape:
    """Return the shape of the first argument, whatever its name."""
    return call.read(next(iter(call.reads), ""))


def _convolution(call: Call) -> int:
    x, weight = call.read("input"), call.read("weight")
    return transposed_macs(x, weight) if call.options.get("transposed") else conv_macs(weight, call.out)


def _product(left: str) -> Any:
    return lambda call: call.written * call.read(left)[-1]


def _of_weights(call: Call) -> int:
    """Return the activations of a product: it is a linear layer if one of its factors is constant."""
    return call.written if call.constant else 0


def _recurrent(count: Callable[[Shape, Sequence[Shape]], int]) -> Formula:
    """Return a count of the matrices of all gates, layers and directions."""

    def formula(call: Call) -> int:
        params = [call.read(name) for name in call.reads if str(name).startswith("params")]
        return count(call.read("input"), [shape for shape in params if len(shape) == 2])

    return formula


def _einsum(call: Call) -> int:
    return einsum_macs(str(call.options.get("equation", "")), [call.read(name) for name in call.reads])


def _attention(call: Call) -> int:
    return attention_macs(call.read("query"), call.read("key"), call.read("value"))


def _affine(call: Call) -> bool:
    return call.reads.get("weight") is not None


def _layer_sets(call: Call) -> int:
    shape = call.read("input")
    return prod(shape[: len(shape) - len(call.options["normalized_shape"])])


def _sets(call: Call) -> int:
    """Return the sets of a norm by instance, or by group."""
    samples, channels = call.read("input")[:2]
    return samples * int(call.options.get("num_groups", channels))


def _norm(statistics: Any) -> Rule:
    return Rule(other=lambda call: norm_operations(call.out, statistics(call), affine=_affine(call)))


def _window(call: Call) -> int:
    kernel = call.options["kernel_size"]
    axes = len(call.out) - 2
    return prod(kernel) if len(kernel) == axes else int(kernel[0]) ** axes


def _whole(call: Call) -> int:
    """Return the elements of one window of an adaptive pooling.

    Raises:
        UnknownShapeError: If the windows differ.
    """
    x, out = _first(call), call.out
    if any(before % after for before, after in zip(x[2:], out[2:], strict=True)):
        raise UnknownShapeError
    return prod(x[2:]) // prod(out[2:])


def _summed(call: Call) -> int:
    return prod(_first(call)) - call.written


def _resized(call: Call) -> int:
    return linear_resize(call.out, len(call.out) - 2)


def _clamp(call: Call) -> int:
    return sum(call.options.get(name) is not None for name in ("min", "max")) * call.written


def _added(call: Call) -> int:
    """Return one for each element, and one more where `alpha` scales what is added."""
    return call.written * (1 if call.options.get("alpha", 1) == 1 else 2)


def _listed(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_MAXIMUM = Rule(other=lambda call: (_window(call) - 1) * call.written)
_AVERAGE = Rule(other=lambda call: _window(call) * call.written)

OPERATORS: dict[str, Rule] = {
    **_listed("conv1d conv2d conv3d convolution _convolution", Rule(_convolution, _bias, all_written)),
    **_listed(
        "conv_transpose1d conv_transpose2d conv_transpose3d",
        Rule(lambda call: transposed_macs(call.read("input"), call.read("weight")), _bias, all_written),
    ),
    "linear": Rule(_product("input"), _bias, all_written),
    "addmm": Rule(_product("mat1"), per_element(1).other, _of_weights),
    "baddbmm": Rule(_product("batch1"), per_element(1).other),
    **_listed("matmul mm bmm", Rule(_product("self"), activations=_of_weights)),
    "einsum": Rule(_einsum),
    **_listed(
        "lstm gru rnn_tanh rnn_relu",
        Rule(_recurrent(recurrent_macs), None, _recurrent(recurrent_activations), uncounted=True),
    ),
    "scaled_dot_product_attention": Rule(_attention, uncounted=True),
    **_listed(
        "batch_norm _native_batch_norm_legit_no_training _native_batch_norm_legit native_batch_norm",
        Rule(other=lambda call: 2 * call.written),
    ),
    **_listed("layer_norm native_layer_norm", _norm(_layer_sets)),
    **_listed("group_norm instance_norm native_group_norm", _norm(_sets)),
    **_listed("max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices", _MAXIMUM),
    **_listed("avg_pool1d avg_pool2d avg_pool3d", _AVERAGE),
    **_listed(
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d _adaptive_avg_pool2d",
        Rule(other=lambda call: _whole(call) * call.written),
    ),
    **_listed(
        "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d",
        Rule(other=lambda call: (_whole(call) - 1) * call.written),
    ),
    "mean": Rule(other=lambda call: prod(_first(call))),
    **_listed("sum prod amax amin max min", Rule(other=_summed)),
    **_listed("upsample_linear1d upsample_bilinear2d upsample_trilinear3d", Rule(other=_resized)),
    **_listed("relu relu_", activation("relu")),
    **_listed("relu6 relu6_", activation("relu6")),
    **_listed("leaky_relu leaky_relu_ prelu _prelu_kernel", activation("leaky_relu")),
    **_listed("elu elu_ celu", activation("elu")),
    **_listed("selu selu_", activation("selu")),
    "gelu": activation("gelu"),
    **_listed("silu silu_", activation("silu")),
    **_listed("hardswish hardswish_", activation("hardswish")),
    **_listed("mish mish_", activation("mish")),
    "softplus": activation("softplus"),
    "sigmoid": activation("sigmoid"),
    **_listed("hardsigmoid hardsigmoid_", activation("hardsigmoid")),
    "tanh": activation("tanh"),
    **_listed("hardtanh hardtanh_", activation("hardtanh")),
    **_listed("clamp clamp_ clip", Rule(other=_clamp)),
    **_listed("softmax _softmax", activation("softmax")),
    **_listed("log_softmax _log_softmax", activation("log_softmax")),
    **_listed("add add_ sub sub_ rsub", Rule(other=_added)),
    **_listed(
        "mul mul_ div div_ pow maximum minimum fmod remainder abs neg sqrt rsqrt exp log log1p expm1 "
        "reciprocal erf sin cos tan atan floor ceil round sign cumsum eq ne lt le gt ge square "
        "floor_divide atan2",
        per_element(1),
    ),
    **_listed("norm addcmul addcdiv lerp logsumexp", UNCOUNTED),
    **_listed(
        "view unflatten squeeze unsqueeze transpose permute movedim moveaxis t T mT H mH adjoint expand "
        "expand_as broadcast_to detach_ alias unbind tensor_split slice select narrow diagonal meshgrid "
        "dropout_ upsample_nearest1d upsample_nearest2d upsample_nearest3d max_unpool2d max_unpool3d",
        QUIET,
    ),
}
"""How operators of `torch.ops.aten` are counted, whatever their overload."""


def rule_of(name: str) -> Rule | None:
    """Return how an operator of `torch.ops.aten` is counted; None if it may hold products that nobody knows.

    >>> rule_of("fft_fft"), rule_of("roll") == QUIET, rule_of("cumprod") == UNCOUNTED
    (None, True, True)
    """
    if name in OPERATORS or may_hold_products(name):
        return OPERATORS.get(name)
    if operator_names.QUIET.fullmatch(name.removesuffix("_")):
        return QUIET
    return UNCOUNTED if operator_names.ARITHMETIC.fullmatch(name.removesuffix("_")) else None
