"""Helpers: what generated source needs beyond torch, as text.

`runtime` holds each as a plain function or class; here its text is taken out of that file, without importing
it, together with what it calls.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

RUNTIME = Path(__file__).with_name("runtime.py")


def definitions(names: Iterable[str]) -> list[str]:
    """Return the text of some definitions of `runtime` and of those they use, in the order of that file.

    >>> definitions([])
    []
    """
    wanted = with_used(names)
    return [text for name, text in _runtime()[0].items() if name in wanted]


def with_used(names: Iterable[str]) -> set[str]:
    """Return names of `runtime` with those of all that they use."""
    _, uses = _runtime()
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(uses[name])
    return wanted


def helper_names() -> frozenset[str]:
    """Return the name of every definition of `runtime`."""
    return frozenset(_runtime()[0])


@cache
def _runtime() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the text of every definition, and the other definitions that it names."""
    source = RUNTIME.read_text(encoding="utf-8")
    nodes = {
        node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    lines = source.splitlines()
    texts, uses = {}, {}
    for name, node in nodes.items():
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
        texts[name] = "\n".join(lines[start : node.end_lineno])
        named = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        uses[name] = [other for other in nodes if other in named and other != name]
    return texts, uses
