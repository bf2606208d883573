"""The operators of torch that a block of code calls, on whatever device its tensors are."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map


class Calls(TorchDispatchMode):
    """Notes every operator that is called, with what of its arguments is no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls.append(f"{func} {tree_map(_plain, (args, kwargs))}")
        return func(*args, **(kwargs or {}))


def _plain(value: object) -> object:
    """Return an argument of an operator, of a tensor its shape."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape)
    return "generator" if isinstance(value, torch.Generator) else value
