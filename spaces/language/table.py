"""The table: what a network and a space alike are given, and what is declared in it by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Any, ClassVar, TypeAlias

from ..blocks import Block
from ..graph import Shape
from .document import Document, Place
from .expressions import Expr
from .functions import Formula
from .limits import Limit, check_limits
from .rows import INPUT, Composed, Row
from .shapes import Inputs, inputs_text
from .uses import used_name, user_blocks

Declared: TypeAlias = "tuple[Row, ...] | Composed"
"""What a word of `blocks` stands for: one of several rows, or rows one after the other."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows, what they share, and the names that are declared for them.

    Attributes:
        name: Letters, digits, `.`, `_`, `-`.
        input: Shape of the input: channels, then the extent of each spatial axis. Or several by name,
            of which the first row reads the first; a vector among them is its features alone.
        layers: The rows.
        defaults: `norm`, `act`, `bias`, `init`, `last_norm` for all rows.
        choices: Choices by name; each use is drawn anew.
        let: Constants and variables by name; a variable is drawn once and shared.
        functions: Functions of expressions by name.
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
    input: Shape | Mapping[str, Shape]
    layers: tuple[Row, ...]
    defaults: Mapping[str, Expr] = field(default_factory=dict)
    choices: Mapping[str, Expr] = field(default_factory=dict)
    let: Mapping[str, Expr] = field(default_factory=dict)
    functions: Mapping[str, Formula] = field(default_factory=dict)
    blocks: Mapping[str, Declared] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    uses: tuple[str | Block[Any], ...] = ()
    alike: str = "graph"
    within: Mapping[str, Limit] = field(default_factory=dict)
    origin: Document | None = field(default=None, compare=False, repr=False)
    users: tuple[Block[Any], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("layers", "outputs", "uses"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "input", _input(self.input))
        check_limits(self.within)
        self._check_types()
        object.__setattr__(self, "users", self.read_users())

    def _check_types(self) -> None:
        """Raise where Python gives what no text could say."""
        for section, declared in {**self.sections(), "defaults": self.defaults}.items():
            for name in declared:
                if not isinstance(name, str):
                    raise self.document.error((section,), f"a name is a word, but got {name!r}")
        for name, formula in self.functions.items():
            if not isinstance(formula, Formula):
                law = f"a function is a Formula, but got {formula!r}"
                raise self.document.error(("functions", name), law)

    def read_users(self) -> tuple[Block[Any], ...]:
        """Return the blocks that `uses` gives.

        Raises:
            SpaceError: If one cannot be imported, or gives no block.
            CodeNotRun: If nobody named it to be run.
        """
        return user_blocks(self.origin, self.uses)

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

    @property
    def inputs(self) -> Mapping[str, Shape]:
        """The shape of every input by its name, in order; one without a name is `input`."""
        return self.input if isinstance(self.input, Mapping) else {INPUT: self.input}

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shape of every input, in order."""
        return tuple(self.inputs.values())

    @property
    def input_text(self) -> str:
        """The inputs in one line: `3x224x224`, or `image=3x224x224, noise=3x112x112`."""
        return inputs_text(self.input)

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
        return {
            "blocks": self.blocks,
            "choices": self.choices,
            "let": self.let,
            "functions": self.functions,
        }

    def expressions(self) -> Iterator[tuple[Place, Expr]]:
        """Yield every expression that the table is given, with its place."""
        for section, values in (("choices", self.choices), ("let", self.let), ("defaults", self.defaults)):
            yield from (((section, name), value) for name, value in values.items())
        yield from ((("functions", name), formula.expression) for name, formula in self.functions.items())
        yield from _expressions(self.layers, ("layers",))
        for word, composed in self.composed.items():
            yield from _expressions(composed.rows, ("blocks", word))
        for word, rows in self.alternatives.items():
            for row in rows:
                yield from ((("blocks", word, row.word, key), value) for key, value in row.args.items())


def _input(given: Shape | Mapping[str, Shape]) -> Shape | Mapping[str, Shape]:
    if isinstance(given, Mapping):
        return Inputs(given)
    return tuple(given) if isinstance(given, Iterable) else (given,)


def _expressions(rows: tuple[Row, ...], place: Place) -> Iterator[tuple[Place, Expr]]:
    for index, row in enumerate(rows):
        inner = (*place, index, row.word)
        yield from (((*inner, key), value) for key, value in row.args.items())
        for number, branch in enumerate(row.branches):
            yield from _expressions(branch, (*inner, number))
