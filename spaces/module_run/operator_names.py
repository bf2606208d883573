"""What the names of PyTorch's operators say: which hold products, which only move, make or compare."""

from __future__ import annotations

import re

OWN = ("aten", "prim", "prims", "profiler", "quantized", "torchvision")
"""Name spaces whose operators say by their names whether they hold products."""
SILENT = ("prim", "profiler")
"""Name spaces whose operators compute nothing."""
CONVOLUTION = re.compile(r"_?(cudnn_|slow_)?conv(olution|olution_overrideable|2d_forward)")
WEIGHTED = re.compile(r"conv(olution)?|conv(\d|_tran).*|linear|rnn|lstm|gru|transformer|attention|\w*addmm")
PRODUCT = re.compile(
    r"\w*mm|\w*mv|v?dot|addr|matmul|conv(olution)?|conv\d.*|depthwise\d?d?|linear|linalg|fft|rnn|lstm|gru"
    r"|attention|transformer|cholesky|\w*solve|inverse|lu|qr|geqrf|or[mg]qr|svd|eigh?|lstsq|det|cdist|pdist"
    r"|euclidean|trilinear|combination|householder|projection|nuclear"
)
"""Words in the name of an operator that may hold products."""
PRODUCT_FREE = re.compile(
    r"linalg_(vector_norm|cross)|fft_\w*freq|fft_i?fftshift|lu_unpack|_thnn_fused_\w+_cell\w*"
)
"""Operators without products whose names have such words."""
QUIET = re.compile(
    r"\w*copy\w*|(new_)?(empty|full|ones|zeros|rand|randn|randint)(_like|_strided|_permuted)?|randperm|arange"
    r"|linspace|eye|scalar_tensor|lift(_fresh)?|uniform|normal|bernoulli|exponential|random|zero|fill|set|set_data"
    r"|cat|concat|stack|[hvd]stack|repeat|repeat_interleave|tile|roll|flip|rot90|unfold|im2col|col2im|tril|triu"
    r"|constant_pad_nd|_?pad(_\w+)?|\w+_pad\dd|clone|contiguous|reshape(_as)?|flatten|to|_to_\w+|type_as|detach|data"
    r"|where|masked_(fill|select|scatter)|nonzero|argwhere|one_hot|scatter|gather|index|index_(put|select|copy|fill)"
    r"|take(_along_dim)?|embedding|sort|msort|argsort|topk|argmax|argmin|searchsorted|bucketize|unique\w*"
    r"|max|min|amax|amin|maximum|minimum|clamp(_min|_max)?|clip|relu|floor|ceil|round|trunc|floor_divide|remainder"
    r"|eq|ne|gt|ge|lt|le|is(nan|inf|finite|in|posinf|neginf|close|real)|is_\w+|equal|allclose|any|all"
    r"|_?(logical|bitwise)_\w+|_is_\w+|_nested_(compute|from|get|tensor_(from|size|storage|strides)|view)\w*"
    r"|(feature_)?(alpha_)?dropout|native_dropout|channel_shuffle|pixel_(un)?shuffle|native_channel_shuffle"
    r"|sym_\w+|size|stride|numel|dim|item|_local_scalar_dense|resize(_as)?|_?unsafe_\w+|_assert\w*|record_stream"
    r"|_cudnn_rnn_flatten_weight|mkldnn_reorder_\w+|complex|nms|_linalg_check_errors|real|imag|view_as\w*|_fused_sdp_choice|result_type|can_cast|as_strided|chunk|split\w*"
)
"""Operators that move, make or compare: by convention no arithmetic."""
ARITHMETIC = re.compile(
    r"\w*(max|avg)_\w*pool\w*|\w*softmax\w*|\w*_norm\w*|upsample_\w+|grid_sampler\w*|glu|_?prelu\w*|embedding_bag"
    r"|r?sub|add|mul|div|hardswish|cum(sum|prod|max|min)|log_sigmoid\w*|\w*_loss\w*"
    r"|roi_\w+|ps_roi_\w+|var\w*|std\w*|polar"
)
"""Operators with arithmetic that holds no products and is not counted."""


def may_hold_products(name: str) -> bool:
    """Tell whether an operator, by its name without its space, may hold products.

    >>> may_hold_products("linalg_svd"), may_hold_products("linalg_cross"), may_hold_products("relu")
    (True, False, False)
    """
    return any(PRODUCT.fullmatch(part) for part in name.split("_")) and not PRODUCT_FREE.fullmatch(name)
