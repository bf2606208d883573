"""The conventions: our own, five tools' and a benchmark's, each rule read from its published code.

Where a tool's count hangs on how a module is written, it is that of the source which archscape exports and
trains: layers with weights are modules of `torch.nn`, activations and pooling are function calls, and sums
and products are Python's operators. A tool that watches modules sees only the first.
"""

from __future__ import annotations

from math import prod

from archscape.spaces import operators as ops
from archscape.spaces.operators.opaque import Opaque

from .convention import (
    Convention,
    Rule,
    Use,
    free,
    parameters,
    per_element,
    per_normed,
    products,
    products_and_bias,
)

REMADE = (ops.MaskedConvA, ops.MaskedConvB, ops.P4Conv, ops.P4Lift)
"""Convolutions whose filters are made of their weights: they call the function, not the module."""
DEFORMED = (ops.DeformConv, ops.ModulatedDeformConv)
POOLS = (ops.AvgPool, ops.InnerAvgPool, ops.MaxPool, ops.GlobalAvgPool, ops.GlobalMaxPool)
HOOKED = frozenset({"relu", "relu6", "elu", "gelu", "silu", "softmax"})
"""The activations of `torch.nn.functional` that ptflops replaces while it counts."""


def _grid(use: Use) -> int:
    assert isinstance(use.op, ops.DeformConv)
    return use.costs.macs + 4 * use.inputs[0][0] * prod(use.op.kernel) * prod(use.output[1:])


def _padded(use: Use) -> int:
    assert isinstance(use.op, ops.PaddedAvgPool)
    return use.op.padded(use.inputs) * (2 if isinstance(use.op, ops.PaddedInnerAvgPool) else 1)


def _planes(use: Use) -> int | None:
    return use.read if use.rank == 2 else None


def _interpolation(use: Use) -> int | None:
    if use.rank != 2:
        return None
    return use.written * (1 if getattr(use.op, "mode", "") == "nearest" else 4)


def _responses(use: Use) -> int:
    assert isinstance(use.op, ops.LocalResponseNorm)
    channels, *extent = use.inputs[0]
    return 3 * use.read + (channels + use.op.size - 1) * prod(extent)


def _at_every_output(use: Use) -> int:
    """Return K C / g for each element of the output, as if the kernel's strides left no gaps."""
    assert isinstance(use.op, ops.TransposedConv)
    return prod(use.op.kernel) * use.op.inputs // use.op.groups * use.written


def _bias_once(use: Use) -> int:
    return use.costs.macs + use.bias * use.output[0]


def _flat_or_plane(use: Use) -> int | None:
    return products_and_bias(use) if use.rank in (1, 2) else None


def _fvcore_of(use: Use) -> int:
    assert isinstance(use.op, Opaque)
    return use.op.flops(use.inputs)


MACS = Convention(
    name="macs",
    about="Multiply-accumulates of convolutions, linear layers and matrix products, without bias: ours, "
    "torchvision's published figures, and half of PyTorch's FlopCounterMode.",
    source="torch.utils.flop_counter of PyTorch 2.13; torchvision's `_ops`",
    rules=(
        Rule((ops.Conv, *REMADE, *DEFORMED), "K C/g M HW", products),
        Rule((ops.TransposedConv,), "K C/g M for each position of the input", products),
        Rule((ops.Linear,), "C M", products),
        Rule((ops.Attention, ops.ContextPool), "the matrix products", products),
        Rule((ops.GDN,), "C^2 HW, its 1x1 convolution", products),
        Rule((ops.BlurPool,), "K C HW, its depthwise convolution", products),
        Rule((Opaque,), "the products of its run", products),
    ),
)

FVCORE = Convention(
    name="fvcore",
    about="Operations of a traced graph at inference: a multiply-accumulate is one, norms, 2-D resizing and "
    "the 2-D global average pooling count besides. What the outputs do not need is not traced.",
    source="fvcore 0.1.5, fvcore/nn/flop_count.py and jit_handles.py (Apache-2.0)",
    rules=(
        Rule((ops.Conv, *REMADE), "K C/g M HW, no bias", products),
        Rule(DEFORMED, "K C/g M HW, and 4 for each of the K C HW values sampled", _grid),
        Rule((ops.TransposedConv,), "K C/g M for each position of the input", products),
        Rule((ops.Linear,), "C M, no bias", products),
        Rule((ops.ContextPool,), "the matrix product", products),
        Rule((ops.BlurPool,), "K C HW, its depthwise convolution", products),
        Rule((ops.GDN,), "C^2 HW, its 1x1 convolution", products),
        Rule((ops.BatchNorm,), "2 N, N without gamma and beta", per_normed(2, 1)),
        Rule(
            (ops.LayerNorm, ops.ChannelLayerNorm, ops.InstanceNorm, ops.GroupNorm),
            "5 N, 4 N without gamma and beta",
            per_normed(5, 4),
        ),
        Rule((ops.GlobalAvgPool,), "N read, of a 2-D map", _planes),
        Rule((ops.Upsample, ops.Resize), "N written of a 2-D map, 4 N if bilinear", _interpolation),
        Rule((Opaque,), "the products, norms, resizing and pooling of its run", _fvcore_of),
    ),
    traced=True,
)

