"""Any `torch.nn.Module` class as a word: its constructor's arguments are what a row gives."""

from __future__ import annotations

import inspect
import sys
from fractions import Fraction
from typing import Any

from ..graph import Tensor
from ..operators.opaque import CHANNELS, opaque
from ..values import Value
from .block import Block, Parameter
from .kinds import ANY


class OpaqueBlock(Block[Any]):
    """A word whose function is a module of a class.

    Its maps are the arguments of `forward` that have no default. An argument of the constructor that has a
    default keeps it unless a row gives another.
    """

    def __init__(self, path: str, module: type) -> None:
        self.path = path
        self.word = path.rpartition(".")[2]
        self.doc = f"{path}, a module of its own: its cost is counted by running it."
        self.maps = ("x", *_required(module.forward)[2:])  # type: ignore[attr-defined]
        self.variadic = self.styled = False
        self.repeats = self.maps == ("x",)
        parameters = inspect.signature(module).parameters.values()
        self.parameters = {
            p.name: Parameter(
                name=p.name,
                kind=ANY,
                required=p.default is p.empty and p.name not in CHANNELS,
                default=_value(p.default),
            )
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in ("device", "dtype")
        }
        self.identifiers = tuple(self.parameters)
        self.defaults = tuple((p.name, p.default) for p in self.parameters.values())
        self.function = self.place

    def place(self, x: Tensor, *maps: Tensor, **arguments: Value) -> Tensor:
        """Place the module with what differs from its own defaults."""
        changed = {name: value for name, value in arguments.items() if value != self.parameters[name].default}
        return opaque(x, *maps, path=self.path, args=tuple(changed.items()))


def is_module(value: object) -> bool:
    """Tell whether something is a `torch.nn.Module` class; what defines one has loaded torch."""
    torch = sys.modules.get("torch")
    return (
        torch is not None
        and isinstance(value, type)
        and issubclass(value, torch.nn.Module)
        and value is not torch.nn.Module
    )


def _required(function: Any) -> list[str]:
    """Return the positional parameters of a function that have no default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.default is p.empty]


def _value(default: object) -> Value:
    """Return a default as a value of the language; None for what it cannot say."""
    if isinstance(default, float):
        return Fraction(str(default)) if abs(default) < 10**12 else None
    return default if isinstance(default, bool | int | str) else None
