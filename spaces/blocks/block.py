"""A block: a plain function over a symbolic tensor whose signature is its schema.

::

    @block
    def bottleneck(x: Tensor, *, width: int, stride: int = 1, kernel: Odd = 3) -> Tensor:
        '''x + f(x), f = 1x1 reduce, kxk, 1x1 expand (He et al. 2015, fig. 5 right).'''

From this one definition follow its shapes, costs, module, source and place in the language.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeAlias, get_type_hints, overload

from ..graph import Body, Node, Shape, Style, Tensor, Totals, Trace
from ..kinds import kind_of
from ..naming import variable
from ..values import Value, identifier
from .kinds import FLAG, WHOLE, Kind

P = ParamSpec("P")
Excludes: TypeAlias = "Mapping[str, tuple[str, ...]]"
Args: TypeAlias = tuple[tuple[str, Value], ...]
BlockFunction: TypeAlias = "Callable[Concatenate[Tensor, P], Tensor | tuple[Tensor, ...]]"
"""The positional parameters are maps, the keyword-only ones are what a row gives."""

REMEMBERED = 2**15
"""Bodies kept in memory: about 100 MB when full, at some three kilobytes a body."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a block: its word, kind and default."""

    name: str
    kind: Kind
    required: bool
    default: Value = None


