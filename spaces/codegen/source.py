"""Source: the PyTorch text of a network, as one would write it by hand.

Blocks of one topology become one class. Numbers that differ between its uses become parameters of the class,
named after the block's own arguments where they agree (`width // 4`). The text depends on torch alone;
`build` compiles it.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap

from ..graph import Body, Node, Op, flat
from ..language.closed_table import ClosedTable
from ..language.uses import used_name
from ..language.writing import to_yaml
from ..values import shape_text
from .forward import Forward, Statement
from .helpers import definitions
from .layout import fit, indent
from .parameters import Literal, ParameterNames, literal

WIDTH = 88
TAKEN = frozenset({"F", "Tensor", "None", "True", "False"})
"""Names that a class cannot have: what the source imports, and words of Python."""


def source(network: ClosedTable) -> str:
    """Return a module's text whose one public class is the network.

    It imports torch alone, and the user's own modules. `state_dict` keys are the names of the graph.
    """
    writer = _Writer(network)
    written_classes = ["\n".join(written.lines) for written in writer.classes]
    classes = [*definitions(_helpers(network.body)), *written_classes]
    parts = [f"{_header(network)}\n\n{_imports(network.body, classes)}", *classes]
    return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def statements(network: ClosedTable) -> Callable[[Body], Sequence[Statement]]:
    """Return what says of a body of the network how the source takes its steps; a sequence is in no class."""
    by_body = {
        id(body): written.statements for written in _Writer(network).classes for body in written.bodies
    }
    return lambda body: by_body[id(body)]


def class_name(network: ClosedTable) -> str:
    """Return the name of the network's class; `Network` is added where that name is taken."""
    name = "".join(part[:1].upper() + part[1:] for part in _words(network.name))
    words = [_camel(body.word) for body in _bodies(network.body)]
    taken = {*TAKEN, *_helpers(network.body), *_imported(network.body), *words}
    return f"{name}Network" if name in taken or keyword.iskeyword(name) else name


def _header(network: ClosedTable) -> str:
    totals = network.totals
    results = ", ".join(map(shape_text, network.body.shapes))
    uses = [Path(use).name if use.endswith(".py") else use for use in map(used_name, network.uses)]
    table = indent(to_yaml(network, uses=uses).rstrip("\n"), 4)
    return (
        f'"""{network.name}: {shape_text(network.input)} -> {results}.\n\n'
        f"{table}\n\n"
        f"{totals.params:,} parameters; {totals.macs:,} multiply-accumulates of convolutions and\n"
        f'linear layers for one input, without bias. Written by archscape.\n"""'
    )


def _imports(body: Body, classes: Sequence[str]) -> str:
    text = "".join(classes)
    lines = ["import torch"] if "torch." in text else []
    lines += ["import torch.nn.functional as F"] if "F." in text else []
    imports = sorted({line for op in _operators(body) for line in op.imports()})
    return "\n".join([*lines, "from torch import Tensor, nn", *([""] if imports else []), *imports])


