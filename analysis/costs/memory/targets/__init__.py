"""Memory on small devices: what a network takes where another runtime than PyTorch runs it.

A new runtime is a file here and a line in `TARGETS`.
"""

from __future__ import annotations

from archscape.spaces import InputError, Network
from archscape.spaces.errors import suggest
from archscape.spaces.registry import LazyTable

from .base import Target as Target
from .base import TargetMemory as TargetMemory

DTYPES = ("int8", "float32")
"""Types of maps and weights; with int8 the biases are int32 and the scales float32."""


TARGETS: LazyTable[Target] = LazyTable("target", __name__, {"tflm": ".tflm:tflm_memory"})
"""Runtimes of small devices, by name."""


def target_memory(network: Network, *, target: str = "tflm", dtype: str = "int8") -> TargetMemory:
    """Return what a network takes on a small device. Nothing is built; no torch is needed.

    Args:
        network: The network.
        target: A name of `TARGETS`.
        dtype: A name of `DTYPES`.

    Raises:
        InputError: For an unknown target or type.
    """
    measure = TARGETS.load(target)
    if dtype not in DTYPES:
        raise InputError(f"there is no type '{dtype}' on small devices{suggest(dtype, DTYPES)}")
    return measure(network, dtype)
