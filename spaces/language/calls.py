"""Calls: the blocks, arguments decided, that rows come down to, and the graph and costs they give."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple, TypeVar

from ..blocks import Block, repeat
from ..blocks.block import Args
from ..errors import ShapeError
from ..graph import Body, Shape, Style, Tensor, Totals, Trace
from ..naming import variable
from ..values import shape_text
from .document import Place
from .numbered_rows import in_rows
from .rows import INPUT, MAX_NAME

T = TypeVar("T")
MAX_SIZE = 100_000
"""Operators of one network, and blocks made of rows; a row without either counts as one."""
MAX_LEVELS = 100
"""Blocks that stand within each other, the rows that repeat them counted as blocks."""
TOO_LARGE = f"a network has at most {MAX_SIZE:,} operators and blocks; this one comes down to more"


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
        like: Name of the call whose weights it shares, nothing if it has its own.
        times: Number of times that it applies these one after the other.
    """

    block: Block[Any]
    name: str
    args: Args
    depth: int
    style: Style
    row: int
    sources: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    like: str = ""
    times: int = 1

    def bodies(self, shapes: tuple[Shape, ...], owner: Body | None) -> list[Body]:
        """Return the bodies that it applies one after the other, on the shapes of what it reads.

        Args:
            shapes: The shapes.
            owner: The body whose weights it shares, if it shares some.

        Raises:
            RowShapeError: If one does not fit what it reads, or its weights would not be those of the owner.
        """
        bodies: list[Body] = []
        for _ in range(self.times):
            body = self.body(shapes)
            if owner is not None and not owner.same_module(body):
                raise RowShapeError(self._other_weights(owner, shapes), self.row)
            if self.like and not body.has_weights:
                raise RowShapeError(f"'{self.like}' has no weights that '{self.name}' could share", self.row)
            bodies.append(body)
            shapes = (body.shape, *shapes[1:])
        return bodies

    def _other_weights(self, owner: Body, shapes: tuple[Shape, ...]) -> str:
        """Return why a row cannot share the weights of another on these shapes."""
        theirs, ours = (" and ".join(map(shape_text, each)) for each in (owner.inputs, shapes))
        why = "other channels" if owner.inputs[0][0] != shapes[0][0] else "a map that needs other layers"
        law = f"'{self.name}' shares the weights of '{self.like}', which reads {theirs}"
        return f"{law}; it reads {ours}, {why}"

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


def nothing_left(calls: Collection[Call]) -> str:
    """Return why calls give no network: none of them computes anything."""
    if any(call.depth for call in calls):
        return "the network computes nothing: no row changes its input"
    return "no block is left: every depth is 0"


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
    """Place calls in the trace of the maps they read, the first call on the first one.

    Return every map by name, the last one as ``.

    Raises:
        RowShapeError: If a row does not fit the maps it reads.
    """
    values = dict(maps)
    last = next(iter(maps.values()))
    trace = last.trace
    owners: dict[str, Body] = {}
    for call in calls:
        inputs = tuple([named(values, name, call.row) for name in call.sources]) or (last,)
        outputs = inputs[:1]
        if call.like and call.depth:
            shapes = tuple([x.shape for x in inputs])
            for number, body in enumerate(call.bodies(shapes, owners[call.like])):
                name = call.name if call.times == 1 else f"{call.name}.{number}"
                outputs = trace.embed(name, body, (outputs[0], *inputs[1:]), call.like)
        elif call.depth:
            owners[call.name] = body = call.body(tuple([x.shape for x in inputs]))
            outputs = trace.embed(call.name, body, inputs)
        last = outputs[0]
        for name in call.binds:
            bind(values, name, call.block, outputs)
    values[""] = last
    return values


def named(values: Mapping[str, T], name: str, row: int) -> T:
    """Return what a row reads by name.

    Raises:
        RowShapeError: If it is an output of a block that does not stand.
    """
    if name not in values:
        other, _, output = name.partition(".")
        raise RowShapeError(f"'{other}' has no block, and so no output '{output}'", row)
    return values[name]


def bind(values: dict[str, T], name: str, block: Block[Any], given: Sequence[T]) -> None:
    """Note what a row gives under its name; the outputs of a block of several under theirs too."""
    values[name] = given[0]
    for output, value in zip(block.outputs, given, strict=bool(block.outputs)):
        values[f"{name}.{output}"] = value


def reaching(
    calls: Sequence[Call], outputs: tuple[str, ...] = (), maps: Collection[str] = (INPUT,)
) -> list[Call]:
    """Return the calls that reach the outputs, the last call unless these are named; `maps` are given."""
    wanted = set(outputs)
    rows = {name.partition(".")[0] for name in outputs}
    reached: list[Call] = []
    reads_above = not outputs
    read_outputs: dict[str, set[str]] = {}
    for call in reversed(calls):
        if reads_above or not rows.isdisjoint(call.binds):
            if call.block.outputs:
                read = outputs_read(call, wanted, reads_above=reads_above)
                read_outputs.setdefault(call.like or call.name, set()).update(read)
            reached.append(call)
            wanted.update(call.sources)
            rows.update([name.partition(".")[0] for name in call.sources])
            reads_above = not call.sources
    reached.reverse()
    if read_outputs:
        reached = [
            call._replace(block=call.block.giving(read_outputs[call.like or call.name]))
            if call.block.outputs
            else call
            for call in reached
        ]
    return with_owners(reached, maps) if any(call.like for call in reached) else reached