THOP = Convention(
    name="thop",
    about="Operations of `torch.nn` modules: a multiply-accumulate is one, a norm four for each element; "
    "function calls are not seen.",
    source="thop 0.1.1.post2209072238, thop/profile.py and thop/vision/calc_func.py",
    rules=(
        Rule((ops.Conv,), "K C/g M HW, no bias", products),
        Rule((ops.TransposedConv,), "K C/g for each element written, gaps or not", _at_every_output),
        Rule((ops.Linear,), "C M, no bias", products),
        Rule(
            (ops.BatchNorm, ops.InstanceNorm, ops.LayerNorm),
            "4 N, 2 N without gamma and beta",
            per_normed(4, 2),
        ),
        Rule((ops.PReLU,), "N", per_element(1)),
        Rule((ops.Dropout,), "0", free),
    ),
    params_of_counted=True,
)

PTFLOPS = Convention(
    name="ptflops",
    about="Operations of `torch.nn` modules and of the functions that it replaces: a multiply-accumulate is "
    "one, and so are a bias, an activation and an element that a pooling reads; a norm is two.",
    source="ptflops 0.7.5, its default backend `pytorch`: ptflops/pytorch_ops.py (MIT)",
    rules=(
        Rule(
            (ops.Conv, ops.TransposedConv),
            "K C/g M per position as in macs, and N written for a bias",
            products_and_bias,
        ),
        Rule((ops.Linear,), "C M, and M for a bias", products_and_bias),
        Rule(
            (ops.BatchNorm, ops.InstanceNorm, ops.GroupNorm),
            "2 N, N without gamma and beta",
            per_normed(2, 1),
        ),
        Rule((ops.LayerNorm,), "N", per_element(1)),
        Rule((ops.PReLU,), "2 N: the module, and the function that it calls", per_element(2)),
        Rule(
            (ops.Activation,),
            f"N of {', '.join(sorted(HOOKED))}",
            lambda use: use.read if getattr(use.op, "function", "") in HOOKED else None,
        ),
        Rule(
            (ops.PaddedAvgPool, ops.PaddedInnerAvgPool),
            "N of the padded map, twice with the zeros left out",
            _padded,
        ),
        Rule(POOLS, "N read", per_element(1)),
        Rule(
            (ops.Unpool,),
            "N of the map that was pooled: its switches are found again",
            lambda use: prod(use.inputs[1]),
        ),
        Rule((ops.Upsample, ops.Resize), "N written", lambda use: use.written),
        Rule((ops.LocalResponseNorm,), "3 N, and N with n - 1 channels more for its pooling", _responses),
    ),
)

TORCHINFO = Convention(
    name="torchinfo",
    about='"Mult-adds": the parameters named weight or bias of each module, times the positions of its '
    "output if it is a convolution. A norm counts its parameters once, whatever the map.",
    source="torchinfo 1.8.0, torchinfo/layer_info.py, calculate_macs (MIT)",
    rules=(
        Rule(
            (ops.Conv, ops.TransposedConv),
            "(K C/g + bias) M for each position of the output",
            lambda use: use.costs.params * prod(use.output[1:]),
        ),
        Rule((ops.Linear,), "(C + bias) M", parameters),
        Rule(
            (ops.BatchNorm, ops.InstanceNorm, ops.GroupNorm, ops.LayerNorm, ops.ChannelLayerNorm),
            "2 C",
            parameters,
        ),
        Rule((ops.PReLU,), "C", parameters),
    ),
)

PYCLS = Convention(
    name="pycls",
    about='"Flops" of the RegNet papers: multiply-accumulates of convolutions and linear layers; a '
    "convolution's bias counts once a channel, not once a position.",
    source="pycls, pycls/models/blocks.py, the *_cx functions (MIT); Radosavovic et al. 2020",
    rules=(
        Rule((ops.Conv,), "K C/g M HW, and M for a bias", _bias_once),
        Rule((ops.Linear,), "C M, and M for a bias", _bias_once),
        Rule((ops.BatchNorm, ops.MaxPool, ops.GlobalAvgPool), "0", free),
    ),
    params_of_counted=True,
)

NASBENCH201 = Convention(
    name="nasbench201",
    about='"FLOPs" of NAS-Bench-201, NATS-Bench and their API, there in millions: multiply-accumulates of '
    "1-D and 2-D convolutions and linear layers, and their biases.",
    source="AutoDL-Projects, xautodl/utils/flop_benchmark.py (MIT); Dong and Yang 2020",
    rules=(
        Rule((ops.Conv,), "K C/g M HW in 1-D and 2-D, and N written for a bias", _flat_or_plane),
        Rule((ops.Linear,), "C M, and M for a bias", products_and_bias),
    ),
)
