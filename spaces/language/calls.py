"""Calls: the blocks, arguments decided, that rows come down to, and the graph and costs they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..blocks import Block, repeat
from ..blocks.block import Args
from ..errors import ShapeError
from ..graph import Body, Shape, Style, Tensor, Totals, Trace
from ..values import shape_text
from .document import Place
from .rows import INPUT

MAX_SIZE = 100_000
"""Operators of one network, and blocks made of rows; a row without either counts as one."""
MAX_LEVELS = 100
"""Blocks that stand within each other, the rows that repeat them counted as blocks."""
TOO_LARGE = f"a network has at most {MAX_SIZE:,} operators and blocks; this one comes down to more"
NOTHING_LEFT = "no block is left: every depth is 0"


class Call(NamedTuple):
    """A block with everything decided: what a row comes down to.

    Attributes:
        name: Its name among the calls.
        args: The block's arguments in the order of its signature.
        depth: Number of blocks; with 0 its input passes on.
        style: Norm, activation and bias of its convolutions.
        row: Index of the row in its scope, for messages.
        sources: Names of the maps it reads; nothing where it reads what the call before it gives.
        binds: Names under which later calls read what it gives.
    """

    block: Block[Any]
    name: str
    args: Args
    depth: int
    style: Style
    row: int
    sources: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()

    def body(self, shapes: tuple[Shape, ...]) -> Body:
        """Return the row's body on the shapes of what it reads, remembered.

        Raises:
            RowShapeError: If it does not fit these.
        """
        try:
            body = repeat(self.block, shapes, self.style, self.args, self.depth)
            if self.block.composed:
                check_size(body)
        except RowError as error:
            error.user = self.row
            raise
        except ShapeError as error:
            # Of rows within each other, the outermost and the innermost are named.
            nested = error if isinstance(error, RowShapeError) else None
            law = f"... {nested.innermost}" if nested and nested.innermost else str(error)
            innermost = (nested.innermost or str(nested)) if nested else ""
            where = f"{self.name} on {' and '.join(map(shape_text, shapes))}"
            raise RowShapeError(f"{where}: {law}", self.row, innermost) from None
        return body


class RowError(ShapeError):
    """A row of a composed block does not follow the language, for the arguments it has.

    Attributes:
        place: Where it stands in the table.
        at_key: Whether the word there is meant, rather than its value.
        user: Index of the row in `layers` that uses the block, if the error came up there.
    """

    user: int | None = None

    def __init__(self, message: str, place: Place, *, at_key: bool = False) -> None:
        super().__init__(message)
        self.place = place
        self.at_key = at_key

    def __reduce__(self) -> tuple[Any, ...]:
        return RowError, (str(self), self.place), vars(self)


class RowShapeError(ShapeError):
    """A row does not fit the map it reads.

    Attributes:
        row: Its index in its scope.
        innermost: Where the row is a block of rows: what is said of the row that does not fit.
    """

    def __init__(self, message: str, row: int, innermost: str = "") -> None:
        super().__init__(message)
        self.row = row
        self.innermost = innermost

    def __reduce__(self) -> tuple[Any, ...]:
        return RowShapeError, (str(self), self.row, self.innermost)


def lay(calls: Iterable[Call], maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Place calls in the trace of the maps they read; return every map by name, the last one as ``.

    Raises:
        RowShapeError: If a row does not fit the maps it reads.
    """
    values = dict(maps)
    last = values[INPUT]
    trace = last.trace
    for call in calls:
        inputs = tuple([values[name] for name in call.sources]) or (last,)
        last = inputs[0]
        if call.depth:
            last = trace.embed(call.name, call.body(tuple([x.shape for x in inputs])), inputs)
        for name in call.binds:
            values[name] = last
    values[""] = last
    return values


def reaching(calls: Sequence[Call], outputs: tuple[str, ...] = ()) -> list[Call]:
    """Return the calls that reach the outputs: the last call unless these are named."""
    wanted = set(outputs)
    reached: list[Call] = []
    reads_above = not outputs
    for call in reversed(calls):
        if reads_above or not wanted.isdisjoint(call.binds):
            reached.append(call)
            wanted.update(call.sources)
            reads_above = not call.sources
    return reached[::-1]


def network_body(name: str, calls: Sequence[Call], shape: Shape, outputs: tuple[str, ...]) -> Body:
    """Return the body of a whole network: a node a row, or the operators of a row with at most one module.

    Raises:
        RowShapeError: If a row does not fit the maps it reads.
    """
    trace = Trace((shape,), Style())
    values = lay(calls, {INPUT: trace.arguments()[0]})
    if not trace.nodes:
        raise RowShapeError(NOTHING_LEFT, 0)
    results = tuple([values[output].index for output in outputs or ("",)])
    body = Body(name, (), "", (shape,), tuple(trace.nodes), tuple(trace.costs), results)
    if any(call.block.composed for call in calls):
        check_size(body)
    return body


def measure(calls: Iterable[Call], shape: Shape) -> Totals:
    """Return the costs of calls from remembered bodies.

    Raises:
        ShapeError: If a row does not fit the maps it reads, or the network is too large.
    """
    body = None
    params = macs = other = activations = size = 0
    shapes = {INPUT: shape}
    for block, _, args, depth, style, _, sources, binds in calls:
        inputs = tuple([shapes[name] for name in sources]) if sources else (shape,)
        shape = inputs[0]
        if depth:
            body = repeat(block, inputs, style, args, depth)
            part = body.totals
            params += part[0]
            macs += part[1]
            other += part[2]
            activations += part[3]
            shape = body.shape
            if block.composed:
                size += body.extent[0]
        for name in binds:
            shapes[name] = shape
    if body is None:
        raise ShapeError(NOTHING_LEFT)
    if size > MAX_SIZE:
        raise ShapeError(TOO_LARGE)
    return Totals(params, macs, other, activations)


def check_size(body: Body) -> None:
    """Raise a ShapeError if a body comes down to more than one network may hold."""
    size, levels = body.extent
    if size > MAX_SIZE:
        raise ShapeError(TOO_LARGE)
    if levels > MAX_LEVELS:
        raise ShapeError(f"blocks stand within each other at most {MAX_LEVELS} deep")