def outputs_read(call: Call, wanted: Collection[str], *, reads_above: bool) -> set[str]:
    """Return the outputs of a call's block that are read by name, or by the row below it."""
    first, *others = call.block.outputs
    read = {name for name in (first, *others) if any(f"{bind}.{name}" in wanted for bind in call.binds)}
    if reads_above or call.times > 1 or any(bind in wanted for bind in call.binds):
        read.add(first)
    return read


def with_owners(calls: Sequence[Call], maps: Collection[str]) -> list[Call]:
    """Return calls of which the first one that uses some weights has them: nothing reads who had them."""
    taken = {*maps, *(name for call in calls for name in (call.name, *call.binds))}
    owners = {call.name: call.name for call in calls if not call.like}
    owned: list[Call] = []
    for call in calls:
        if not call.like or call.like in owners:
            owned.append(call._replace(like=owners[call.like]) if call.like else call)
            continue
        first = call.name if call.times == 1 else free_name(call.name, taken)
        taken.add(first)
        owners[call.like] = first
        owned.append(call._replace(name=first, like="", times=1))
        if call.times > 1:
            owned[-1] = owned[-1]._replace(binds=())
            rest = call._replace(like=first, times=call.times - 1, sources=())
            owned.append(rest)
    return owned


def free_name(stem: str, taken: Collection[str]) -> str:
    """Return a name for a row that is made of another, `NAME_1` unless that is taken."""
    suffixes = map("_{}".format, count(1))
    return next(name for end in suffixes if (name := stem[: MAX_NAME - len(end)] + end) not in taken)


def network_body(
    name: str, calls: Sequence[Call], inputs: Mapping[str, Shape], outputs: tuple[str, ...]
) -> Body:
    """Return the body of a whole network: a node a row, or the operators of a row with at most one module.

    Raises:
        RowShapeError: If a row does not fit the maps it reads, or nothing reads an input.
    """
    shapes = tuple(inputs.values())
    trace = Trace(shapes, Style())
    values = lay(calls, dict(zip(inputs, trace.arguments(), strict=True)))
    if not trace.nodes:
        raise RowShapeError(nothing_left(calls), 0)
    if len(inputs) > 1 and (law := unread_input(calls, inputs)):
        raise RowShapeError(law, 0)
    results = tuple([named(values, output, 0).index for output in outputs or ("",)])
    names = ("x",) if tuple(inputs) == (INPUT,) else tuple(map(variable, inputs))
    body = in_rows(Body(name, (), "", shapes, tuple(trace.nodes), tuple(trace.costs), results, names))
    if any(call.block.composed for call in calls):
        check_size(body)
    return body


def unread_input(calls: Sequence[Call], inputs: Collection[str]) -> str:
    """Return what is wrong if one of several inputs is read by none of the calls, or nothing."""
    first, *others = inputs
    read = {name for call in calls for name in call.sources}
    if calls and not calls[0].sources:
        read.add(first)
    return next((f"nothing reads the input '{name}'" for name in (first, *others) if name not in read), "")


def measure(calls: Sequence[Call], inputs_by_name: Mapping[str, Shape]) -> Totals:
    """Return the costs of calls from remembered bodies.

    Raises:
        ShapeError: If a row does not fit the maps it reads, nothing reads an input, or the network is too
            large.
    """
    body = None
    params = macs = other = activations = size = 0
    shapes = dict(inputs_by_name)
    shape = next(iter(shapes.values()))
    if len(shapes) > 1 and (law := unread_input(calls, inputs_by_name)):
        raise ShapeError(law)
    owners: dict[str, Body] = {}
    for call in calls:
        block, name, args, depth, style, row, sources, binds, like, _ = call
        inputs = tuple([named(shapes, source, row) for source in sources]) if sources else (shape,)
        outputs = inputs[:1]
        if depth and like:
            for body in call.bodies(inputs, owners[like]):
                part = body.totals
                macs += part[1]
                other += part[2]
                activations += part[3]
                outputs = body.shapes
                size += body.extent[0]
        elif depth:
            body = owners[name] = repeat(block, inputs, style, args, depth)
            part = body.totals
            params += part[0]
            macs += part[1]
            other += part[2]
            activations += part[3]
            outputs = body.shapes
            if block.composed:
                size += body.extent[0]
        shape = outputs[0]
        for each in binds:
            bind(shapes, each, block, outputs)
    if body is None:
        raise ShapeError(nothing_left(calls))
    if size > MAX_SIZE:
        raise ShapeError(f"{TOO_LARGE}: {size:,}")
    return Totals(params, macs, other, activations)


def check_size(body: Body) -> None:
    """Raise a ShapeError if a body comes down to more than one network may hold."""
    size, levels = body.extent
    if size > MAX_SIZE:
        raise ShapeError(f"{TOO_LARGE}: {size:,}")
    if levels > MAX_LEVELS:
        raise ShapeError(f"blocks stand within each other at most {MAX_LEVELS} deep, but got {levels:,}")