@dataclass
class _Class:
    """One class of the text: the bodies that share a topology."""

    name: str
    bodies: list[Body]
    parameters: dict[str, list[Literal]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    statements: Sequence[Statement] = ()


class _Writer:
    """Groups the bodies of a network into classes and writes each once.

    Attributes:
        classes: Every class, those that others use first; the last one is the network's own.
    """

    def __init__(self, network: ClosedTable) -> None:
        self.network = network
        self.name = class_name(network)
        self.groups: dict[tuple[object, ...], _Class] = {}
        self.of: dict[int, _Class] = {}
        for body in _bodies(network.body):
            self.group(body)
        self.name_classes()
        self.classes = [*self.groups.values(), _Class(self.name, [network.body])]
        for written in self.classes:
            self.write(written)

    def group(self, body: Body) -> None:
        """Add a body to the class of its topology."""
        if id(body) in self.of:
            return
        key = (
            body.word,
            body.outputs,
            body.names,
            tuple(map(len, body.inputs)),
            tuple(self.signature(node) for node in body.nodes),
        )
        group = self.groups.setdefault(key, _Class("", []))
        group.bodies.append(body)
        self.of[id(body)] = group

    def signature(self, node: Node) -> tuple[object, ...]:
        """Return what must agree between the uses of one class."""
        if isinstance(node.op, Body):
            return (node.name, node.inputs, self.kind(node.op))
        fixed = tuple(v for v in map(literal, node.op.attributes().values()) if not _numeric(v))
        return (node.name, node.inputs, type(node.op), fixed)

    def kind(self, body: Body) -> object:
        """Return what must agree between two blocks that one class holds at one place."""
        if body.sequence:
            return tuple([self.kind(node.op) for node in body.nodes if isinstance(node.op, Body)])
        return id(self.of[id(body)])

    def name_classes(self) -> None:
        """Name each class after its block, and variants after the parts that the plainest one lacks."""
        body = self.network.body
        taken: set[str] = {*TAKEN, self.name, *_helpers(body), *_imported(body)}
        for word in dict.fromkeys(group.bodies[0].word for group in self.groups.values()):
            variants = [group for group in self.groups.values() if group.bodies[0].word == word]
            scopes = [_scopes(group.bodies[0]) for group in variants]
            common = set.intersection(*map(set, scopes))
            for group, scope_names in zip(variants, scopes, strict=True):
                stem = _camel(word) + "".join(
                    _camel(s) for s in dict.fromkeys(scope_names) if s not in common
                )
                names = [stem, *(f"{stem}{n}" for n in range(2, len(variants) + 3))]
                group.name = next(name for name in names if name not in taken)
                taken.add(group.name)

    def write(self, group: _Class) -> None:
        """Write a class: the constructor from the attributes of all its bodies, forward from the first."""
        network, body = self.network, group.bodies[0]
        whole = body is network.body
        title = f'    """{network.name} for inputs of {shape_text(network.input)}."""'
        names = ParameterNames(group.bodies)
        statements = []
        texts: list[dict[str, str]] = []
        for index, node in enumerate(body.nodes):
            here = len(body.shape_of(node.inputs[0])) - 1
            if isinstance(node.op, Body):
                members = [b.nodes[index].op for b in group.bodies]
                child = self.child([m for m in members if isinstance(m, Body)], node.name, names)
                statements.append(f"self.{node.name} = {child}")
                texts.append({})
                continue
            values = self.attribute_texts(group, index, names)
            texts.append(values)
            if node.op.stateful:
                statements.append(f"self.{node.name} = {node.op.module(values, here)}")
        group.parameters = names.ordered()
        # Attributes that only the forward pass needs are literals there, so they stay on the instance.
        kept = names.in_forward(body, texts)
        lines = [f"class {group.name}(nn.Module):", *([title] if whole else _docstring(body.doc)), ""]
        if statements or kept:
            lines += fit(f"    def __init__(self{names.signature()}) -> None:", WIDTH)
            lines.append("        super().__init__()")
            lines += [f"        self.{name} = {name}" for name in kept]
            for statement in statements:
                lines += fit(f"        {statement}", WIDTH)
            lines.append("")
        method = Forward(body, texts, base="x" if whole else "y", kept=kept, width=WIDTH, shapes=whole)
        group.lines, group.statements = lines + method.lines, method.statements

    def attribute_texts(self, group: _Class, index: int, names: ParameterNames) -> dict[str, str]:
        """Return the text of each attribute of an operator: a literal, or an expression in parameters."""
        ops = [body.nodes[index].op for body in group.bodies]
        tables = [op.attributes() for op in ops if isinstance(op, Op)]
        stem = group.bodies[0].nodes[index].name
        return {
            name: names.text(f"{stem}_{name}", [literal(table[name]) for table in tables])
            for name in tables[0]
        }

    def child(self, members: list[Body], stem: str, names: ParameterNames) -> str:
        """Return the constructor of a block inside a class, from that block in every body of the class."""
        first = members[0]
        if all(member is first for member in members):
            return self.construct(first)
        if first.sequence:
            columns = zip(*(member.nodes for member in members), strict=True)
            parts = [
                self.child([node.op for node in column if isinstance(node.op, Body)], f"{stem}{at}", names)
                for at, column in enumerate(columns)
            ]
            return f"nn.Sequential({', '.join(parts)})"
        child = self.of[id(first)]
        indices = [child.bodies.index(member) for member in members]
        return _constructor(
            child.name,
            {
                name: names.text(f"{stem}_{name}", [values[index] for index in indices])
                for name, values in child.parameters.items()
            },
        )

    def construct(self, body: Body) -> str:
        """Return the constructor of a body with literal arguments."""
        if body.sequence:
            children = [node.op for node in body.nodes]
            return (
                f"nn.Sequential({', '.join(_runs([self.call(c) for c in children if isinstance(c, Body)]))})"
            )
        name, values = self.call(body)
        return _constructor(name, {key: repr(value) for key, value in values.items()})

    def call(self, body: Body) -> tuple[str, dict[str, Literal]]:
        """Return the class of a body and the values of its parameters."""
        if body.sequence:
            return self.construct(body), {}
        group = self.of[id(body)]
        index = group.bodies.index(body)
        return group.name, {name: values[index] for name, values in group.parameters.items()}


def _runs(calls: Sequence[tuple[str, dict[str, Literal]]]) -> Iterator[str]:
    """Yield the children of a sequence; equal or evenly growing ones as one generator."""
    at = 0
    while at < len(calls):
        name, values = calls[at]
        end, varying, step = _run(calls, at)
        if end - at < 2:
            yield _constructor(name, {key: repr(value) for key, value in values.items()})
        else:
            texts = {key: repr(value) for key, value in values.items()}
            if varying:
                texts[varying] = f"{texts[varying]} + {step} * i"
            yield f"*({_constructor(name, texts)} for {'i' if varying else '_'} in range({end - at}))"
        at = end


def _run(calls: Sequence[tuple[str, dict[str, Literal]]], at: int) -> tuple[int, str, int]:
    """Return where a run ends, and the parameter that grows in it with its step."""
    name, first = calls[at]
    end, varying, step = at + 1, "", 0
    while end < len(calls) and calls[end][0] == name:
        values = calls[end][1]
        changed = [key for key in values if values[key] != first[key]]
        if not changed and not varying:
            end += 1
            continue
        old, new = (first[changed[0]], values[changed[0]]) if len(changed) == 1 else (None, None)
        if not isinstance(old, int) or not isinstance(new, int) or (end > at + 1 and not varying):
            break
        if not varying:
            varying, step = changed[0], new - old
        if changed[0] != varying or new != old + step * (end - at) or step < 0:
            break
        end += 1
    if varying and end - at < 3:
        return at + 1, "", 0
    return end, varying, step


def _constructor(name: str, values: dict[str, str]) -> str:
    """Return `Name(inputs, width, other=...)`."""
    if not values:
        return name if name.endswith(")") else f"{name}()"
    items = list(values.items())
    leading = 0
    while leading < len(items) and items[leading][0] in ("inputs", "width"):
        leading += 1
    positional = [value for _, value in items[:leading]]
    named = [f"{key}={value}" for key, value in items[leading:]]
    return f"{name}({', '.join([*positional, *named])})"


def _bodies(body: Body) -> Iterator[Body]:
    """Yield every body that becomes a class, those that others use first."""
    for node in body.nodes:
        if isinstance(node.op, Body):
            yield from _bodies(node.op)
            if not node.op.sequence:
                yield node.op


def _operators(body: Body) -> list[Op]:
    """Return every operator of a network."""
    return [node.op for node in flat(body).nodes if isinstance(node.op, Op)]


def _helpers(body: Body) -> Iterator[str]:
    """Yield the names in `runtime` that a body's operators use."""
    for op in _operators(body):
        yield from op.helpers()


def _imported(body: Body) -> Iterator[str]:
    """Yield the names that a body's operators import."""
    for op in _operators(body):
        yield from [line.rpartition(" ")[2] for line in op.imports()]


def _numeric(value: Literal) -> bool:
    return isinstance(value, int | float | tuple) and not isinstance(value, bool)


def _scopes(body: Body) -> list[str]:
    """Return the scopes of a body's nodes: `projection` of `projection_conv`."""
    names = [node.name.rpartition("_")[0] for node in body.nodes]
    return list(dict.fromkeys(name for name in names if name))


def _docstring(doc: str) -> list[str]:
    formula = doc.split("\n\n")[0]  # what follows is about the parameters of the block
    lines = [line for paragraph in formula.split("\n") for line in (wrap(paragraph, WIDTH - 7) or [""])]
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}".rstrip() for line in lines[1:]), '    """']


def _words(name: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in name).split()


def _camel(word: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in word.split("_"))
