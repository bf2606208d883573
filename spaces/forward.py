"""The forward pass as text: chains of one-input steps nest, joins and weighted layers start a line."""

from __future__ import annotations

from collections.abc import Sequence

from .graph import Body, Node, Op
from .layout import fit
from .values import shape_text

MAX_NESTED = 72


def forward(
    body: Body,
    texts: Sequence[dict[str, str]],
    *,
    rank: int,
    base: str,
    kept: Sequence[str],
    width: int,
    shapes: bool = False,
) -> list[str]:
    """Return the lines of a forward method after its `def`.

    Args:
        body: What it computes.
        texts: Text of every attribute, by node.
        rank: Number of spatial axes of the input.
        base: Name of the running value; the input is `x`.
        kept: Parameters of the class that are read from `self`.
        width: Longest line.
        shapes: Whether each line ends with the shape it gives.
    """
    return _Forward(body, texts, base, frozenset(kept), width, shapes).lines()


class _Forward:
    def __init__(
        self,
        body: Body,
        texts: Sequence[dict[str, str]],
        base: str,
        kept: frozenset[str],
        width: int,
        shapes: bool,
    ) -> None:
        self.body, self.texts, self.base, self.kept = body, texts, base, kept
        self.width, self.shapes = width, shapes
        self.inputs = len(body.inputs)
        self.readers: list[list[int]] = [[] for _ in range(self.inputs + len(body.nodes))]
        for index, node in enumerate(body.nodes):
            for value in node.inputs:
                self.readers[value].append(index)
        self.names: dict[int, str] = {0: "x"}
        self.nested: dict[int, str] = {}

    def lines(self) -> list[str]:
        lines: list[str] = []
        for index, node in enumerate(self.body.nodes):
            value = self.inputs + index
            text = self.expression(index, node)
            if value == self.body.output:
                lines += fit(f"        return {text}", self.width)
                return lines
            if self.nests(value, text):
                self.nested[value] = text
                continue
            name = self.variable(value, index, node)
            line = f"        {name} = {text}"
            note = f"  # {shape_text(node.shape)}" if self.shapes and len(line) < self.width - 20 else ""
            lines += [line + note] if note else fit(line, self.width)
            self.names[value] = name
        return [*lines, f"        return {self.names[self.body.output]}"]

    def expression(self, index: int, node: Node) -> str:
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
        if len(self.readers[value]) != 1 or len(text) > MAX_NESTED:
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
        return self.shapes and _row(node.name) != _row(reader.name)

    def variable(self, value: int, index: int, node: Node) -> str:
        """Return a name that no value still to be read has."""
        scope = node.name.rpartition("_")[0]
        stem = scope if scope and self.base == "y" else self.base
        live = {
            name
            for other, name in self.names.items()
            if any(self.statement(reader) > index for reader in self.readers[other])
        }
        names = [stem, *(f"{stem}{n}" for n in range(2, len(live) + 3))]
        return next(name for name in names if name not in live)

    def statement(self, index: int) -> int:
        """Return the node at whose line a node is written."""
        value = self.inputs + index
        while value in self.nested:
            index = self.readers[value][0]
            value = self.inputs + index
        return index


def _row(name: str) -> str:
    stem, _, kind = name.rpartition("_")
    return stem if kind in ("act", "flatten", "norm") else name
