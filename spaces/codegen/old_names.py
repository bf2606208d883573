"""Names of weights that were stored before some modules were renamed.

Rows `stage_1`, `stage_2`, ... were modules of their own, and are blocks 0, 1, ... of one module `stage`. Rows
of a block of which some may not stand were numbered where all that stood were blocks one after the other. The
first convolution of `inverted` was `conv1`, which numbered those after it. The module of a row `code`, now
`code_`, had the name of the row. A state dict with the old names loads into the module of today: `build` sees
to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from ..graph import Body
from ..language.numbered_rows import is_numbered
from ..naming import named_by

T = TypeVar("T")

EXPANDED = {
    "expand_conv": "conv1",
    "expand_norm": "norm1",
    "conv1": "conv2",
    "norm1": "norm2",
    "conv2": "conv3",
    "norm2": "norm3",
}
"""Modules of an `inverted` that expands, with their old names."""


def old_names(body: Body) -> dict[str, str]:
    """Return the operators that were called otherwise, with their old names."""
    return {new: old for new, old in _names(body, "", "") if new != old}


def names_of_today(state: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """Return what is kept by the names of weights, whichever it has, by those that they have now.

    Args:
        state: A state dict.
        names: The old names of operators, by those of now.
    """
    old, new = {*names.values()} - names.keys(), names.keys() - {*names.values()}
    owners = {owner for key in state for owner in _owners(key)}
    if not owners & old or owners & new:
        return dict(state)
    today = {old: new for new, old in names.items()}
    return {_renamed(key, today): value for key, value in state.items()}


def old_name(key: str, names: Mapping[str, str]) -> str:
    """Return what a tensor of today was called."""
    return _renamed(key, names)


def _renamed(key: str, names: Mapping[str, str]) -> str:
    owner = next((owner for owner in _owners(key) if owner in names), None)
    return key if owner is None else names[owner] + key.removeprefix(owner)


def _owners(key: str) -> Iterator[str]:
    """Yield the modules that hold a tensor, the innermost first."""
    while "." in key:
        key = key.rpartition(".")[0]
        yield key


def _names(body: Body, new: str, old: str) -> Iterator[tuple[str, str]]:
    """Yield every operator of a body with its old name."""
    chain = bool(new) and all(
        isinstance(node.op, Body) and node.inputs == (at,) for at, node in enumerate(body.nodes)
    )
    expanded = body.word == "inverted" and any(node.name == "expand_conv" for node in body.nodes)
    for at, node in enumerate(body.nodes):
        if node.like:
            continue
        name = str(at) if chain else named_by(node.name)
        name = EXPANDED.get(name, name) if expanded else name
        if not isinstance(node.op, Body):
            yield f"{new}{node.name}", f"{old}{name}"
        elif is_numbered(node.op):
            for number, block in enumerate(node.op.nodes, 1):
                assert isinstance(block.op, Body)
                yield from _names(
                    block.op, f"{new}{node.name}.{block.name}.", f"{old}{named_by(node.name)}_{number}."
                )
        else:
            yield from _names(node.op, f"{new}{node.name}.", f"{old}{name}.")
