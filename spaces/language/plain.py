"""Values of the user's own in a document: numbers, texts, true and false, lists and mappings of these."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import TypeAlias

from ..kinds import Kind, require
from .document import Tree

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""A value that a job file can hold."""


def plain(tree: Tree) -> Plain:
    """Return a tree of texts with its numbers, true and false read as such.

    >>> plain({"rate": "1e-3", "steps": ["10", "20"], "name": "sgd", "fast": "true", "rest": None})
    {'rate': 0.001, 'steps': [10, 20], 'name': 'sgd', 'fast': True, 'rest': None}
    """
    if isinstance(tree, dict):
        return {key: plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [plain(item) for item in tree]
    if tree is None or tree in ("true", "false"):
        return None if tree is None else tree == "true"
    for form in (int, float):
        try:
            value = form(tree)
        except ValueError:
            continue
        if isinstance(value, int) or isfinite(value):  # `nan` and `inf` are texts: JSON has no word for them
            return value
    return tree


def is_plain(value: object) -> bool:
    """Return whether a job file can hold a value and give it back.

    >>> is_plain({"rate": [1, 0.5, None]}), is_plain({1: 2}), is_plain({"rate": object()})
    (True, False, False)
    """
    try:
        same: bool = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError):
        return False
    return same


def plain_mapping(law: str) -> Kind[Mapping[str, Plain]]:
    """Return the kind of mappings that a job file can hold."""

    def check(value: object) -> Mapping[str, Plain]:
        require(isinstance(value, dict) and is_plain(value))
        return value  # type: ignore[return-value]

    def parse(tree: object) -> object:
        return plain(tree) if isinstance(tree, dict) else tree

    return Kind(law, check, parse)