class Block(Generic[P]):
    """A word of the language.

    Attributes:
        word: How rows name it.
        doc: Its formula, with the source.
        maps: Names of the maps it reads, the first one `x`; a row names the others, as in `like: conv1`.
        variadic: Whether it reads any number of maps after these.
        parameters: What it takes, by word.
        styled: Whether rows may override `norm`, `act` and `bias`.
        lacks: What of the style means nothing to it all the same.
        repeats: Whether a row may repeat it `depth` times.
        ordered: Whether its first map is unlike the others, so that none of them can stand in its place.
        excludes: Parameters beside which others mean nothing, with these others.
    """

    outputs: tuple[str, ...] = ()
    """Names of what it gives, where that is several maps: the first is what the next row reads."""
    composed = False
    """Whether it is made of rows, which may come down to any size."""
    numbered = True
    """Whether blocks one after the other, and nothing else, are numbered in it: an `nn.Sequential`."""

    excludes: Excludes = MappingProxyType({})
    lacks: tuple[str, ...] = ()
    ordered = False

    def __init__(
        self,
        function: BlockFunction[P],
        *,
        styled: bool,
        repeats: bool,
        ordered: bool = False,
        excludes: Excludes | None = None,
        lacks: tuple[str, ...] = (),
    ) -> None:
        self.function = function
        self.word = function.__name__.rstrip("_")
        self.doc = inspect.cleandoc(function.__doc__ or "")
        self.styled = styled
        self.lacks = lacks
        self.ordered = ordered
        self.excludes = excludes or {}
        self.maps, self.variadic = _maps(function)
        self.parameters = _parameters(function)
        self.repeats = repeats and "depth" not in self.parameters and self.maps == ("x",)
        self.identifiers = tuple(map(identifier, self.parameters))
        self.defaults = tuple((p.name, p.default) for p in self.parameters.values())

    def __repr__(self) -> str:
        return f"<block {self.word}>"

    def doc_on(self, rank: int) -> str:
        """Return the formula on maps of so many axes."""
        return self.doc

    def __call__(self, x: Tensor, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        """Place the block inside another one, as a body of its own."""
        inputs = (x, *args)
        shapes = tuple([y.shape for y in inputs])  # type: ignore[attr-defined]
        body = trace(self, shapes, x.style, self.arguments({_word(k): v for k, v in kwargs.items()}))  # type: ignore[misc]
        return x.trace.call(body, *inputs)  # type: ignore[arg-type]

    def map_names(self, count: int) -> tuple[str, ...]:
        """Return the names of so many maps."""
        return (*self.maps, *(f"x{number}" for number in range(len(self.maps) + 1, count + 1)))

    def clash(self, given: Mapping[str, object]) -> tuple[str, str] | None:
        """Return a parameter that means nothing beside another that is given as well, and that it does so.

        Beside the default of the other, which may be spelled out, it means what it does alone.
        """
        for word, others in self.excludes.items():
            for other in others:
                if word in given and given[word] != self.parameters[word].default and other in given:
                    return other, f"{self.word} has no '{other}' beside '{word}'; take one of them out"
        return None

    def giving(self, names: Collection[str]) -> Block[Any]:
        """Return the block of these of its outputs, without what only the others need."""
        return self

    @property
    def through(self) -> Block[Any]:
        """The block that gives what the next one of its row reads, and nothing beside."""
        return self

    def arguments(self, values: Mapping[str, Value]) -> Args:
        """Return the arguments in the order of the signature, defaults filled in."""
        return tuple([(name, values.get(name, default)) for name, default in self.defaults])

    def given(self, args: Args) -> Args:
        """Return the arguments that a row gives; those that follow are what the block reads of its table."""
        return args[: len(self.parameters)]


@overload
def block(function: BlockFunction[P]) -> Block[P]: ...
@overload
def block(
    *,
    styled: bool = True,
    repeats: bool = True,
    ordered: bool = False,
    excludes: Excludes | None = None,
    lacks: tuple[str, ...] = (),
) -> Callable[[BlockFunction[P]], Block[P]]: ...
def block(
    function: BlockFunction[P] | None = None,
    *,
    styled: bool = True,
    repeats: bool = True,
    ordered: bool = False,
    excludes: Excludes | None = None,
    lacks: tuple[str, ...] = (),
) -> Block[P] | Callable[[BlockFunction[P]], Block[P]]:
    """Make a function a block. A parameter `_1x1` is `1x1` in the language."""
    if function is not None:
        return Block(function, styled=styled, repeats=repeats)
    return lambda inner: Block(
        inner, styled=styled, repeats=repeats, ordered=ordered, excludes=excludes, lacks=lacks
    )


class StyledBlock(NamedTuple):
    """A block in a network's style: what a body was traced from.

    Attributes:
        reads: What the block reads of its table, beside its arguments.
    """

    block: Block[Any]
    style: Style
    reads: Args

    @property
    def defaults(self) -> Mapping[str, Value]:
        """What its arguments are where nothing else is given."""
        return dict(self.block.defaults)

    def trace(self, inputs: tuple[Shape, ...], args: Args) -> Body:
        """Return the body on other inputs or with other arguments.

        Raises:
            SpaceError: If it cannot be built on these.
        """
        return trace(self.block, inputs, self.style, (*args, *self.reads))


@lru_cache(maxsize=REMEMBERED)
def trace(word: Block[Any], shapes: tuple[Shape, ...], style: Style, args: Args) -> Body:
    """Return the body of a block for the shapes of the maps it reads, remembered.

    Raises:
        ShapeError: If the block cannot be built on these.
    """
    recorder = Trace(shapes, style)
    values = zip(word.identifiers, [value for _, value in args], strict=True)
    result = word.function(*recorder.arguments(), **dict(values))
    results = tuple([x.index for x in result]) if isinstance(result, tuple) else (result.index,)
    alone = recorder.nodes[0].op if len(recorder.nodes) == 1 else None
    if (
        isinstance(alone, Body)
        and len(results) == len(alone.outputs) == 1
        and recorder.nodes[0].inputs == tuple(range(len(shapes)))
    ):
        return alone  # a block that is another one needs no class around it
    names = tuple(map(variable, word.maps if len(shapes) == 1 else word.map_names(len(shapes))))
    whole = results == (len(recorder.nodes),)
    nodes = _chain(recorder.nodes) if whole and word.numbered else tuple(recorder.nodes)
    own, costs = word.given(args), tuple(recorder.costs)
    origin = StyledBlock(word, style, args[len(own) :])
    doc = word.doc_on(len(shapes[0]) - 1)
    return Body(word.word, own, doc, shapes, nodes, costs, results, names, word.outputs, origin)


@lru_cache(maxsize=REMEMBERED)
def repeat(word: Block[Any], shapes: tuple[Shape, ...], style: Style, args: Args, depth: int) -> Body:
    """Return `depth` blocks one after the other, the stride in the first alone, remembered."""
    if depth == 1 or not word.repeats:
        return trace(word, shapes, style, args)
    if len(word.outputs) > 1 or word.through is not word:
        return _repeat_outputs(word, shapes, style, args, depth)
    rest = tuple([(name, 1 if name == "stride" else value) for name, value in args])
    nodes: list[Node] = []
    costs: list[Totals] = []
    for index in range(depth):
        body = trace(word, shapes, style, rest if index else args)
        shapes = (body.shape,)
        nodes.append(Node(body, (index,), body.shape, str(index)))
        costs.append(body.totals)
    inputs = nodes[0].op.inputs  # type: ignore[union-attr]
    return Body(word.word, word.given(args), word.doc, inputs, tuple(nodes), tuple(costs), (depth,))


def _repeat_outputs(
    word: Block[Any], shapes: tuple[Shape, ...], style: Style, args: Args, depth: int
) -> Body:
    """Return blocks of several outputs one after the other; each reads the first one of the block before it.

    What they give beside is that of the last one.
    """
    recorder = Trace(shapes, style)
    (x,) = recorder.arguments()
    rest = tuple([(name, 1 if name == "stride" else value) for name, value in args])
    for index in range(depth):
        each = word if index == depth - 1 else word.through
        body = trace(each, (x.shape,), style, rest if index else args)
        x = recorder.call(body, x)
    results = tuple([y.index for y in recorder.outputs(x, body)])
    doc = f"{depth} blocks one after the other; what they give beside is that of the last one."
    nodes, costs = tuple(recorder.nodes), tuple(recorder.costs)
    return Body(f"{word.word}_row", (), doc, shapes, nodes, costs, results, output_names=word.outputs)


def _chain(nodes: list[Node]) -> tuple[Node, ...]:
    """Name the nodes of a plain chain of blocks 0, 1, 2, ...: it becomes an `nn.Sequential`."""
    chained = (isinstance(node.op, Body) and node.inputs == (i,) for i, node in enumerate(nodes))
    if all(chained) and not any(node.like for node in nodes):
        return tuple([node._replace(name=str(i)) for i, node in enumerate(nodes)])
    return tuple(nodes)


def _maps(function: Callable[..., object]) -> tuple[tuple[str, ...], bool]:
    """Return the names of the positional parameters, and whether any number of others may follow."""
    kinds = [(p.kind, _word(p.name)) for p in inspect.signature(function).parameters.values()]
    named = tuple(name for kind, name in kinds if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert named[:1] == ("x",), f"{function.__name__}: the first parameter is the map `x`"
    return named, any(kind is inspect.Parameter.VAR_POSITIONAL for kind, _ in kinds)


def _parameters(function: Callable[..., object]) -> dict[str, Parameter]:
    hints = get_type_hints(function, include_extras=True)
    parameters = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        required = parameter.default is inspect.Parameter.empty
        kind = _kind(hints[name])
        default = None if required else kind.accept(parameter.default)
        parameters[_word(name)] = Parameter(name=_word(name), kind=kind, required=required, default=default)
    return parameters


def _kind(hint: Any) -> Kind:
    kind = kind_of(hint)
    assert kind or hint in (int, bool), f"a parameter of type {hint} needs a Kind"
    return kind or (FLAG if hint is bool else WHOLE)


def _word(name: str) -> str:
    return name.removeprefix("_")
