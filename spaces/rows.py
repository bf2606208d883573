"""Rows: what the table of a network or a space is made of, and the calls they come down to."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from .blocks import Block, repeat
from .blocks.block import Args
from .blocks.kinds import ACT, FLAG, NORM, Kind
from .errors import ShapeError, SpaceError
from .expressions import Expr
from .graph import Body, Shape, Style, Totals
from .values import shape_text

STYLE: dict[str, Kind] = {"norm": NORM, "act": ACT, "bias": FLAG}
"""What `defaults:` may set, and a row of a styled block may override."""

_TAKEN = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
    dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule
    half ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters
    parameters register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
    register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to
    to_empty train training type xpu zero_grad self torch nn x
"""
RESERVED = frozenset(_TAKEN.split())
"""Names that a row cannot have: the module's own attributes, and what the generated source uses."""


MAX_NAME = 60
NOTHING_LEFT = "no block is left: every depth is 0"


class Row:
    """One row of the table: a word and what it is given. Immutable.

    Args:
        word: A block's word, or a word declared under `blocks`.
        args: Its parameters, and `name`, `depth`, `stride`, `per`, `norm`, `act`, `bias` where it takes them.

    >>> Row("conv", width=64, kernel=7, stride=2)
    Row('conv', width=64, kernel=7, stride=2)
    """

    __slots__ = ("args", "word")
    word: str
    args: Mapping[str, Expr]

    def __init__(self, word: str, /, **args: Expr) -> None:
        object.__setattr__(self, "word", word)
        object.__setattr__(self, "args", MappingProxyType(dict(args)))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a row is immutable; make a new one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self.word == other.word and dict(self.args) == dict(other.args)

    def __hash__(self) -> int:
        return hash((self.word, frozenset(self.args.items())))

    def __repr__(self) -> str:
        parts = [repr(self.word)]
        for key, value in self.args.items():
            parts.append(f"{key}={value!r}" if key.isidentifier() else f"**{{{key!r}: {value!r}}}")
        return f"Row({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _row, (self.word, dict(self.args))


def _row(word: str, args: dict[str, Expr]) -> Row:
    return Row(word, **args)


class Call(NamedTuple):
    """A row with nothing left open: a block, its arguments, and how often it stands.

    Attributes:
        block: The block.
        name: The row's name; the attribute of the module.
        args: Arguments in the order of the block's signature.
        depth: Number of blocks.
        style: Norm, activation and bias of its convolutions.
        row: Index of the row in the table it came from, for messages.
    """

    block: Block[Any]
    name: str
    args: Args
    depth: int
    style: Style
    row: int

    def body(self, shape: Shape) -> Body:
        """Return the row's body on an input shape, remembered."""
        return repeat(self.block, (shape,), self.style, self.args, self.depth)


class RowShapeError(ShapeError):
    """A row does not fit the map it reads; `row` is its index in the table."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row

    def __reduce__(self) -> tuple[Any, ...]:
        return RowShapeError, (str(self), self.row)


def bodies(calls: Iterable[Call], shape: Shape) -> list[tuple[Call, Body]]:
    """Return the body of every call, each on the shape that the one before it gives.

    Raises:
        RowShapeError: If a row does not fit the map it reads.
    """
    result = []
    for call in calls:
        if call.depth == 0:
            continue
        try:
            body = call.body(shape)
        except ShapeError as error:
            raise RowShapeError(f"{call.name} on {shape_text(shape)}: {error}", call.row) from None
        result.append((call, body))
        shape = body.shape
    if not result:
        raise RowShapeError(NOTHING_LEFT, 0)
    return result


def measure(calls: Iterable[Call], shape: Shape) -> Totals:
    """Return the costs of a chain of calls from remembered bodies.

    Raises:
        ShapeError: If a row does not fit the map it reads.
    """
    body = None
    params = macs = other = activations = 0
    for block, _, args, depth, style, _ in calls:
        if depth:
            body = repeat(block, (shape,), style, args, depth)
            part = body.totals
            params += part[0]
            macs += part[1]
            other += part[2]
            activations += part[3]
            shape = body.shape
    if body is None:
        raise ShapeError(NOTHING_LEFT)
    return Totals(params, macs, other, activations)


def row_names(words: Sequence[str], given: Sequence[str | None]) -> list[str]:
    """Return the name of each row: the one it was given, or its word, numbered where it stands again."""
    counts, seen = Counter(words), Counter[str]()
    names = []
    for word, name in zip(words, given, strict=True):
        seen[word] += 1
        stem = word.replace("-", "_")
        names.append(name or (stem if counts[word] == 1 else f"{stem}{seen[word]}"))
    return names


def check_name(name: str) -> None:
    """Raise unless a row can have this name: it becomes an attribute of the module."""
    if not name.isidentifier() or not name.isascii() or name.startswith("_") or len(name) > MAX_NAME:
        law = f"a name is letters, digits and '_', at most {MAX_NAME}, and starts with a letter"
        raise SpaceError(f"{law}, but got '{name}'")
    if name in RESERVED or keyword.iskeyword(name):
        raise SpaceError(f"'{name}' is a word of PyTorch or Python; choose another name")
