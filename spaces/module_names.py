"""Names of Python files that stand beside others: a file hides whatever is imported by its name."""

from __future__ import annotations

import keyword
import re
import sys
import sysconfig
from importlib.machinery import PathFinder

from .values import identifier

_OWN = ("archscape", "conftest", "sitecustomize", "usercustomize")
_DEVICES = ("con", "prn", "aux", "nul")
"""Names that Windows keeps for devices, whatever follows the dot."""


def module_name(name: str) -> str:
    """Return the name of a file of Python that holds a network: `resnext50_32x4d` for `resnext50-32x4d`.

    `_` stands for what Python has in no name, and before a digit. Where a word of Python, its library
    or an installed package has that name, `_network` follows: `torch_network`; nothing beside it breaks.
    """
    stem = identifier(re.sub(r"\W", "_", name, flags=re.ASCII))
    while hides(stem):
        stem += "_network"
    return stem


def hides(stem: str) -> str:
    """Return what a file of Python of this name would hide, or cannot be for; nothing where it is free.

    >>> hides("class"), hides("random"), hides("torch"), hides("resnet50")
    ('a word of Python', 'a module of Python', 'an installed package', '')
    """
    if not stem.isidentifier() or keyword.iskeyword(stem):
        return "a word of Python" if stem.isidentifier() else "no name of Python"
    if stem in sys.stdlib_module_names:
        return "a module of Python"
    if stem in _OWN or stem.lower() in _DEVICES:
        return "a name with a meaning of its own"
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return "an installed package" if PathFinder.find_spec(stem, [*folders]) else ""
