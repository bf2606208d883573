"""The text of the classes: the constructor from all members of each, forward from their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from ..graph import Body, Node, Op, Output
from .classes import SourceClass, SourceClasses
from .conditions import conditions, modules
from .documentation import docstring
from .forward import Forward, Statement
from .init_method import InitMethod
from .layout import WIDTH, fit
from .literals import alike, is_word
from .parameters import Parameter
from .switches import switches
from .variables import Guard


class SourceWriter:
    """Writes the classes of a network, each when it is asked for and once."""

    def __init__(self, body: Body) -> None:
        self.classes = SourceClasses(body)
        self.texts: dict[SourceClass, ClassText] = {}

    def text(self, written: SourceClass) -> ClassText:
        """Return the text of a class."""
        if written not in self.texts:
            self.texts[written] = ClassText(self, written)
        return self.texts[written]

    def lines(self, class_name: str, title: str) -> list[list[str]]:
        """Return the lines of every class; the network's own has this name, and the title as docstring."""
        self.classes.set_names(class_name)
        *inner, whole = map(self.text, self.classes.classes)
        return [*(text.lines("") for text in inner), whole.lines(title)]

    def statements(self, body: Body) -> Sequence[Statement]:
        """Return what the forward method of a body's class does for it."""
        written = self.classes.of[id(body)]
        return self.text(written).forward.statements(written.places[id(body)])

    def parameters(self, written: SourceClass) -> Mapping[str, Parameter]:
        """Return what the constructor of a class takes."""
        return self.text(written).init.parameters


class ClassText:
    """The text of one class. Its forward method needs the constructor only for numbers that differ."""

    def __init__(self, writer: SourceWriter, written: SourceClass) -> None:
        self.writer, self.written, self.topology = writer, written, written.topology
        self.nodes = self.topology.nodes()
        named = {*modules(self.nodes), *self.topology.names}
        self.switches = switches(self.topology, named)
        named.update(self.switches.values())
        self.conditions = list(conditions(self.topology, named, self.switches))
        self.attributes = named | {condition.kept for condition in self.conditions}

    def lines(self, title: str) -> list[str]:
        """Return the text; the title is the docstring of the network's own."""
        init, forward, kept = self.init, self.forward, self.kept
        lines = [f"class {self.written.name}(nn.Module):"]
        lines += [*docstring(title, self.topology, init.parameters, WIDTH), ""]
        if init.lines or kept:
            lines += fit(f"    def __init__(self{init.columns.signature()}) -> None:", WIDTH)
            lines.append("        super().__init__()")
            lines += [f"        self.{own} = {name}" for name, own in kept.items()]
            lines += [*init.lines, ""]
        return [*lines, *forward.lines]

    @cached_property
    def init(self) -> InitMethod:
        """The constructor."""
        return InitMethod(
            self.written, self.conditions, self.switches, self.writer.classes, self.writer.parameters
        )

    @cached_property
    def forward(self) -> Forward:
        """The forward method."""
        whole = self.topology.members[0] is self.writer.classes.body
        return Forward(
            self.topology,
            self.init.texts if self.constants is None else self.constants,
            base="x" if whole else "y",
            kept=self.kept,
            width=WIDTH,
            guards={
                step: Guard(condition.segment, f"self.{condition.kept}")
                for condition in self.conditions
                if condition.kept
                for step in condition.segment.steps
            },
            switches=self.switches,
            shapes=whole,
        )

    @cached_property
    def kept(self) -> dict[str, str]:
        """Parameters that the forward method reads, so they stay on the instance; with their attributes."""
        if self.constants is not None:
            return {}
        read = self.init.columns.in_forward(self.topology, self.init.texts)
        return {name: f"{name}_" if name in self.attributes else name for name in read}

    @cached_property
    def constants(self) -> list[Mapping[str, str]] | None:
        """The attributes of stateless operators, by step; None if one is not the same in every use."""
        texts: list[Mapping[str, str]] = []
        for index, node in enumerate(self.nodes):
            text = {} if _is_module(node) or index in self.switches else self.constant(index)
            if text is None:
                return None
            texts.append(text)
        return texts

    def constant(self, index: int) -> dict[str, str] | None:
        """Return the text of each attribute of a step that is the same in every use; None if one is not."""
        ops = {id(node and node.op): node and node.op for node in self.topology.column(index)}.values()
        first, *others = [self.writer.classes.literals.of(op) for op in ops if isinstance(op, Op)]
        everywhere = None not in ops or all(map(is_word, first.values()))
        if everywhere and all(alike([first[key], *(other[key] for other in others)]) for key in first):
            return {key: repr(value) for key, value in first.items()}
        return None


def _is_module(node: Node) -> bool:
    return isinstance(node.op, Body | Output) or bool(node.op.stateful or node.like)
