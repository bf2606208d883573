"""Canonical hash: two tables that give the same network have the same hash.

The flat graph is simplified and written as text from the outputs backwards; the text ends with the outputs,
in order. Simplified means:

- identities, and what does not reach an output, are left out;
- a pooling of the whole map is one with a window as large as the map; its stride does not count;
- a sum of sums is one sum, a product of products one product, a concatenation of concatenations one
  concatenation; the inputs of a sum or a product have no order;
- an activation that returns what it reads, such as a rectifier after another one, is left out, and so is one
  that cuts off less than the next, such as a rectifier before a relu6; x - a - b is x - (a + b);
- zeros around a map that a convolution reads are its padding, where both sides of an axis are alike;
- a layer that is applied twice to one map, with the same weights, is applied once;
- an edge that is zero adds nothing: it is no term of a sum, and a sum of one term is that term. What layers
  with one input make of a zero edge is a constant, such as a bias or the shift of a norm; as a term of a sum
  it counts as zero too.

Equal hashes thus mean equal networks up to the order and brackets of sums, and constants from zero edges. A
value that is read twice is written once and referred to, and a layer that shares the weights of one above it
says so; a shared layer thus differs from two equal ones, in its parameters. `formula` has the coarser form
that forgets this, as NAS-Bench-201 does.
"""

from __future__ import annotations

import hashlib

from ..graph import Body, Bounds, Graph
from ..values import shape_text
from .simplified import Simplified

ROUNDS = 3
LONG = 4096
"""Characters after which the key of a chain is digested."""


def canonical_hash(graph: Graph) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the canonical text."""
    return hashlib.sha256(canonical_text(graph).encode()).hexdigest()[:16]


def canonical_text(graph: Graph) -> str:
    """Return the simplified graph as text, the same for equal networks."""
    return _text(Simplified(graph.body))


def value_keys(body: Body) -> frozenset[str]:
    """Return a key for each value of the simplified graph; equal keys depend on equal graphs above them."""
    keys, _ = _keys(Simplified(body))
    return frozenset(keys.values())


def canonical_part(body: Body, bounds: Bounds) -> tuple[str, Bounds]:
    """Return the text of a part of a network that reads one map, and between which values its own lie."""
    part = Simplified(body, (bounds,))
    return _text(part), part.bounds_of(part.outputs[0])


def _text(simple: Simplified) -> str:
    """Return the operators line by line, each after what it reads, and the outputs."""
    keys, tied = _keys(simple)
    if tied:
        keys = _told_apart(simple, keys)
    numbers = {value: value for value in range(len(simple.inputs))}
    firsts: dict[int, int] = {}
    lines = [shape_text(shape) for shape in simple.inputs]
    stack = [(value, False) for value in reversed(simple.outputs)]
    while stack:
        value, ready = stack.pop()
        if value in numbers:
            continue
        sources = simple.sources[value]
        if ready:
            read = [numbers[source] for source in sources]
            if value in simple.unordered:
                read.sort()
            numbers[value] = len(lines)
            whose = ""
            if value in simple.weights:
                first = firsts.setdefault(simple.weights[value][0], len(lines))
                whose = f" like {first}" if first < len(lines) else ""
            lines.append(f"{simple.texts[value]} {' '.join(map(str, read))}{whose}")
            continue
        if value in simple.unordered:
            sources = sorted(sources, key=keys.__getitem__)
        stack.append((value, True))
        stack += [(source, False) for source in reversed(sources)]
    outputs = " ".join([str(numbers[value]) for value in simple.outputs])
    return "\n".join([*lines, f"outputs {outputs}"])


def _keys(simple: Simplified) -> tuple[dict[int, str], bool]:
    """Return a key of all that each value depends on, and whether an unordered step reads equal ones.

    Equal subtrees have equal keys.
    """
    keys = {value: f"input {value}" for value in range(len(simple.inputs))}
    tied = False
    for value in simple.order:
        if value in keys:
            continue
        sources = simple.sources[value]
        words = simple.texts[value]
        if value in simple.weights:
            words = f"{words} x{len(simple.weights[value])}"
        if len(sources) == 1:
            key = f"{keys[sources[0]]}\n{words}"
            keys[value] = digest(key) if len(key) > LONG else key
            continue
        below = [keys[source] for source in sources]
        if value in simple.unordered:
            tied = tied or len(set(below)) < len(set(sources))
            below.sort()
        keys[value] = digest(words, *below)
    return keys, tied


def _told_apart(simple: Simplified, keys: dict[int, str]) -> dict[int, str]:
    """Return keys that tell equal subtrees apart by what reads them: colours, refined up and down."""
    for _ in range(ROUNDS):
        readers: dict[int, list[str]] = {value: [] for value in simple.order}
        for place, value in enumerate(simple.outputs):
            readers[value].append(f"output {place}")
        for value in reversed(simple.order):
            readers[value].sort()
            for place, source in enumerate(simple.sources[value]):
                where = "" if value in simple.unordered else str(place)
                readers[source].append(digest(keys[value], *readers[value], where))
        keys = dict(keys)
        groups = {group[0]: group for group in simple.weights.values()}
        alike = {first: digest(*sorted([keys[other] for other in group])) for first, group in groups.items()}
        for value in simple.order:
            below = sorted([keys[source] for source in simple.sources[value]])
            tied = [alike[simple.weights[value][0]]] if value in simple.weights else []
            keys[value] = digest(keys[value], *readers[value], "/", *below, *tied)
    return keys


def digest(*parts: str) -> str:
    """Return 24 hexadecimal digits of the SHA-256 of some texts."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:24]
