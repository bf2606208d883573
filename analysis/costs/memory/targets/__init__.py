"""Memory on small devices: what a network takes where another runtime than PyTorch runs it.

A new runtime is a file here, which says all that a `Target` has, and a line in `TARGETS`.
"""

from __future__ import annotations

from collections.abc import Iterator

from archscape.spaces import InputError, Network
from archscape.spaces.errors import suggest
from archscape.spaces.registry import LazyTable

from .base import Target as Target
from .base import TargetMemory as TargetMemory
from .missing import Missing

DTYPES = ("int8", "float32")
"""Types of maps and weights; with int8 the biases are int32 and the scales float32."""

TARGETS: LazyTable[Target] = LazyTable("target", __name__, {"tflm": ".tflm:TFLM"})
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
    return load_target(target, dtype).memory(network, dtype)


def missing_operators(network: Network, *, target: str = "tflm", dtype: str = "int8") -> Iterator[Missing]:
    """Return the operators of a network that a runtime does not have as they are.

    Raises:
        InputError: For an unknown target or type.

    >>> from archscape.spaces import load_network
    >>> [(missing.name, missing.operator) for missing in missing_operators(load_network("zfnet"))]
    [('lrn1', 'LOCAL_RESPONSE_NORMALIZATION'), ('lrn2', 'LOCAL_RESPONSE_NORMALIZATION')]
    """
    return load_target(target, dtype).missing(network, dtype)


def load_target(target: str, dtype: str) -> Target:
    """Return a runtime that is to run maps and weights of a type.

    Raises:
        InputError: For an unknown target or type.
    """
    runtime = TARGETS.load(target)
    if dtype not in DTYPES:
        raise InputError(f"there is no type '{dtype}' on small devices{suggest(dtype, DTYPES)}")
    return runtime
