"""Numbered rows: `stage_1`, `stage_2`, ... one after the other are one module `stage` of blocks 0, 1, ...

Each reads what the one before gives. Further inputs are the same for all, or one of them is what the one
before read: the cells of NASNet read the last two maps. Rows of one input are a sequence, the others a loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..graph import FREE, Body, Node, Output, Totals, make
from ..naming import attribute
from .rows import BEFORE

Readers: TypeAlias = dict[int, list[int]]

NUMBERED = re.compile(r"(.+)_([1-9][0-9]*)")
FEWEST = 2


def in_rows(body: Body) -> Body:
    """Return a network whose numbered rows are one node."""
    readers = _readers(body)
    runs = [run for run in _runs(body, readers) if len(run) >= FEWEST]
    if not runs:
        return body
    whole = {run[0]: run for run in runs}
    inner = {index for run in runs for index in run}
    count = len(body.inputs)
    values = list(range(count))
    nodes: list[Node] = []
    costs = []

    def add(node: Node, cost: Totals) -> int:
        nodes.append(node)
        costs.append(cost)
        return count + len(nodes) - 1

    for index, node in enumerate(body.nodes):
        if index in inner and index not in whole:
            continue  # within its run
        inputs = tuple([values[value] for value in node.inputs])
        if run := whole.get(index):
            op, name = _rows(body, run, readers), attribute(stem_of(node.name))
            last = add(Node(op, inputs, op.shape, name), op.totals)
            values += [last] * len(run)
            if len(op.outputs) > 1:
                output = Node(make(Output, (1,)), (last,), op.shapes[1], f"{name}_{BEFORE}")
                values[count + run[-2]] = add(output, FREE)
        else:
            values.append(add(node._replace(inputs=inputs), body.costs[index]))
    outputs = tuple([values[value] for value in body.outputs])
    return Body(body.word, body.args, body.doc, body.inputs, tuple(nodes), tuple(costs), outputs, body.names)


def stem_of(name: str) -> str:
    """Return what numbered rows have in common.

    >>> stem_of("stage_12"), stem_of("stage")
    ('stage', '')
    """
    match = NUMBERED.fullmatch(name)
    return match[1] if match else ""


def is_numbered(body: Body) -> bool:
    """Tell whether a body is made of numbered rows."""
    return not body.word


def before_of(body: Body) -> int:
    """Return which input of numbered rows is what the row before read; 0 if none is."""
    return next((at for at in range(1, len(body.inputs)) if body.nodes[1].inputs[at] == 0), 0)


def _rows(body: Body, run: Sequence[int], readers: Readers) -> Body:
    """Return numbered rows as one body; it gives the last but one value too, where that is read."""
    before, count = _before(body, run), len(body.nodes[run[0]].inputs)
    blocks = []
    for at, index in enumerate(run):
        op, _, shape, *_ = body.nodes[index]
        inputs = [count + at - 1 if at else 0, *range(1, count)]
        if at and before:
            inputs[before] = count + at - 2 if at > 1 else 0
        blocks.append(Node(op, tuple(inputs), shape, str(at)))
    last = count + len(run) - 1
    outputs = (last,) if _alone(body, run, run[-2], readers) else (last, last - 1)
    first = body.nodes[run[0]]
    assert isinstance(first.op, Body)
    shapes = tuple([body.shape_of(value) for value in first.inputs])
    costs = tuple([body.costs[index] for index in run])
    return Body("", (), "", shapes, tuple(blocks), costs, outputs, ("x", *first.op.names[1:]))


def _runs(body: Body, readers: Readers) -> Iterator[list[int]]:
    """Yield the longest runs of blocks that are numbered from 1."""
    taken = {node.name for node in body.nodes}
    shared = {node.like for node in body.nodes} | {node.name for node in body.nodes if node.like}
    for start, node in enumerate(body.nodes):
        stem = stem_of(node.name)
        if node.name != f"{stem}_1" or stem in taken:
            continue
        run: list[int] = []
        for index in range(start, len(body.nodes)):
            block = body.nodes[index]
            if not _is_block(block, node) or block.name != f"{stem}_{len(run) + 1}" or block.name in shared:
                break
            run.append(index)
        if len(run) >= FEWEST:
            closed = _closed(body, run, readers)
            if any(isinstance(op := body.nodes[index].op, Body) and not op.sequence for index in closed):
                yield closed


def _is_block(node: Node, first: Node) -> bool:
    """Tell whether a node is a block of one output.

    One that is a sequence itself counts beside others of its word: the first of a stage, without a shortcut.
    """
    op = node.op
    if not isinstance(op, Body) or not isinstance(first.op, Body) or len(op.outputs) > 1:
        return False
    alike = op.word == first.op.word
    return alike and op.definition is not None if op.sequence or first.op.sequence else True


def _closed(body: Body, run: Sequence[int], readers: Readers) -> list[int]:
    """Return the blocks of a run up to one that reads other things, or that other nodes read."""
    before, first = _before(body, run), body.nodes[run[0]].inputs
    values = [first[0], *(len(body.inputs) + index for index in run)]
    for at in range(1, len(run)):
        inputs = [values[at], *first[1:]]
        if before:
            inputs[before] = values[at - 1]
        open_at = (
            at - 2 if before else at - 1
        )  # what is read elsewhere ends a run, which gives its last one or two
        if body.nodes[run[at]].inputs != tuple(inputs) or (
            open_at >= 0 and not _alone(body, run, run[open_at], readers)
        ):
            return list(run[:at])
    return list(run)


def _before(body: Body, run: Sequence[int]) -> int:
    """Return which input of the blocks of a run is what the block before read; 0 if none is."""
    start, count = body.nodes[run[0]].inputs, len(body.inputs)
    numbers = (start[0], *(count + index for index in run[:-1]))
    for at in range(1, len(start)):
        read = [body.nodes[index].inputs[at : at + 1] for index in run[1:3]]
        if all(inputs == (value,) for inputs, value in zip(read, numbers, strict=False)):
            return at
    return 0


def _alone(body: Body, run: Sequence[int], index: int, readers: Readers) -> bool:
    """Tell whether the blocks of a run alone read what one of them gives."""
    return all(run[0] <= reader <= run[-1] for reader in readers.get(len(body.inputs) + index, ()))


def _readers(body: Body) -> Readers:
    """Return the nodes that read each value; one past the last of them for the results."""
    readers: Readers = {}
    for index, node in enumerate(body.nodes):
        for value in node.inputs:
            readers.setdefault(value, []).append(index)
    for value in body.outputs:
        readers.setdefault(value, []).append(len(body.nodes))
    return readers
