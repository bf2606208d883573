"""The constructor of a class as text, from all its members: what differs between them becomes parameters."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..graph import Body, Node, Op, Output
from .classes import SourceClass, SourceClasses
from .conditions import Condition, modules
from .constructors import Construction, constructor, module_list, sequential
from .layout import WIDTH, fit
from .parameters import Parameter, Parameters, attribute, presence, within
from .switches import argument, names

ParametersOf: TypeAlias = "Callable[[SourceClass], Mapping[str, Parameter]]"


class InitMethod:
    """A constructor.

    Attributes:
        lines: What it does, behind its parameters.
        parameters: What it takes.
        texts: Text of every attribute, by step.
    """

    def __init__(
        self,
        written: SourceClass,
        conditions: Sequence[Condition],
        switches: Mapping[int, str],
        classes: SourceClasses,
        parameters_of: ParametersOf,
    ) -> None:
        """Write the constructor of a class; `parameters_of` gives those of the classes that it uses."""
        self.topology, self.classes, self.parameters_of = written.topology, classes, parameters_of
        self.nodes, self.switches = self.topology.nodes(), switches
        self.columns = Parameters(self.topology, {"self", *keyword.kwlist, *self.topology.names})
        self.within: dict[int, Condition] = {}
        self.alone: dict[int, str] = {}
        self.lines: list[str] = []
        self.texts: list[Mapping[str, str]] = []
        begins = {condition.segment.steps[0]: condition for condition in conditions}
        for index in range(len(self.nodes)):
            if index in begins:
                self.begin(begins[index])
            self.texts.append(self.step(index))
        self.parameters = self.columns.ordered()

    def begin(self, condition: Condition) -> None:
        """Write the condition on which a segment stands."""
        segment, name, probe, kept = condition
        test = self.columns.condition((name, f"has_{name}"), segment, presence(probe))
        if not kept:
            self.alone[segment.exit] = test
            return
        self.lines.append(f"        self.{kept} = {test}")
        if modules([self.nodes[at] for at in segment.steps]):
            self.lines.append(f"        if self.{kept}:" if " " in test else f"        if {test}:")
        self.within.update(dict.fromkeys(segment.steps, condition))

    def step(self, index: int) -> Mapping[str, str]:
        """Write what a step needs; return the text of its attributes."""
        node, column = self.nodes[index], self.topology.column(index)
        values: Mapping[str, str] = {}
        if index in self.switches:
            self.switch(index)
            return values
        if node.like or isinstance(node.op, Output):  # the module, or the value, of another step
            return values
        if isinstance(node.op, Body):
            made = self.child([None if n is None else n.op for n in column], (node.name,))
        else:
            values = self.attribute_texts(node, column)
            if not node.op.stateful:
                return values
            body, own = self.topology.owned[index]
            made = node.op.module(values, len(body.shape_of(own.inputs[0])) - 1)
        if index in self.alone:
            made = f"{made} if {self.alone[index]} else nn.Identity()"
        margin = "            " if index in self.within else "        "
        self.lines += fit(f"{margin}self.{node.name} = {made}", WIDTH)
        return values

    def switch(self, index: int) -> None:
        """Write a module of which the class is an argument; nothing stands where that is None."""
        node, column, guarded = self.nodes[index], names(self.topology, index), index in self.within
        have = [not guarded or name is not None for name in column]
        extract = attribute(node.name, "function", self.classes.literals)
        name = self.columns.switch((argument(node), f"{node.name}_act"), column, have, extract)
        made = f"{name}()" if guarded or None not in column else f"{name}() if {name} else nn.Identity()"
        margin = "            " if guarded else "        "
        self.lines += fit(f"{margin}self.{self.switches[index]} = {made}", WIDTH)

    def attribute_texts(self, node: Node, column: Sequence[Node | None]) -> dict[str, str]:
        """Return the text of each attribute of an operator: a literal, or an expression in parameters."""
        literals = self.classes.literals.of
        tables = [literals(n.op) if n and isinstance(n.op, Op) else None for n in column]
        first = next(table for table in tables if table is not None)
        if all(table is first for table in tables):
            return {key: repr(value) for key, value in first.items()}
        have = [table is not None for table in tables]
        scope = node.name.rpartition("_")[0]
        return {
            key: self.columns.text(
                ([f"{scope}_{key}"] if scope else [key]) + [f"{node.name}_{key}"],
                [None if table is None else table[key] for table in tables],
                have,
                attribute(node.name, key, self.classes.literals),
            )
            for key in first
        }

    def child(self, members: Sequence[Body | Op | None], path: tuple[str, ...]) -> str:
        """Return the constructor of a block inside a class, from that block in every member that has it."""
        bodies = [member for member in members if isinstance(member, Body)]
        first = bodies[0]
        if all(member is first for member in bodies):
            return self.construct(first).text
        if first.sequence:
            parts = []
            for at in range(len(first.nodes)):
                inner = [m.nodes[at].op if isinstance(m, Body) else None for m in members]
                parts.append(Construction(self.child(inner, (*path, str(at))), {}))
            return sequential(parts)
        child = self.classes.of[id(first)]
        places = [child.places[id(m)] if isinstance(m, Body) else None for m in members]
        have = [place is not None for place in places]
        texts = {}
        for name, parameter in self.parameters_of(child).items():
            column = [None if place is None else parameter.values[place] for place in places]
            extract = within(path, parameter.extract)
            text = self.columns.text((name, f"{path[0]}_{name}"), column, have, extract)
            if [text] != [repr(value) for value in parameter.default]:
                texts[name] = text
        return constructor(child.name, texts)

    def construct(self, body: Body) -> Construction:
        """Return the constructor of a body with literal arguments."""
        if body.listed:
            parts = [self.construct(node.op) for node in body.nodes if isinstance(node.op, Body)]
            return Construction(sequential(parts) if body.sequence else module_list(parts), {})
        made = self.classes.of[id(body)]
        place = made.places[id(body)]
        return Construction(
            made.name,
            {
                name: parameter.values[place]
                for name, parameter in self.parameters_of(made).items()
                if (parameter.values[place],) != parameter.default
            },
        )
