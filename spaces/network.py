"""A network: a table of rows with nothing left open. A network that exists can be built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from .errors import SpaceError, suggest
from .graph import Shape
from .language.closed_table import ClosedTable
from .language.document import Document, read_text
from .language.expressions import Expr
from .language.limits import Limit
from .language.names_read import kept
from .language.reading import read
from .language.rows import INPUT, LIKE, Composed, Row
from .language.scope import Line, lines
from .language.table import Table
from .language.uses import vouch_all
from .language.writing import row_text, to_json, to_yaml
from .printing import Printed, Printout

if TYPE_CHECKING:
    from torch import nn


class TextTable(Table, Printed):
    """A table that is read from text and written as text."""

    @classmethod
    def from_yaml(cls, text: str, *, name: str = "<text>", uses: Iterable[str | Path] = ()) -> Self:
        """Read a table from YAML or JSON text; of what it names under `uses:`, `uses` alone is run."""
        vouch_all(uses)
        return read(read_text(text, name=name), cls)

    @classmethod
    def from_json(cls, text: str, *, name: str = "<text>", uses: Iterable[str | Path] = ()) -> Self:
        """Read a table from YAML or JSON text; of what it names under `uses:`, `uses` alone is run."""
        return cls.from_yaml(text, name=name, uses=uses)

    def printout(self) -> Printout:
        """Return the rows, as a document has them."""
        rows = [(number, row.word, row_text(row)) for number, row in enumerate(self.layers, start=1)]
        title = f"{self.name}, input {self.input_text}"
        return Printout(title=title, columns=("", "word", "row"), rows=rows, names=2)

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

    def at(
        self,
        *,
        input: Shape | Mapping[str, Shape] | None = None,  # noqa: A002 - the language's word
        classes: int | None = None,
    ) -> Network:
        """Return the same rows on another input, or with another width of the linear layers that classify.

        These are the outputs: the last row, or those that `outputs` names and that are as wide as the first.
        Of several inputs, those that are given by name change.

        Raises:
            ShapeError: If the rows do not fit the input.
            SpaceError: If the network has no such input or several, or its first output is no linear layer
                and classes are given.
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
        shapes = self._at_inputs(input) if input else self.input
        let, functions = kept(layers, (*self.defaults.values(),), self.blocks, self.let, self.functions)
        return replace(self, input=shapes, layers=layers, let=let, functions=functions)

    def _at_inputs(self, given: Shape | Mapping[str, Shape]) -> Shape | Mapping[str, Shape]:
        """Return the inputs with others in place of those that are given."""
        if not isinstance(given, Mapping):
            if len(self.inputs) > 1:
                law = f"network {self.name} reads several inputs, {self.input_text}"
                raise SpaceError(f"{law}; give another shape by name")
            (name,) = self.inputs
            return {name: given} if isinstance(self.input, Mapping) else given
        for name in given:
            if name not in self.inputs:
                known = suggest(name, self.inputs) or f"; it reads {self.input_text}"
                raise SpaceError(f"network {self.name} has no input '{name}'{known}")
        inputs = {**self.inputs, **given}
        return inputs if isinstance(self.input, Mapping) else inputs[INPUT]

    def _outputs(self) -> list[Line]:
        """Return the lines of the rows that the network returns, those within other rows left out."""
        ordered = lines(Document(tree=None), self.layers, ("layers",), tuple(self.inputs))
        whole = [line for line in ordered if len(line.place) == 2]
        by_name = {line.name: line for line in whole}
        outputs = [by_name[name] for name in self.outputs if name in by_name] if self.outputs else whole[-1:]
        # A linear layer that shares its weights is as wide as the one that has them.
        owners = [line.row.args.get(LIKE) if line.row.word == "linear" else None for line in outputs]
        owned = zip(outputs, owners, strict=True)
        return [by_name.get(owner, line) if isinstance(owner, str) else line for line, owner in owned]

    def build(self, *, weights: bool = False) -> nn.Module:
        """Return the PyTorch module: the compiled form of `archscape export --format source`.

        Args:
            weights: Load those of the bundle that it was read from; else they are PyTorch's own, at random.

        Raises:
            InputError: If there are no such weights, or they are damaged or another network's.
        """
        from .codegen.build import build

        module = build(self)
        if weights:
            from .codegen.bundle_weights import load_bundle_weights

            load_bundle_weights(module, self)
        return module
