"""The table: what a network and a space alike are given, and what is declared in it by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Any, ClassVar, TypeAlias

from ..blocks import Block
from ..graph import Shape
from .document import Document, Place
from .expressions import Expr
from .limits import Limit, check_limits
from .rows import Composed, Row
from .uses import used_name, user_blocks

Declared: TypeAlias = "tuple[Row, ...] | Composed"
"""What a word of `blocks` stands for: one of several rows, or rows one after the other."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows, what they share, and the names that are declared for them.

    Attributes:
        name: Letters, digits, `.`, `_`, `-`.
        input: Channels, then the extent of each spatial axis.
        layers: The rows.
        defaults: `norm`, `act`, `bias`, `init`, `last_norm` for all rows.
        choices: Choices by name; each use is drawn anew.
        let: Constants and variables by name; a variable is drawn once and shared.
        blocks: New words; each stands for one of several blocks, or for rows one after the other.
        outputs: Names of the rows that a network returns; the last row's alone unless given.
        uses: Python files and modules whose blocks are words of the table, or such blocks themselves.
        alike: What tells networks apart: `graph`, what is computed, or `formula`, as NAS-Bench-201 has it.
        within: Limits on `params`, `macs`, `flops`, `activations`.
        origin: The document it was read from, for messages.
        users: The blocks that `uses` gives.
    """

    word: ClassVar[str]
    """The word that opens it: `network` or `space`."""

    name: str
    input: Shape
    layers: tuple[Row, ...]
    defaults: Mapping[str, Expr] = field(default_factory=dict)
    choices: Mapping[str, Expr] = field(default_factory=dict)
    let: Mapping[str, Expr] = field(default_factory=dict)
    blocks: Mapping[str, Declared] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    uses: tuple[str | Block[Any], ...] = ()
    alike: str = "graph"
    within: Mapping[str, Limit] = field(default_factory=dict)
    origin: Document | None = field(default=None, compare=False, repr=False)
    users: tuple[Block[Any], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("input", "layers", "outputs", "uses"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_limits(self.within)
        object.__setattr__(self, "users", user_blocks(self.origin, self.uses))

    def __hash__(self) -> int:
        return hash((self.name, self.input, self.layers))

    def __reduce__(self) -> tuple[object, ...]:
        settings: dict[str, Any] = {name: getattr(self, name) for name in self.settable() if name != "origin"}
        settings |= {name: dict(value) for name, value in settings.items() if isinstance(value, Mapping)}
        return partial(type(self), **{**settings, "uses": tuple(map(used_name, self.uses))}), ()

    @classmethod
    def settable(cls) -> Sequence[str]:
        """Return the names of what such a table is given."""
        return [each.name for each in fields(cls) if each.init]

    @cached_property
    def document(self) -> Document:
        """The document it was read from, or one without lines that bears its name."""
        return self.origin or Document(tree=None, name=f"{self.word} {self.name}")

    @cached_property
    def composed(self) -> dict[str, Composed]:
        """The words that stand for rows one after the other."""
        return {name: value for name, value in self.blocks.items() if isinstance(value, Composed)}

    @cached_property
    def alternatives(self) -> dict[str, tuple[Row, ...]]:
        """The words that stand for one of several rows."""
        return {name: value for name, value in self.blocks.items() if not isinstance(value, Composed)}

    def sections(self) -> dict[str, Mapping[str, object]]:
        """Return what is declared by name; words first, since they use what the other sections declare."""
        return {"blocks": self.blocks, "choices": self.choices, "let": self.let}

    def expressions(self) -> Iterator[tuple[Place, Expr]]:
        """Yield every expression that the table is given, with its place."""
        for section, values in (("choices", self.choices), ("let", self.let), ("defaults", self.defaults)):
            yield from (((section, name), value) for name, value in values.items())
        yield from _expressions(self.layers, ("layers",))
        for word, composed in self.composed.items():
            yield from _expressions(composed.rows, ("blocks", word))
        for word, rows in self.alternatives.items():
            for row in rows:
                yield from ((("blocks", word, row.word, key), value) for key, value in row.args.items())


def _expressions(rows: tuple[Row, ...], place: Place) -> Iterator[tuple[Place, Expr]]:
    for index, row in enumerate(rows):
        inner = (*place, index, row.word)
        yield from (((*inner, key), value) for key, value in row.args.items())
        for number, branch in enumerate(row.branches):
            yield from _expressions(branch, (*inner, number))
