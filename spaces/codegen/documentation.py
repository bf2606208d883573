"""Docstrings of generated classes: what the block computes, with its paper, and what is optional in it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from .parameters import Parameter
from .topology import Topology

PHRASES = {
    "act": "an activation ends it",
    "droppath": "f(x) is dropped now and then",
    "norm": "a norm follows",
    "projection": "the shortcut is projected",
    "residual": "x is added",
    "se": "it is gated by squeeze and excitation",
}
"""What a condition of a class says, by its name."""


def docstring(title: str, topology: Topology, parameters: Mapping[str, Parameter], width: int) -> list[str]:
    """Return the lines of a class's docstring: a title, or the block's own words."""
    formula = (
        title or topology.members[0].doc.split("\n\n")[0]
    )  # what follows is about the block's parameters
    lines = [line for paragraph in formula.split("\n") for line in (wrap(paragraph, width - 7) or [""])]
    flags = [name for name, parameter in parameters.items() if parameter.type == "bool"]
    told = "; ".join(f"`{name}`: whether {_phrase(name)}" for name in flags)
    if told:
        lines += ["", *wrap(f"{told}.", width - 7)]
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def _phrase(flag: str) -> str:
    """Return what a condition says; it may be named `has_act` beside an argument `act`."""
    name = flag.removeprefix("has_")
    return PHRASES.get(name, f"it has {name}")
