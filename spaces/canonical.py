"""The canonical form: two tables that give the same network have the same hash.

The flat graph is simplified (identities removed, parts that do not reach the output cut) and written as text
from the output backwards; the inputs of a commutative join are ordered by their own text. A value that is
read twice is written once and referred to, so a shared layer differs from two equal ones.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from .graph import Body, Flat, Graph, Node, Op
from .values import shape_text, text

ROUNDS = 3


def canonical_hash(graph: Graph) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the canonical text."""
    return hashlib.sha256(canonical_text(graph).encode()).hexdigest()[:16]


def canonical_text(graph: Graph) -> str:
    """Return the simplified graph as text, the same for equal networks."""
    flat = graph.flatten()
    keys = _keys(flat.nodes)
    if _tied(flat.nodes, keys):
        keys = _told_apart(flat, keys)
    numbers: dict[int, int] = {}
    lines = [shape_text(flat.input)]
    stack: list[tuple[int, bool]] = [(flat.output, False)]
    while stack:
        value, ready = stack.pop()
        value = _skip_identities(flat.nodes, value)
        if value == 0 or value in numbers:
            continue
        node = flat.nodes[value - 1]
        inputs = _ordered(flat.nodes, value, keys)
        if not ready:
            stack.append((value, True))
            stack.extend((source, False) for source in reversed(inputs))
            continue
        sources = [numbers.get(source, 0) for source in inputs]
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


def _tied(nodes: list[Node], keys: list[str]) -> bool:
    """Tell whether a commutative join reads two values that stand on equal subtrees."""
    for node in nodes:
        if isinstance(node.op, Op) and node.op.commutative:
            sources = {_skip_identities(nodes, value) for value in node.inputs}
            if len({keys[value] for value in sources}) < len(sources):
                return True
    return False


def _told_apart(flat: Flat, keys: list[str]) -> list[str]:
    """Return keys that tell equal subtrees apart by what reads them: colours, refined up and down in turn."""
    order = _reachable(flat)
    for _ in range(ROUNDS):
        readers: dict[int, list[str]] = {value: [] for value in order}
        for value in reversed(order):
            readers[value].sort()
            for place, source in enumerate(_sources(flat.nodes, value)):
                where = "" if getattr(flat.nodes[value - 1].op, "commutative", False) else str(place)
                readers[source].append(_digest(keys[value], *readers[value], where))
        keys = list(keys)
        for value in order:
            below = [keys[source] for source in _sources(flat.nodes, value)]
            keys[value] = _digest(keys[value], *readers[value], "/", *sorted(below))
    return keys


def _reachable(flat: Flat) -> list[int]:
    """Return the values that reach the output, identities skipped, each after those it depends on."""
    found: set[int] = set()
    todo = [_skip_identities(flat.nodes, flat.output)]
    while todo:
        value = todo.pop()
        if value not in found:
            found.add(value)
            todo.extend(_sources(flat.nodes, value))
    return sorted(found)


def _sources(nodes: list[Node], value: int) -> list[int]:
    return [_skip_identities(nodes, source) for source in nodes[value - 1].inputs] if value else []


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]


def _ordered(nodes: list[Node], value: int, keys: list[str]) -> list[int]:
    op, sources = nodes[value - 1].op, _sources(nodes, value)
    assert isinstance(op, Op)
    return sorted(sources, key=lambda source: keys[source]) if op.commutative else sources


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
