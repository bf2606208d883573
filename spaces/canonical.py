"""The canonical form: two tables that give the same network have the same hash.

The flat graph is simplified (identities removed, parts that do not reach the output cut) and written as text
from the output backwards; the inputs of a commutative join are ordered by their own text. A value that is
read twice is written once and referred to, so a shared layer differs from two equal ones.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from .graph import Body, Graph, Node, Op
from .values import shape_text, text


def canonical_hash(graph: Graph) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the canonical text."""
    return hashlib.sha256(canonical_text(graph).encode()).hexdigest()[:16]


def canonical_text(graph: Graph) -> str:
    """Return the simplified graph as text, the same for equal networks."""
    flat = graph.flatten()
    keys = _keys(flat.nodes)
    numbers: dict[int, int] = {}
    lines = [shape_text(flat.input)]
    stack: list[tuple[int, bool]] = [(flat.output, False)]
    while stack:
        value, ready = stack.pop()
        value = _skip_identities(flat.nodes, value)
        if value == 0 or value in numbers:
            continue
        node = flat.nodes[value - 1]
        inputs = _ordered(node, keys)
        if not ready:
            stack.append((value, True))
            stack.extend((source, False) for source in reversed(inputs))
            continue
        sources = [numbers.get(_skip_identities(flat.nodes, source), 0) for source in inputs]
        if isinstance(node.op, Op) and node.op.commutative:
            sources.sort()
        numbers[value] = len(lines)
        lines.append(f"{_operator_text(node.op)} {' '.join(map(str, sources))}")
    return "\n".join(lines)


def _keys(nodes: list[Node]) -> list[str]:
    """Return a digest of all that each value depends on, value 0 first; equal subtrees have equal digests."""
    keys = ["input"]
    for node in nodes:
        assert isinstance(node.op, Op)
        inputs = [keys[value] for value in node.inputs]
        if node.op.identity:
            keys.append(inputs[0])
            continue
        if node.op.commutative:
            inputs.sort()
        joined = f"{_operator_text(node.op)}({','.join(inputs)})"
        keys.append(hashlib.sha256(joined.encode()).hexdigest()[:24])
    return keys


def _ordered(node: Node, keys: list[str]) -> tuple[int, ...]:
    assert isinstance(node.op, Op)
    if node.op.commutative:
        return tuple(sorted(node.inputs, key=lambda value: keys[value]))
    return node.inputs


def _skip_identities(nodes: list[Node], value: int) -> int:
    while value:
        op = nodes[value - 1].op
        if not (isinstance(op, Op) and op.identity):
            break
        value = nodes[value - 1].inputs[0]
    return value


@lru_cache(maxsize=65536)
def _operator_text(op: Op | Body) -> str:
    """Return the operator with its attributes; two operators with one text do the same."""
    assert isinstance(op, Op)
    attributes = " ".join(f"{name}={text(value)}" for name, value in op.attributes().items())
    return f"{type(op).__name__} {attributes}".rstrip()
