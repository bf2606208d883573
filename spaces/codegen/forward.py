"""The forward pass as text: chains of one-input steps nest, joins and weighted layers start a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..graph import Body, Node, Op
from ..values import shape_text
from .helpers import helper_names
from .layout import fit

MAX_NESTED = 72


class Statement(NamedTuple):
    """One statement of a forward method.

    Attributes:
        nodes: The steps that it takes, in the order of their evaluation.
        name: The variable that holds the last one's value; empty where it is returned or dropped.
    """

    nodes: tuple[int, ...]
    name: str


class Forward:
    """A forward method.

    Attributes:
        lines: Its text.
        statements: What it does, in order.
    """

    def __init__(
        self,
        body: Body,
        texts: Sequence[dict[str, str]],
        *,
        base: str,
        kept: Collection[str],
        width: int,
        shapes: bool = False,
    ) -> None:
        """Write the method.

        Args:
            body: What it computes.
            texts: Text of every attribute, by node.
            base: Name of the running value; the first input is `x`.
            kept: Parameters of the class that are read from `self`.
            width: Longest line.
            shapes: Whether each line ends with the shape it gives.
        """
        self.body, self.texts, self.base, self.kept = body, texts, base, kept
        self.width, self.shapes = width, shapes
        self.inputs = len(body.inputs)
        self.readers: list[list[int]] = [[] for _ in range(self.inputs + len(body.nodes))]
        for index, node in enumerate(body.nodes):
            for value in node.inputs:
                self.readers[value].append(index)
        self.names: dict[int, str] = dict(enumerate(body.names))
        self.nested: dict[int, str] = {}
        self.statements: list[Statement] = []
        self.lines = self._lines()

    def _lines(self) -> list[str]:
        body = self.body
        several = len(body.outputs) > 1
        inputs = ", ".join(f"{name}: Tensor" for name in body.names)
        result = "tuple[Tensor, ...]" if several else "Tensor"
        lines = fit(f"    def forward(self, {inputs}) -> {result}:", self.width)
        for index, node in enumerate(body.nodes):
            value = self.inputs + index
            text = self._expression(index, node)
            if body.outputs == (value,) and index == len(body.nodes) - 1:
                self.statements.append(Statement(self.evaluated(index), ""))
                return [*lines, *fit(f"        return {text}", self.width)]
            if self.nests(value, text):
                self.nested[value] = text
            else:
                lines += self.statement_lines(value, index, node, text)
        results = ", ".join(self.names[value] for value in body.outputs)
        return [*lines, f"        return {results}"]

    def statement_lines(self, value: int, index: int, node: Node, text: str) -> list[str]:
        """Return the lines that name a value; one that nothing reads is only computed."""
        if not self.readers[value] and value not in self.body.outputs:
            self.statements.append(Statement(self.evaluated(index), ""))
            return fit(f"        {text}", self.width)
        name = self.variable(value, index, node)
        self.names[value] = name
        self.statements.append(Statement(self.evaluated(index), name))
        line = f"        {name} = {text}"
        if self.shapes and len(line) < self.width - 20:
            return [f"{line}  # {shape_text(node.shape)}"]
        return fit(line, self.width)

    def evaluated(self, index: int) -> tuple[int, ...]:
        """Return the steps of the statement that ends with a node."""
        steps = [index]
        while (value := self.body.nodes[steps[0]].inputs[0]) in self.nested:
            steps.insert(0, value - self.inputs)
        return tuple(steps)

    def _expression(self, index: int, node: Node) -> str:
        arguments = [self.nested.get(value) or self.names[value] for value in node.inputs]
        if isinstance(node.op, Body) or node.op.stateful:
            return f"self.{node.name}({', '.join(arguments)})"
        values = {
            key: " ".join(f"self.{word}" if word in self.kept else word for word in text.split(" "))
            for key, text in self.texts[index].items()
        }
        return node.op.call(arguments, values, len(self.body.shape_of(node.inputs[0])) - 1)

    def nests(self, value: int, text: str) -> bool:
        """Tell whether a value is written inside the one step that reads it."""
        if len(self.readers[value]) != 1 or len(text) > MAX_NESTED or value in self.body.outputs:
            return False
        reader = self.body.nodes[self.readers[value][0]]
        alone = len(reader.inputs) == 1
        return (
            alone and isinstance(reader.op, Op) and not reader.op.weighted and not self.shapes_between(value)
        )

    def shapes_between(self, value: int) -> bool:
        """Tell whether a network's own line would hide the shape that a row gives."""
        node = self.body.nodes[value - self.inputs]
        reader = self.body.nodes[self.readers[value][0]]
        return self.shapes and _row(node) != _row(reader)

    def variable(self, value: int, index: int, node: Node) -> str:
        """Return a name that no value still to be read has; one read far below is named as its row."""
        scope = node.name.rpartition("_")[0]
        stem = scope if scope and self.base == "y" else self.base
        live = {
            name
            for other, name in self.names.items()
            if other in self.body.outputs
            or any(self.statement(reader) > index for reader in self.readers[other])
        }
        live |= helper_names()
        if self.shapes and self.far(value, index) and _row(node) not in live:
            return _row(node)
        names = [stem, *(f"{stem}{n}" for n in range(2, len(live) + 3))]
        return next(name for name in names if name not in live)

    def far(self, value: int, index: int) -> bool:
        """Tell whether a network's value is read below the next line, or returned."""
        ahead = range(index + 1, max(self.readers[value], default=index))
        return value in self.body.outputs or any(at not in self.readers[value] for at in ahead)

    def statement(self, index: int) -> int:
        """Return the node at whose line a node is written."""
        value = self.inputs + index
        while value in self.nested:
            index = self.readers[value][0]
            value = self.inputs + index
        return index


def _row(node: Node) -> str:
    """Return the row of an operator that is named after its row and its kind, else its own name."""
    stem, _, kind = node.name.rpartition("_")
    named = isinstance(node.op, Op) and not node.op.stateful and kind == node.op.kind
    return stem if stem and named else node.name
