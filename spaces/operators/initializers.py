"""Initializers of weights: PyTorch's own, or one from the papers, written around a constructor."""

from __future__ import annotations

from fractions import Fraction

from ..graph import Op
from ..values import Value


class Initialised(Op):
    """An operator with weights. Its last field, `init`, says how they start; None is PyTorch's own way.

    `init` is a function of `runtime` with what it takes after the module: `he`, `zero`, `biased(-2.0)`.
    """

    def attributes(self) -> dict[str, Value]:
        """Return the attributes by name; what is as PyTorch has it unless told is not one."""
        attributes = super().attributes()
        for key, usual in self._field_defaults.items():
            if attributes[key] == usual:
                del attributes[key]
        return attributes

    def helpers(self) -> tuple[str, ...]:
        """Return what the operator itself uses, and the function that starts the weights."""
        init = self._init()
        return super().helpers() if init is None else (*super().helpers(), init.partition("(")[0])

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return the constructor's text, inside the function that starts its weights."""
        return self.started(super().module(values, rank))

    def started(self, module: str) -> str:
        """Return a constructor's text inside the function that starts its weights: `he(nn.Conv2d(...))`."""
        init = self._init()
        if init is None:
            return module
        name, _, rest = init.partition("(")
        return f"{name}({module}, {rest}" if rest else f"{name}({module})"

    def _init(self) -> str | None:
        return self.init  # type: ignore[attr-defined,no-any-return]


def with_bias(init: str | None, bias: int | Fraction) -> str:
    """Return a start of the weights whose bias starts at a number.

    >>> with_bias(None, -2), with_bias("he", Fraction(-1, 2))
    ('biased(-2.0)', 'he(-0.5)')
    """
    return f"{init or 'biased'}({float(bias)})"
