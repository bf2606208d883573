"""Names of a table as names in Python: attributes of modules, and variables of the generated source.

A name that is taken gets an underscore at its end: the module of a row `code` is `code_`, since the module as
which FX and `torch.export` rebuild a network has a `code` already; an argument `zero` is `zero_` beside the
helper of that name. `taken_names` has what is taken. Names of `torch.nn.Module` itself are no names of rows.
"""

from __future__ import annotations

import builtins
import keyword
from functools import lru_cache

from . import taken_names
from .values import identifier

MODULE = frozenset(taken_names.MODULE.split())
"""Attributes of `torch.nn.Module`."""
IMPORTED = ("torch", "nn", "F", "Tensor")
"""What the generated source imports."""
ATTRIBUTES = frozenset({*keyword.kwlist, *MODULE, *taken_names.REBUILT.split()})
"""Names that no module of a row can have."""
LOCALS = frozenset({*dir(builtins), *taken_names.HELPERS.split(), *IMPORTED, "self", "i"})
"""Names that no local variable of the generated source can have."""
VARIABLES = ATTRIBUTES | LOCALS
"""Names that no argument of the generated source can have."""


def attribute(name: str) -> str:
    """Return the attribute of a module that stands for a name: another one for every name.

    >>> [attribute(name) for name in ("stem", "code", "code_", "class", "3a")]
    ['stem', 'code_', 'code__', 'class_', '_3a']
    """
    return _renamed(name, ATTRIBUTES)


def variable(name: str) -> str:
    """Return the variable or parameter that stands for a name: another one for every name.

    >>> [variable(name) for name in ("skip", "torch", "zero", "1x1")]
    ['skip', 'torch_', 'zero_', '_1x1']
    """
    return _renamed(name, VARIABLES)


def named_by(module: str) -> str:
    """Return the name that an attribute of a module stands for.

    >>> [named_by(module) for module in ("code_", "stem_", "_3a")]
    ['code', 'stem_', '3a']
    """
    names = (module.removesuffix("_"), module.removeprefix("_"))
    return next((name for name in names if name not in (module, "") and attribute(name) == module), module)


@lru_cache(maxsize=2**12)
def _renamed(name: str, taken: frozenset[str]) -> str:
    stem = name.rstrip("_")
    if any(name[:end] in taken for end in range(len(stem), len(name) + 1)):
        return f"{name}_"
    return identifier(name)
