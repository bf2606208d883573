"""Formats of export: each writes one file of a network. A new one is a file here and a line in `FORMATS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archscape.spaces.registry import LazyTable

if TYPE_CHECKING:
    from .base import Format

FORMATS: LazyTable[Format] = LazyTable(
    "format",
    __name__,
    {
        "source": ".source:SOURCE",
        "spec": ".spec:SPEC",
        "weights": ".weights:WEIGHTS",
        "pt2": ".pt2:PT2",
        "onnx": ".onnx:ONNX",
        "openvino": ".openvino:OPENVINO",
        "pte": ".pte:PTE",
        "coreml": ".coreml:COREML",
    },
)
"""What writes a network in a format, by its name on the command line."""

BASIC = ("source", "spec", "weights")
"""What is written where no format is asked for."""
