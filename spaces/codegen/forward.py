"""The forward pass as text: chains of one-input steps nest, joins and weighted layers start a line.

Steps that some uses of a class lack stand under an `if`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..graph import Body, Node, Op, Output
from ..language.numbered_rows import before_of
from ..language.rows import BEFORE
from ..values import shape_text
from .layout import fit
from .topology import Topology
from .variables import Guard, Variables, is_loop, row_of

MAX_NESTED = 72


class Statement(NamedTuple):
    """One statement of a forward method.

    Attributes:
        nodes: The steps that it takes, in the order of their evaluation; none where it names a value again.
        name: The variable that holds the value; empty where it is returned or dropped.
        value: What it gives, numbered as in `Node.inputs`.
        others: The variables that hold its further values, if it is a block of several.
        kept: The variable that takes what `name` held until then, if one does.
        loop: What each block reads, if it is a loop over blocks.
    """

    nodes: tuple[int, ...]
    name: str
    value: int
    others: tuple[str, ...] = ()
    kept: str = ""
    loop: tuple[str, ...] = ()


class Forward:
    """A forward method.

    Attributes:
        lines: Its text.
    """

    def __init__(
        self,
        topology: Topology,
        texts: Sequence[Mapping[str, str]],
        *,
        base: str,
        kept: Mapping[str, str],
        width: int,
        guards: Mapping[int, Guard],
        switches: Mapping[int, str],
        shapes: bool = False,
    ) -> None:
        """Write the method.

        Args:
            topology: What it computes.
            texts: Text of every attribute, by step.
            base: Name of the running value; the first input is `x`.
            kept: Parameters of the class that are read from `self`, with their attributes.
            width: Longest line.
            guards: Of each step that stands under an `if`, which.
            switches: Of each step of which the class of its module is an argument, the module.
            shapes: Whether each line ends with the shape it gives.
        """
        self.topology, self.texts, self.base, self.kept = topology, texts, base, kept
        self.width, self.guards, self.switches, self.shapes = width, guards, switches, shapes
        self.inputs, self.steps, self.outputs = topology.inputs, topology.steps, topology.outputs
        self.variables = Variables(topology, base=base, guards=guards, shapes=shapes)
        self.nodes, self.readers = self.variables.nodes, self.variables.readers
        self.names, self.nested = self.variables.names, self.variables.nested
        self.written: list[Statement] = []
        self.lines = self._lines()

    def statements(self, member: int) -> list[Statement]:
        """Return what the method does for a member of the class, in order."""
        topology, places = self.topology, self.topology.places[member]
        statements = []
        for written in self.written:
            steps = written.nodes
            nodes = tuple([place for step in steps if (place := places[step]) is not None])
            if nodes or (written.name and not any(step in self.guards for step in steps)):
                value = topology.value_in(member, written.value)
                statements.append(written._replace(nodes=nodes, value=value))
        return statements

    def _lines(self) -> list[str]:
        inputs = ", ".join(f"{name}: Tensor" for name in self.topology.names)
        several = ", ".join(["Tensor"] * len(self.outputs))
        result = f"tuple[{several}]" if len(self.outputs) > 1 else "Tensor"
        lines = fit(f"    def forward(self, {inputs}) -> {result}:", self.width)
        for index, node in enumerate(self.nodes):
            if isinstance(node.op, Output):
                continue  # named with the block whose output it is
            value = self.inputs + index
            if is_loop(node):
                lines += self.loop_lines(value, index, node)
                continue
            guard = self.guards.get(index)
            text = self._expression(index, node)
            if self.outputs == (value,) and index == len(self.nodes) - 1:
                if guard is None:
                    return [*lines, *self._returned(index, text, "")]
                passed = f" if {guard.test} else {self.names[guard.segment.source]}"
                whole = f"        return {text}{passed}"
                if guard.segment.steps[0] in self.evaluated(index) and len(whole) <= self.width:
                    return [*lines, *self._returned(index, text, passed)]
            if guard and index == guard.segment.steps[0]:
                lines += self._opened(guard)
            if isinstance(node.op, Body) and len(node.op.outputs) > 1:
                lines += self.several_lines(value, index, node.op, text)
            elif self.nests(value, text):
                self.nested[value] = text
            else:
                lines += self.statement_lines(value, index, node, text)
        results = ", ".join(self.names[value] for value in self.outputs)
        return [*lines, f"        return {results}"]

    def several_lines(self, value: int, index: int, op: Body, text: str) -> list[str]:
        """Return the lines that name the values of a block of several; `_` is one that nothing reads."""
        self.names[value] = self.variables.variable(value, index, self.nodes[index])
        others = ["_"] * (len(op.outputs) - 1)
        for at, other in enumerate(self.nodes[index + 1 : index + len(op.outputs)], index + 1):
            if isinstance(other.op, Output) and self.steps[at].inputs == (value,):
                each = self.inputs + at
                if self.readers[each] or each in self.outputs:
                    self.names[each] = others[other.op.number - 1] = self.variables.fresh(other.name, at)
        self.written.append(Statement((index,), self.names[value], value, tuple(others)))
        return fit(f"        {', '.join([self.names[value], *others])} = {text}", self.width)

    def loop_lines(self, value: int, index: int, node: Node) -> list[str]:
        """Return a loop over blocks; what they carry on has variables of its own."""
        assert isinstance(node.op, Body)
        sources, before = self.steps[index].inputs, before_of(node.op)
        arguments = [self.names[source] for source in sources]
        x, live = arguments[0], self.variables.live(index)
        arguments[0] = (
            self.variables.fresh(self.base, index - 1) if x in live or x in arguments[1:before] else x
        )
        if before and (x == arguments[before] or not self.variables.is_before(sources[before], live)):
            arguments[before] = self.variables.fresh(BEFORE, index - 1)
        copied = [
            (name, source)
            for name, source in zip(arguments, sources, strict=True)
            if name != self.names[source]
        ]
        self.written += [Statement((), name, source) for name, source in copied]
        names, olds = ", ".join(name for name, _ in copied), ", ".join(self.names[old] for _, old in copied)
        lines = [f"        {names} = {olds}"] if copied else []
        self.names[value], kept = arguments[0], arguments[before] if before else ""
        for at, output in enumerate(self.nodes):
            if isinstance(output.op, Output) and self.steps[at].inputs == (value,):
                self.names[self.inputs + at] = kept
        self.written.append(Statement((index,), arguments[0], value, kept=kept, loop=tuple(arguments)))
        block = self.variables.fresh("block", index - 1)
        call = f"{block}({', '.join(arguments)})"
        lines.append(f"        for {block} in self.{node.module}:  # {shape_text(node.shape)}")
        carried = f"{arguments[0]}, {kept} = {call}, {arguments[0]}" if kept else f"{arguments[0]} = {call}"
        return [*lines, *fit(f"            {carried}", self.width)]

    def keeps(self, index: int) -> int | None:
        """Return the value that a loop in the next line reads as what was before a step, if it does."""
        following = self.nodes[index + 1] if index + 1 < len(self.nodes) else None
        if following is None or not is_loop(following) or self.guards:
            return None
        assert isinstance(following.op, Body)
        before, sources = before_of(following.op), self.steps[index + 1].inputs
        if not before or sources[0] != self.inputs + index:
            return None
        kept = sources[before]
        last = kept not in self.outputs and max(self.readers[kept]) == index + 1
        return kept if last and kept != sources[0] and not self.names[kept].startswith(BEFORE) else None

    def _returned(self, index: int, text: str, passed: str) -> list[str]:
        self.written.append(Statement(self.evaluated(index), "", self.inputs + index))
        return fit(f"        return {text}{passed}", self.width)

    def _opened(self, guard: Guard) -> list[str]:
        """Return the lines that begin a segment: its result has the name of what it may pass on."""
        segment, source = guard.segment, guard.segment.source
        name = self.names[source]
        behind = source in self.outputs or any(
            reader not in segment.steps for reader in self.readers[source] if reader > segment.exit
        )
        lines = []
        if behind:
            old, name = name, self.variables.alias(segment)
            self.written.append(Statement((), name, source))
            lines = [f"        {name} = {old}"]
        self.names[self.inputs + segment.exit] = name
        return [*lines, f"        if {guard.test}:"]

    def statement_lines(self, value: int, index: int, node: Node, text: str) -> list[str]:
        """Return the lines that name a value; one that nothing reads is only computed."""
        guard = self.guards.get(index)
        margin = "            " if guard else "        "
        if not self.readers[value] and value not in self.outputs:
            self.written.append(Statement(self.evaluated(index), "", value))
            return fit(f"{margin}{text}", self.width)
        kept, old = "", self.keeps(index)
        if old is not None:
            kept = self.variables.fresh(BEFORE, index)
            self.names[value], self.names[old] = self.names[old], kept
        elif not guard or index != guard.segment.exit:
            self.names[value] = self.variables.variable(value, index, node)
        name = self.names[value]
        self.written.append(Statement(self.evaluated(index), name, value, kept=kept))
        line = f"{margin}{name}, {kept} = {text}, {name}" if kept else f"{margin}{name} = {text}"
        if self.shapes and len(line) < self.width - 20:
            return [f"{line}  # {shape_text(node.shape)}"]
        return fit(line, self.width)

    def evaluated(self, index: int) -> tuple[int, ...]:
        """Return the steps of the statement that ends with a step."""
        steps = [index]
        while (value := self.steps[steps[0]].inputs[0]) in self.nested:
            steps.insert(0, value - self.inputs)
        return tuple(steps)

    def _expression(self, index: int, node: Node) -> str:
        arguments = [self.nested.get(value) or self.names[value] for value in self.steps[index].inputs]
        if index in self.switches:
            return f"self.{self.switches[index]}({', '.join(arguments)})"
        if isinstance(node.op, Body) or node.op.stateful:
            return f"self.{node.module}({', '.join(arguments)})"
        values = {
            key: " ".join(
                f"self.{self.kept[word]}" if word in self.kept else word for word in text.split(" ")
            )
            for key, text in self.texts[index].items()
        }
        body, own = self.topology.owned[index]
        return node.op.call(arguments, values, len(body.shape_of(own.inputs[0])) - 1)

    def nests(self, value: int, text: str) -> bool:
        """Tell whether a value is written inside the one step that reads it."""
        readers = self.readers[value]
        if len(readers) != 1 or len(text) > MAX_NESTED or value in self.outputs:
            return False
        if self.guards.get(value - self.inputs) != self.guards.get(readers[0]):
            return False
        step, reader = self.steps[readers[0]], self.nodes[readers[0]]
        return (
            len(step.inputs) == 1
            and isinstance(reader.op, Op)
            and not reader.op.weighted
            and not self.shapes_between(value)
        )

    def shapes_between(self, value: int) -> bool:
        """Tell whether a network's own line would hide the shape that a row gives."""
        node = self.nodes[value - self.inputs]
        reader = self.nodes[self.readers[value][0]]
        return self.shapes and row_of(node) != row_of(reader)
