"""The reference kernels of TensorFlow Lite Micro: what each keeps, and what it asks for while it runs.

Source: `tensorflow/lite/micro/kernels/`, and `builtin_op_data.h` for the parameters, with the fields that
compressed tensors need. Structures are written as letters, one for each field: `i` and `f` of 4 bytes, `d` of
8, `h` of 2, `b` of 1, `p` a pointer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from .greedy import aligned
from .tflite import Step

WIDTHS = {"i": 4, "f": 4, "d": 8, "h": 2, "b": 1}


class Kernel(NamedTuple):
    """What an operator takes beside its maps.

    Attributes:
        parameters: The structure that is read from the file.
        data: The structure that the kernel keeps.
        multipliers: When it keeps a multiplier and a shift for each channel: `always`, with `int8`, or never.
        scratch: From the step, the bytes of an element and the elements that it writes to the bytes of each
            buffer that it asks for.
    """

    parameters: str = ""
    data: str = ""
    multipliers: str = ""
    scratch: Callable[[Step, int, int], tuple[int, ...]] | None = None


@lru_cache(maxsize=256)
def size_of(fields: str, pointer: int) -> int:
    """Return the bytes of a structure: each field at a multiple of its size, and so the whole."""
    offset = 0
    for field in fields:
        width = WIDTHS.get(field, pointer)
        offset = aligned(offset, width) + width
    return aligned(offset, alignment_of(fields, pointer))


@lru_cache(maxsize=256)
def alignment_of(fields: str, pointer: int) -> int:
    """Return the size of the widest field of a structure."""
    return max([WIDTHS.get(field, pointer) for field in fields])


def _sums(step: Step, item: int, written: int) -> tuple[int, ...]:
    """Sums of int8 in 32 bits; two lists of axes."""
    axes = 4 * len(step.constants[0].values)
    return (4 * written, 4 * step.axes, axes) if item == 1 else (4 * step.axes, axes)


def _lists(step: Step, item: int, written: int) -> tuple[int, ...]:
    """Two lists of axes."""
    return 4 * step.axes, 4 * len(step.constants[0].values)


def _mirror(step: Step, item: int, written: int) -> tuple[int, ...]:
    """Two lists of axes."""
    return 4 * step.axes, 4 * step.axes


def _accumulated(step: Step, item: int, written: int) -> tuple[int, ...]:
    """The output of int8 in 32 bits."""
    return (4 * written,) if item == 1 else ()


_CONV = "i" * 9 + "pp" + "iiiii"
_POOL = Kernel("i" * 10, "i" * 6 + "ff")
_REDUCE = "i" * 11
_PAD = "b" + "i" * 5 + "b" + "i" * 5 + "b" + "i"
_SOFTMAX = "d" + "i" * 6 + "f" + "p" * 5
_SUM = "b" + "i" * 12

KERNELS = {
    "ADD": Kernel("ib", _SUM + "ff"),
    "AVERAGE_POOL_2D": _POOL,
    "CONCATENATION": Kernel("ii", "ippiif" + "i" * 10),
    "CONV_2D": Kernel("i" * 7, _CONV, "always"),
    "DEPTHWISE_CONV_2D": Kernel("i" * 7, _CONV, "always"),
    "DEQUANTIZE": Kernel("", "diiii"),
    "FULLY_CONNECTED": Kernel("iibbi", "i" * 9 + "ppb" + "i" * 6, "int8"),
    "HARD_SWISH": Kernel("", "hhhihi"),
    "LEAKY_RELU": Kernel("f", "i" * 6),
    "LOGISTIC": Kernel("", "i" * 4),
    "MAX_POOL_2D": _POOL,
    "MEAN": Kernel("b", _REDUCE, "", _sums),
    "MIRROR_PAD": Kernel("i", "i" * 5, "", _mirror),
    "MUL": Kernel("i", "i" * 7 + "ff"),
    "PAD": Kernel("", _PAD),
    "PADV2": Kernel("", _PAD),
    "QUANTIZE": Kernel("", "idiii"),
    "REDUCE_MAX": Kernel("b", _REDUCE, "", _lists),
    "RELU": Kernel("", "i" * 7),
    "RELU6": Kernel("", "ii"),
    "RESHAPE": Kernel("i" * 9),
    "RESIZE_BILINEAR": Kernel("bb"),
    "RESIZE_NEAREST_NEIGHBOR": Kernel("bb"),
    "SLICE": Kernel(),
    "SOFTMAX": Kernel("f", _SOFTMAX),
    "SUB": Kernel("ib", _SUM),
    "SUM": Kernel("b", _REDUCE, "", _sums),
    "TANH": Kernel("", "i" * 4),
    "TRANSPOSE": Kernel(),
    "TRANSPOSE_CONV": Kernel("i" * 5, "i" + "h" * 8 + "i" * 13 + "pp", "always", _accumulated),
}
"""The operators that TensorFlow Lite Micro has, of those that a conversion makes."""
