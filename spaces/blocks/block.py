"""A block: a plain function over a symbolic tensor whose signature is its schema.

::

    @block
    def bottleneck(x: Tensor, *, width: int, stride: int = 1, kernel: Odd = 3) -> Tensor:
        '''x + f(x), f = 1x1 reduce, kxk, 1x1 expand (He et al. 2015, fig. 5 right).'''

From this one definition follow its shapes, costs, module, source and place in the language.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, get_type_hints, overload

from ..graph import Body, Node, Shape, Style, Tensor, Totals, Trace
from ..kinds import kind_of
from ..values import Value
from .kinds import FLAG, WHOLE, Kind

P = ParamSpec("P")
Args: TypeAlias = tuple[tuple[str, Value], ...]
BlockFunction: TypeAlias = "Callable[Concatenate[Tensor, P], Tensor]"
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
        repeats: Whether a row may repeat it `depth` times.
    """

    composed = False
    """Whether it is made of rows, which may come down to any size."""

    def __init__(self, function: BlockFunction[P], *, styled: bool, repeats: bool) -> None:
        self.function = function
        self.word = function.__name__.rstrip("_")
        self.doc = inspect.cleandoc(function.__doc__ or "")
        self.styled = styled
        self.maps, self.variadic = _maps(function)
        self.parameters = _parameters(function)
        self.repeats = repeats and "depth" not in self.parameters and self.maps == ("x",)
        self.identifiers = tuple(map(identifier, self.parameters))
        self.defaults = tuple((p.name, p.default) for p in self.parameters.values())

    def __repr__(self) -> str:
        return f"<block {self.word}>"

    def __call__(self, x: Tensor, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        """Place the block inside another one, as a body of its own."""
        inputs = (x, *args)
        shapes = tuple([y.shape for y in inputs])  # type: ignore[attr-defined]
        body = trace(self, shapes, x.style, self.arguments({_word(k): v for k, v in kwargs.items()}))  # type: ignore[misc]
        return x.trace.call(body, *inputs)  # type: ignore[arg-type]

    def map_names(self, count: int) -> tuple[str, ...]:
        """Return the names of so many maps."""
        return (*self.maps, *(f"x{number}" for number in range(len(self.maps) + 1, count + 1)))

    def arguments(self, values: Mapping[str, Value]) -> Args:
        """Return the arguments in the order of the signature, defaults filled in."""
        return tuple([(name, values.get(name, default)) for name, default in self.defaults])


@overload
def block(function: BlockFunction[P]) -> Block[P]: ...
@overload
def block(*, styled: bool = True, repeats: bool = True) -> Callable[[BlockFunction[P]], Block[P]]: ...
def block(
    function: BlockFunction[P] | None = None, *, styled: bool = True, repeats: bool = True
) -> Block[P] | Callable[[BlockFunction[P]], Block[P]]:
    """Make a function a block. A parameter `_1x1` is `1x1` in the language."""
    if function is not None:
        return Block(function, styled=styled, repeats=repeats)
    return lambda inner: Block(inner, styled=styled, repeats=repeats)


@lru_cache(maxsize=REMEMBERED)
def trace(word: Block[Any], shapes: tuple[Shape, ...], style: Style, args: Args) -> Body:
    """Return the body of a block for the shapes of the maps it reads, remembered.

    Raises:
        ShapeError: If the block cannot be built on these.
    """
    recorder = Trace(shapes, style)
    values = zip(word.identifiers, [value for _, value in args], strict=True)
    result = word.function(*recorder.arguments(), **dict(values))
    alone = recorder.nodes[0].op if len(recorder.nodes) == 1 else None
    if isinstance(alone, Body) and recorder.nodes[0].inputs == tuple(range(len(shapes))):
        return alone  # a block that is another one needs no class around it
    names = word.maps if len(shapes) == 1 else word.map_names(len(shapes))
    nodes, costs = _chain(recorder.nodes), tuple(recorder.costs)
    return Body(word.word, args, word.doc, shapes, nodes, costs, (result.index,), names)


@lru_cache(maxsize=REMEMBERED)
def repeat(word: Block[Any], shapes: tuple[Shape, ...], style: Style, args: Args, depth: int) -> Body:
    """Return `depth` blocks one after the other, the stride in the first alone, remembered."""
    if depth == 1 or not word.repeats:
        return trace(word, shapes, style, args)
    rest = tuple([(name, 1 if name == "stride" else value) for name, value in args])
    nodes: list[Node] = []
    costs: list[Totals] = []
    for index in range(depth):
        body = trace(word, shapes, style, rest if index else args)
        shapes = (body.shape,)
        nodes.append(Node(body, (index,), body.shape, str(index)))
        costs.append(body.totals)
    inputs = nodes[0].op.inputs  # type: ignore[union-attr]
    return Body(word.word, args, word.doc, inputs, tuple(nodes), tuple(costs), (depth,))


def _chain(nodes: list[Node]) -> tuple[Node, ...]:
    """Name the nodes of a plain chain of blocks 0, 1, 2, ...: it becomes an `nn.Sequential`."""
    if all(isinstance(node.op, Body) and node.inputs == (i,) for i, node in enumerate(nodes)):
        return tuple([node._replace(name=str(i)) for i, node in enumerate(nodes)])
    return tuple(nodes)


def _maps(function: Callable[..., Tensor]) -> tuple[tuple[str, ...], bool]:
    """Return the names of the positional parameters, and whether any number of others may follow."""
    kinds = [(p.kind, _word(p.name)) for p in inspect.signature(function).parameters.values()]
    named = tuple(name for kind, name in kinds if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert named[:1] == ("x",), f"{function.__name__}: the first parameter is the map `x`"
    return named, any(kind is inspect.Parameter.VAR_POSITIONAL for kind, _ in kinds)


def _parameters(function: Callable[..., Tensor]) -> dict[str, Parameter]:
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


def identifier(word: str) -> str:
    """Return a word as Python names it: `_1x1` for `1x1`."""
    return word if word.isidentifier() else f"_{word}"
