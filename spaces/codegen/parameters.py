"""Parameters of generated classes: which numbers differ between the uses of a class, and their names.

A number that is the same in every use is a literal. One that differs is an argument of the block or an
expression in some, where the block's definition has it so (`width // 4`), else a parameter of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count
from typing import NamedTuple

from ..graph import Body, Op
from .arguments import Arguments
from .literals import Literal, Literals, Name, alike, is_word, literal, type_of
from .topology import Segment, Topology
from .trials import Extract, numbers_of


class Parameter(NamedTuple):
    """One parameter of a class.

    Attributes:
        values: What each member of the class gives it.
        extract: Finds it in any body of the block.
        default: What the constructor takes where it is not given, as a tuple of one; else empty.
    """

    values: list[Literal]
    extract: Extract
    default: tuple[Literal, ...] = ()

    @property
    def type(self) -> str:
        """Its type in the signature."""
        return type_of(self.values)


class Parameters:
    """The parameters of one class, collected while its text is written.

    Attributes:
        used: Those that the text reads, by name.
        have: Of each that says which module something is, the members that have it.
    """

    def __init__(self, topology: Topology, taken: Collection[str]) -> None:
        """Begin a class; `taken` are names that none of its own parameters can have."""
        self.members = topology.members
        self.arguments = Arguments(topology.members, topology.places)
        self.taken = {*taken, *self.arguments.columns}
        self.own: dict[str, Parameter] = {}
        self.used: dict[str, Parameter] = {}
        self.have: dict[str, list[bool]] = {}

    def text(
        self, names: Sequence[str], column: Sequence[Literal | None], have: Sequence[bool], extract: Extract
    ) -> str:
        """Return the text of a number.

        Args:
            names: What to call it, if it becomes a parameter: the first name that is free.
            column: It, in every member.
            have: Which members have it.
            extract: Finds it in a body.
        """
        present = [value for value, has in zip(column, have, strict=True) if has]
        constant = alike(present)
        if constant and (all(have) or is_word(present[0])):
            return repr(present[0])
        if any(isinstance(value, Name) for value in present):
            return self.switch(names, column, have, extract)
        relation = self.arguments.relation(column, have, extract, itself=constant)
        if constant and relation is None:
            return repr(present[0])
        if relation:
            return relation.text.format(**{name: self.use(name) for name in relation.reads})
        usual = Counter(present).most_common(1)[0][0]
        values = [value if has else usual for value, has in zip(column, have, strict=True)]
        return self.introduce(names, Parameter(values, extract, () if all(have) else (usual,)))

    def switch(
        self, names: Sequence[str], column: Sequence[Literal | None], have: Sequence[bool], extract: Extract
    ) -> str:
        """Return the parameter that says which class of modules it is: one for all that are alike."""
        usual = Counter(v for v, has in zip(column, have, strict=True) if has).most_common(1)[0][0]
        for name, known in self.have.items():
            values = self.own[name].values
            both = [a and b for a, b in zip(known, have, strict=True)]
            if all(a == b for a, b, has in zip(values, column, both, strict=True) if has):
                for at, value in enumerate(column):
                    if have[at]:
                        values[at], known[at] = value, True
                return name
        values = [value if has else usual for value, has in zip(column, have, strict=True)]
        name = self.introduce(names, Parameter(values, extract, (usual,)))
        self.have[name] = [*have]
        return name

    def condition(self, names: Sequence[str], segment: Segment, extract: Extract) -> str:
        """Return the text of the condition on which a segment stands."""
        if found := self.arguments.condition(segment.present, extract):
            return found.text.format(**{name: self.use(name) for name in found.reads})
        for name, flag in self.own.items():
            if flag.type == "bool" and flag.values == [*segment.present]:  # 1 is no flag, though 1 == True
                return name
        usual = sum(segment.present) * 2 > len(segment.present)
        return self.introduce(names, Parameter([*segment.present], extract, (usual,)))

    def introduce(self, names: Sequence[str], parameter: Parameter) -> str:
        """Make a parameter of its own, under the first name that is free."""
        numbered = (f"{names[-1]}{number}" for number in count(2))
        name = next(name for name in chain(names, numbered) if name not in self.taken)
        self.taken.add(name)
        self.own[name] = self.used[name] = parameter
        if parameter.type != "bool" and not parameter.type.startswith("type"):
            self.arguments.add(name, parameter.values, parameter.extract)
        return name

    def use(self, name: str) -> str:
        """Make an argument of the block a parameter of the class, and return its name."""
        if name not in self.used:
            values = self.arguments.columns[name]
            self.used[name] = Parameter(
                values, lambda body: numbers_of(body)[name], self.default(name, values)
            )
        return name

    def default(self, name: str, values: Sequence[Literal]) -> tuple[Literal, ...]:
        """Return what the block takes where an argument is not given, if a member has it so."""
        definition = self.members[0].definition
        defaults = {} if definition is None else definition.defaults
        default = defaults.get(name)
        known = default is not None and not isinstance(default, bool)
        return (literal(default),) if known and literal(default) in values else ()

    def ordered(self) -> dict[str, Parameter]:
        """Return the parameters in order: inputs, then as in the block's signature; defaults behind."""
        order = ["inputs", *(name for name in self.arguments.columns if name != "inputs"), *self.own]
        names = [name for name in dict.fromkeys(order) if name in self.used]
        return {
            name: self.used[name] for name in sorted(names, key=lambda name: bool(self.used[name].default))
        }

    def signature(self) -> str:
        """Return the parameters with their types and defaults, after a comma."""
        return "".join(
            f", {name}: {parameter.type}" + "".join(f" = {value!r}" for value in parameter.default)
            for name, parameter in self.ordered().items()
        )

    def in_forward(self, topology: Topology, texts: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
        """Return the parameters that stateless operators read."""
        words = " ".join(
            value
            for node, values in zip(topology.nodes(), texts, strict=True)
            if isinstance(node.op, Op) and not node.op.stateful
            for value in values.values()
        ).split()
        return tuple(name for name in self.ordered() if name in words)


def attribute(name: str, key: str, literals: Literals) -> Extract:
    """Return what finds an attribute of an operator in a body."""

    def extract(body: Body) -> Literal:
        for node in body.nodes:
            if node.name == name and isinstance(node.op, Op):
                return literals.of(node.op)[key]
        raise LookupError(name)

    return extract


def presence(name: str) -> Extract:
    """Return what tells whether a body has a node."""
    return lambda body: any(node.name == name for node in body.nodes)


def within(path: Sequence[str], extract: Extract) -> Extract:
    """Return what finds a value in a block that stands in a body, at a path of names."""

    def find(body: Body) -> Literal:
        for name in path:
            inner = next((node.op for node in body.nodes if node.name == name), None)
            if not isinstance(inner, Body):
                raise LookupError(name)
            body = inner
        return extract(body)

    return find
