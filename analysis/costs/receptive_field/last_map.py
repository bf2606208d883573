"""The receptive field of the last map of a network: one number for thousands of them, from remembered blocks.

What a block sees depends only on its body and on what the maps see that it reads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from archscape.spaces.graph import Body, Graph
from archscape.spaces.graph.body import through_rows

from . import Axes, axes_seen, field_of, own_axes


class _Seen(NamedTuple):
    """What the operators of a body see.

    Attributes:
        outputs: What the elements of each output see; None where an output does not see the input.
        size: Smallest extent of the field of the last map: of the last operator that writes more than one
            place, or of the last one that writes a map at all; 0 where there is none.
        is_map: Whether that writes more than one place.
    """

    outputs: tuple[Axes | None, ...]
    size: int
    is_map: bool


def last_map_field(body: Body) -> int:
    """Return the receptive field of the last map of a network along its smallest axis, in input elements.

    The last map is the output of the last operator that writes more than one place. Of several inputs it is
    the field on the first. It is 0 where no operator sees that input.

    >>> from archscape.spaces import load_network
    >>> last_map_field(load_network("vgg16").body)
    212
    """
    return _through(body, (own_axes(body.inputs[0]), *(None for _ in body.inputs[1:]))).size


def _through(body: Body, inputs: tuple[Axes | None, ...]) -> _Seen:
    """Return what a body sees, from the blocks that it is made of."""
    if not any(isinstance(node.op, Body) for node in body.nodes):
        return _operators(body, inputs)
    last = _Seen((), 0, False)

    def part(inner: Body, read: tuple[Axes | None, ...]) -> tuple[Axes | None, ...]:
        nonlocal last
        seen = _remembered(inner, read)
        if seen.size and (seen.is_map or not last.is_map):
            last = seen
        return seen.outputs

    outputs = through_rows(body, inputs, part)
    return last._replace(outputs=outputs)


_remembered = lru_cache(maxsize=65536)(_through)


def _operators(body: Body, inputs: tuple[Axes | None, ...]) -> _Seen:
    """Return what a body of operators alone sees."""
    flat = Graph(body.word, body).flatten()
    values = axes_seen(flat, inputs)
    outputs = tuple([values[output] for output in flat.outputs])
    last = _Seen(outputs, 0, False)
    for node, axes in zip(reversed(flat.nodes), reversed(values), strict=False):
        if axes is None or len(node.shape) < 2:
            continue
        if max(node.shape[1:]) > 1:
            return _Seen(outputs, min(field_of(axes).size), True)
        last = last if last.size else _Seen(outputs, min(field_of(axes).size), False)
    return last
