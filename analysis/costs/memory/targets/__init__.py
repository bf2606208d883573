"""Memory on small devices: what a network takes where another runtime than PyTorch runs it.

A new runtime is a file here and a line in `TARGETS`; what it lacks, the same in `OPERATORS` and `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Iterator

from archscape.spaces import InputError, Network
from archscape.spaces.errors import suggest
from archscape.spaces.registry import LazyTable

from .base import Target as Target
from .base import TargetMemory as TargetMemory
from .missing import Missing, MissingOf

DTYPES = ("int8", "float32")
"""Types of maps and weights; with int8 the biases are int32 and the scales float32."""


TARGETS: LazyTable[Target] = LazyTable("target", __name__, {"tflm": ".tflm:tflm_memory"})
"""Runtimes of small devices, by name."""

OPERATORS: LazyTable[MissingOf] = LazyTable("target", __name__, {"tflm": ".tflm_operators:missing"})
"""What each runtime says of operators, by its name."""

TITLES = {"tflm": "TensorFlow Lite Micro"}
"""What each runtime is called."""

SOURCES = {"tflm": "kernels of TensorFlow Lite Micro at commit 90b983c"}
"""Where the operators of each runtime are listed."""


def target_memory(network: Network, *, target: str = "tflm", dtype: str = "int8") -> TargetMemory:
    """Return what a network takes on a small device. Nothing is built; no torch is needed.

    Args:
        network: The network.
        target: A name of `TARGETS`.
        dtype: A name of `DTYPES`.

    Raises:
        InputError: For an unknown target or type.
    """
    check_target(target, dtype)
    return TARGETS.load(target)(network, dtype)


def missing_operators(network: Network, *, target: str = "tflm", dtype: str = "int8") -> Iterator[Missing]:
    """Yield the operators of a network that a runtime does not have as they are.

    Raises:
        InputError: For an unknown target or type.

    >>> from archscape.spaces import load_network
    >>> [(missing.name, missing.operator) for missing in missing_operators(load_network("zfnet"))]
    [('lrn1', 'LOCAL_RESPONSE_NORMALIZATION'), ('lrn2', 'LOCAL_RESPONSE_NORMALIZATION')]
    """
    check_target(target, dtype)
    yield from OPERATORS.load(target)(network, dtype)


def check_target(target: str, dtype: str) -> None:
    """Check the name of a runtime and the type of its maps and weights.

    Raises:
        InputError: For an unknown target or type.
    """
    if target not in TARGETS:
        raise InputError(TARGETS.missing(target))
    if dtype not in DTYPES:
        raise InputError(f"there is no type '{dtype}' on small devices{suggest(dtype, DTYPES)}")
