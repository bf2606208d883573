"""The PyTorch function of one operator: the very text that the exported source has for it, by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import Tensor

from archscape.spaces.codegen import runtime
from archscape.spaces.codegen.literals import literal
from archscape.spaces.graph import Op

Function: TypeAlias = Callable[..., Tensor]


def operator_function(op: Op, inputs: int, rank: int) -> Function:
    """Return what applies an operator to so many maps of so many axes: its module, or its call."""
    values = {name: repr(literal(value)) for name, value in op.attributes().items()}
    names = [f"x{index}" for index in range(inputs)]
    text = (
        op.module(values, rank)
        if op.stateful
        else f"lambda {', '.join(names)}: {op.call(names, values, rank)}"
    )
    namespace: dict[str, Any] = dict(vars(runtime))
    exec("\n".join(op.imports()), namespace)
    function: Function = eval(text, namespace)
    return function
