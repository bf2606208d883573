"""What PyTorch's modules have and the runtime defines, taken from the classes and functions themselves.

`python -m archscape.spaces.codegen.derived_names` writes it as `spaces/taken_names.py`, since tables are read
without torch. A test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from textwrap import fill

import torch
from torch import nn
from torch.export import unflatten
from torch.fx import symbolic_trace

from .helpers import helper_names


def of_module() -> set[str]:
    """Return the public attributes of a module."""
    return _public(nn.Module())


def of_rebuilt() -> set[str]:
    """Return what the modules have besides, as which FX and `torch.export` rebuild one."""
    module = nn.Sequential(nn.Identity())
    program = torch.export.export(module, (torch.zeros(3, 2),))
    unflattened = unflatten(program)
    rebuilt = (symbolic_trace(module), program.module(), *unflattened.modules())
    return {name for made in rebuilt for name in _public(made)} - of_module()


def page() -> str:
    """Return the file of names."""
    return (
        '"""Names that generated source cannot use, made from the classes by `make reference`."""\n\n'
        "from __future__ import annotations\n\n"
        f"MODULE = {_words(of_module())}\n"
        '"""Attributes of `torch.nn.Module`."""\n\n'
        f"REBUILT = {_words(of_rebuilt())}\n"
        '"""Attributes that the modules have besides, as which FX and `torch.export` rebuild one."""\n\n'
        f"HELPERS = {_words(helper_names())}\n"
        '"""What `codegen.runtime` defines."""\n'
    )


def _public(made: nn.Module) -> set[str]:
    return {name for name in (*dir(made), *vars(made)) if name.isidentifier() and not name.startswith("_")}


def _words(names: Iterable[str]) -> str:
    text = fill(" ".join(sorted(names)), 106, initial_indent="    ", subsequent_indent="    ")
    return f'"""\n{text}\n"""'


if __name__ == "__main__":
    sys.stdout.write(page())
