"""The graph: what a network is once its rows are lowered.

A `Body` is a list of immutable nodes; a node applies an operator, or calls another body (a block). Blocks
with the same arguments and input shape are the same body, so a network repeats bodies rather than nodes.
`flatten` gives the plain list of operators with their full names.
"""

from __future__ import annotations

from .body import Body, Definition, Flat, Graph, Node, Output, flat
from .operator import ANYTHING, FREE, Bounds, Example, Op, Shape, Steps, Totals, Workload, make
from .tracing import INFIX, Style, Tensor, Trace, check_map, join, per_axis, place

__all__ = [
    "ANYTHING",
    "FREE",
    "INFIX",
    "Body",
    "Bounds",
    "Definition",
    "Example",
    "Flat",
    "Graph",
    "Node",
    "Op",
    "Output",
    "Shape",
    "Steps",
    "Style",
    "Tensor",
    "Totals",
    "Trace",
    "Workload",
    "check_map",
    "flat",
    "join",
    "make",
    "per_axis",
    "place",
]
