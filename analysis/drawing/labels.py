"""Labels: what an operator is called in a figure, as papers call it, and the kind that gives its colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from archscape.spaces.graph import Op
from archscape.spaces.values import decimal

from .extents import extent_text


class Label(NamedTuple):
    """The kind of a box and what stands in it.

    Attributes:
        kind: Of `KINDS` in `style.py`.
        text: Such as `3×3 conv, 64, /2`.
        minor: Whether a figure of blocks leaves it out: it belongs to the layer before or after it.
    """

    kind: str
    text: str
    minor: bool = False


def label_of(op: Op) -> Label:
    """Return the label of an operator.

    >>> from archscape.spaces.operators import MaxPool
    >>> label_of(MaxPool(kernel=(3, 3), stride=(2, 2), padding=(1, 1), ceil=False)).text
    '3×3 max pool, /2'
    """
    return _LABELS.get(type(op).__name__, _other)(op)


def _other(op: Any) -> Label:
    return Label("other", op.kind)


def _kernel(kernel: tuple[int, ...], what: str) -> str:
    """Return `3×3 conv`, and `conv 3` along a single axis."""
    return f"{what} {kernel[0]}" if len(kernel) == 1 else f"{extent_text(kernel)} {what}"


def _step(stride: tuple[int, ...], sign: str = "/") -> list[str]:
    """Return `/2` for a stride of two along all axes, and `/1×2` where axes differ."""
    if set(stride) == {1}:
        return []
    return [f"{sign}{stride[0] if len(set(stride)) == 1 else extent_text(stride)}"]


def _said(*parts: str | list[str]) -> str:
    flat = [part if isinstance(part, list) else [part] for part in parts]
    return ", ".join(text for part in flat for text in part)


def _conv(op: Any, what: str = "conv") -> Label:
    groups = op.groups
    depthwise = groups == op.inputs > 1
    dilation = getattr(op, "dilation", (1,))
    return Label(
        "depthwise" if groups > 1 else "conv",
        _said(
            _kernel(op.kernel, f"depthwise {what}" if depthwise else what),
            str(op.outputs),
            _step(op.stride),
            _step(dilation, "dilation "),
            [f"{groups} groups"] if groups > 1 and not depthwise else [],
        ),
    )


def _upconv(op: Any) -> Label:
    return Label("resize", _said(_kernel(op.kernel, "up-conv"), str(op.outputs), _step(op.stride, "×")))


def _pool(what: str) -> Callable[[Any], Label]:
    return lambda op: Label("pool", _said(_kernel(op.kernel, what), _step(op.stride)))


def _always(kind: str, text: str, *, minor: bool = False) -> Callable[[Any], Label]:
    label = Label(kind, text, minor)
    return lambda op: label


def _act(op: Any) -> Label:
    return Label("act", str(op.function), minor=True)


def _dropout(op: Any) -> Label:
    return Label("other", f"dropout {decimal(op.rate)}", minor=True)


def _resize(op: Any) -> Label:
    scale = (op.scale,) if isinstance(op.scale, int) else op.scale
    return Label("resize", " ".join(["upsample", *_step(scale, "×")]))


_CONVOLUTIONS: dict[str, Callable[[Any], Label]] = {
    "Conv": _conv,
    "DeformConv": lambda op: _conv(op, "deformable conv"),
    "MaskedConvA": lambda op: _conv(op, "masked conv A"),
    "MaskedConvB": lambda op: _conv(op, "masked conv B"),
    "ModulatedDeformConv": lambda op: _conv(op, "deformable conv"),
    "P4Conv": lambda op: _conv(op, "p4 conv"),
    "P4Lift": lambda op: _conv(op, "p4 lifting conv"),
    "TransposedConv": _upconv,
}

_LABELS: dict[str, Callable[[Any], Label]] = {
    **_CONVOLUTIONS,
    "Activation": _act,
    "Add": _always("join", "+"),
    "Attention": lambda op: Label(
        "attention", f"attention, {op.heads} heads" if op.heads > 1 else "attention"
    ),
    "AvgPool": _pool("avg pool"),
    "BatchNorm": _always("norm", "batch norm", minor=True),
    "BlurPool": lambda op: Label("pool", _said("blur pool", _step((op.stride,)))),
    "Carry": _always("join", "carry"),
    "ChannelLayerNorm": _always("norm", "layer norm", minor=True),
    "ChannelMax": _always("pool", "channel max"),
    "ChannelMean": _always("pool", "channel mean"),
    "ChannelShuffle": lambda op: Label("other", f"channel shuffle, {op.groups}"),
    "Concat": _always("join", "concat"),
    "ContextPool": _always("attention", "context pool"),
    "Crop": _always("other", "crop", minor=True),
    "DropPath": lambda op: Label("other", f"drop path {decimal(op.rate)}", minor=True),
    "Dropout": _dropout,
    "Flatten": _always("other", "flatten", minor=True),
    "GDN": lambda op: Label("norm", "inverse GDN" if op.inverse else "GDN"),
    "GlobalAvgPool": _always("pool", "global avg pool"),
    "GlobalMaxPool": _always("pool", "global max pool"),
    "GroupMax": _always("pool", "max over rotations"),
    "GroupMean": _always("pool", "mean over rotations"),
    "GroupNorm": _always("norm", "group norm", minor=True),
    "InnerAvgPool": _pool("avg pool"),
    "InstanceNorm": _always("norm", "instance norm", minor=True),
    "LayerNorm": _always("norm", "layer norm", minor=True),
    "LeakyReLU": _always("act", "leaky relu", minor=True),
    "Linear": lambda op: Label("linear", f"linear, {op.outputs}"),
    "LocalResponseNorm": _always("norm", "local response norm"),
    "Max": _always("pool", "max"),
    "MaxPool": _pool("max pool"),
    "Mean": _always("pool", "mean"),
    "Multiply": _always("join", "×"),
    "Opaque": lambda op: Label("other", op.path.rpartition(".")[2]),
    "PReLU": _always("act", "prelu", minor=True),
    "Pad": _always("other", "pad", minor=True),
    "PaddedAvgPool": _pool("avg pool"),
    "PaddedInnerAvgPool": _pool("avg pool"),
    "PartSoftmax": lambda op: Label("act", f"softmax over {op.parts}"),
    "PixelShuffle": lambda op: Label("resize", f"pixel shuffle ×{op.scale}"),
    "Reparameterise": _always("other", "sample"),
    "Reshape": lambda op: Label("other", f"reshape {extent_text(op.size)}"),
    "Resize": _always("resize", "resize"),
    "Scale": _always("other", "scale", minor=True),
    "Shift": _always("join", "+"),
    "Slice": lambda op: Label("other", f"channels {op.start}–{op.stop - 1}"),
    "Split": lambda op: Label("other", f"part {op.part + 1} of {op.parts}"),
    "Subtract": _always("join", "−"),
    "Times": lambda op: Label("other", f"× {decimal(op.factor)}", minor=True),
    "Unpool": _pool("unpool"),
    "Upsample": _resize,
    "Widen": _always("other", "zero-padded shortcut", minor=True),
    "Zero": _always("other", "zero"),
}
"""By class; an operator that is not here shows its word."""
