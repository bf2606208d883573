"""A network: a table of rows with nothing left open. A network that exists can be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from .errors import SpaceError
from .graph import Shape
from .language.closed_table import ClosedTable
from .language.document import Document, read_text
from .language.expressions import Expr, references
from .language.limits import Limit
from .language.reading import read
from .language.rows import Composed, Row, row_references
from .language.scope import Line, lines
from .language.table import Table
from .language.writing import to_json, to_yaml

if TYPE_CHECKING:
    from torch import nn


class TextTable(Table):
    """A table that is read from text and written as text."""

    @classmethod
    def from_yaml(cls, text: str, *, name: str = "<text>") -> Self:
        """Read a table from YAML or JSON text."""
        return read(read_text(text, name=name), cls)

    @classmethod
    def from_json(cls, text: str, *, name: str = "<text>") -> Self:
        """Read a table from YAML or JSON text."""
        return cls.from_yaml(text, name=name)

    def to_yaml(self) -> str:
        """Return the table as YAML."""
        return to_yaml(self)

    def to_json(self) -> str:
        """Return the table as one line of JSON."""
        return to_json(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Network(ClosedTable, TextTable):
    """A convolutional network as the table of its paper.

    It is given what `Table` lists, but for `choices` and `within`: nothing is left open.

    Raises:
        SpaceError: If a row does not follow the language.
        ShapeError: If the rows do not fit each other or the input.

    >>> rows = (Row("conv", width=4), Row("avgpool"), Row("linear", width=2))
    >>> net = Network(name="tiny", input=(1, 8, 8), layers=rows)
    >>> net.totals.params
    54
    """

    word: ClassVar[str] = "network"

    blocks: Mapping[str, Composed] = field(default_factory=dict)
    choices: Mapping[str, Expr] = field(init=False, repr=False, default_factory=dict)
    within: Mapping[str, Limit] = field(init=False, repr=False, default_factory=dict)

    def at(self, *, input: Shape | None = None, classes: int | None = None) -> Network:  # noqa: A002 - the language's word
        """Return the same rows on another input, or with another width of the linear layers that classify.

        These are the outputs: the last row, or those that `outputs` names and that are as wide as the first.

        Raises:
            ShapeError: If the rows do not fit the input.
            SpaceError: If the first output is no linear layer and classes are given.
        """
        layers = self.layers
        if classes is not None:
            heads = [line for line in self._outputs() if line.row.word == "linear"]
            if not heads or heads[0] != self._outputs()[0]:
                raise SpaceError(
                    f"network {self.name} does not end in `linear`, so its classes cannot be set"
                )
            width = heads[0].row.args["width"]
            changed = {line.place[1] for line in heads if line.row.args["width"] == width}
            layers = tuple(
                Row("linear", **{**row.args, "width": classes}) if index in changed else row
                for index, row in enumerate(layers)
            )
        return replace(self, input=input or self.input, layers=layers, let=self.constants(layers))

    def constants(self, layers: tuple[Row, ...]) -> dict[str, Expr]:
        """Return the constants that rows use."""
        todo = {name for row in layers for name in row_references(row)}
        todo |= {name for value in self.defaults.values() for name in references(value)}
        used: set[str] = set()
        while todo:
            name = todo.pop()
            if name in self.let and name not in used:
                used.add(name)
                todo |= set(references(self.let[name]))
        return {name: value for name, value in self.let.items() if name in used}

    def _outputs(self) -> list[Line]:
        """Return the lines of the rows that the network returns, those within other rows left out."""
        ordered = lines(Document(tree=None), self.layers, ("layers",))
        whole = [line for line in ordered if len(line.place) == 2]
        by_name = {line.name: line for line in whole}
        return [by_name[name] for name in self.outputs if name in by_name] if self.outputs else whole[-1:]

    def build(self) -> nn.Module:
        """Return the PyTorch module: the compiled form of `archscape export --format source`."""
        from .codegen.build import build

        return build(self)
