"""Rows: what the table of a network or a space is made of, and the names that a row can have."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import Any

from ..blocks.kinds import ACT, FLAG, INIT, LAST_NORM, NORM, PAD_MODE, Kind
from ..errors import SpaceError
from ..naming import IMPORTED, MODULE
from ..values import Value
from .arithmetic import ExpressionError, is_number
from .expression_parts import references
from .expressions import Expr
from .parser import parse

STYLE: dict[str, Kind] = {
    "norm": NORM,
    "act": ACT,
    "bias": FLAG,
    "init": INIT,
    "last_norm": LAST_NORM,
    "affine": FLAG,
    "padding_mode": PAD_MODE,
}
"""What `defaults:` may set, and a row of a styled block may override."""

INPUT = "input"
"""The map that a scope reads: a network's input, or that of a composed block."""
BEFORE = "before"
"""What the cell before this one read; the first cell reads its input twice."""

RESERVED = frozenset({*MODULE, *IMPORTED, "self", "x", INPUT, BEFORE, "none", "true", "false"})
"""Names that a row cannot have: what every module has, what the source imports, words of the language."""


LIKE = "like"
"""What names the row whose weights a row shares, unless the row's word takes a map of that name."""
BESIDE_LIKE = ("name", "from", "with", "depth", "when", LIKE)
"""What a row that shares weights may be given, beside the maps that its word reads."""
MAX_NAME = 60
MAX_ROWS = 1000
"""Rows of `layers`, or of a composed block, those of branches included."""
MAX_DEPTH = 1000
"""Blocks of one row."""


@dataclass(frozen=True, init=False, repr=False, slots=True)
class Row:
    """One row of the table: a word, the rows of its branches, and what it is given. Immutable.

    Args:
        word: A block's word, or a word declared under `blocks`.
        branches: What a join joins: each is a row, or several rows one after the other.
        args: Its parameters, and `name`, `from_`, `depth`, `per` and what `defaults` set, where it takes it.
            An underscore at the end keeps a word apart from Python's own.

    >>> Row("conv", width=64, kernel=7, stride=2)
    Row('conv', width=64, kernel=7, stride=2)
    >>> Row("add", Row("identity"), (Row("conv", width=8), Row("conv", width=8)))
    Row('add', Row('identity'), (Row('conv', width=8), Row('conv', width=8)))
    """

    word: str
    branches: tuple[tuple[Row, ...], ...]
    args: Mapping[str, Expr]

    def __init__(self, word: str, /, *branches: Row | Sequence[Row], **args: Expr) -> None:
        sequences = tuple((branch,) if isinstance(branch, Row) else tuple(branch) for branch in branches)
        object.__setattr__(self, "word", word)
        object.__setattr__(self, "branches", sequences)
        table = {key.removesuffix("_"): value for key, value in args.items()}
        object.__setattr__(self, "args", MappingProxyType(table))

    def __hash__(self) -> int:
        return hash((self.word, self.branches, frozenset(self.args.items())))

    def __repr__(self) -> str:
        parts = [repr(self.word)]
        parts += [repr(branch[0]) if len(branch) == 1 else repr(branch) for branch in self.branches]
        for key, value in self.args.items():
            plain = key.isidentifier() and not keyword.iskeyword(key)
            parts.append(f"{key}={value!r}" if plain else f"**{{{key!r}: {value!r}}}")
        return f"Row({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Row, self.word, *self.branches, **self.args), ()


@dataclass(frozen=True)
class Composed:
    """The rows of a composed block, and its arguments.

    Attributes:
        rows: Its rows; what they leave to its user is a reference to an argument.
        needs: Arguments that it must be given.
        defaults: Arguments that it may be given.
        outputs: Names of the rows whose maps it gives; the last row's alone unless given.

    >>> narrow = Composed((Row("conv", width=8), Row("conv", width=4)))
    >>> narrow.arguments
    ()
    """

    rows: tuple[Row, ...]
    _: KW_ONLY
    needs: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        for key, names in {"outputs": self.outputs, "needs": self.needs}.items():
            object.__setattr__(self, key, (names,) if isinstance(names, str) else tuple(names))
        object.__setattr__(self, "defaults", MappingProxyType(dict(self.defaults)))

    def __hash__(self) -> int:
        return hash((self.rows, self.needs, tuple(self.defaults.items()), self.outputs))

    def __reduce__(self) -> tuple[object, ...]:
        settings = {"needs": self.needs, "defaults": dict(self.defaults), "outputs": self.outputs}
        return partial(Composed, self.rows, **settings), ()  # type: ignore[arg-type]

    def __repr__(self) -> str:
        needs = f", needs={self.needs!r}" if self.needs else ""
        defaults = f", defaults={dict(self.defaults)!r}" if self.defaults else ""
        outputs = f", outputs={self.outputs!r}" if self.outputs else ""
        return f"Composed({self.rows!r}{needs}{defaults}{outputs})"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Every argument, those that it must be given first."""
        return (*self.needs, *self.defaults)


def row_references(row: Row) -> set[str]:
    """Return the names that a row refers to, its word and its branches included."""
    names = {name for value in row.args.values() for name in references(value)}
    if row.word.startswith("$"):
        with suppress(ExpressionError):
            names |= set(references(parse(row.word)))
    return names.union(*(row_references(inner) for branch in row.branches for inner in branch))


def row_names(
    words: Sequence[str], given: Sequence[str | None], inputs: Sequence[str] = (INPUT,)
) -> list[str]:
    """Return the name of each row: the one it was given, or its word, numbered where it stands again.

    What is given may stand twice; what is made of a word is nobody else's name, of the inputs neither.
    """
    counts, seen = Counter(words), Counter[str]()
    stems = [re.sub(r"\W+", "_", word).strip("_") for word in words]
    names, taken = [name or "" for name in given], {*given, *inputs}
    for at, (word, stem) in enumerate(zip(words, stems, strict=True)):
        alone = counts[word] == 1 and stem not in RESERVED and not keyword.iskeyword(stem)
        if not names[at] and alone and stem not in taken:
            names[at] = stem
            taken.add(stem)
    for at, (word, stem) in enumerate(zip(words, stems, strict=True)):
        seen[word] += 1
        if not names[at]:
            numbered = (f"{stem}{number}" for number in count(seen[word]))
            names[at] = next(name for name in numbered if name not in taken)
            taken.add(names[at])
    return names


def is_numeral(name: str) -> bool:
    """Tell whether a name that begins with a digit is none of the language: a number, such as 3 or 200k."""
    try:
        return name[:1].isdigit() and is_number(parse(name))
    except ExpressionError:
        return False


def check_name(name: str) -> None:
    """Raise unless a row can have this name: it becomes an attribute of the module."""
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_]*", name) or len(name) > MAX_NAME or is_numeral(name):
        law = f"a name is letters, digits and '_', at most {MAX_NAME}, and starts with a letter or a digit"
        number = ", and is no number" if is_numeral(name) else ""
        raise SpaceError(f"{law}{number}, but got '{name}'")
    if name in RESERVED or keyword.iskeyword(name):
        raise SpaceError(f"'{name}' is a word of PyTorch or Python, or of the language; choose another name")
