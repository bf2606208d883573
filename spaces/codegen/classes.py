"""Classes of the source: which bodies of a network share one, and what it is called."""

from __future__ import annotations

import keyword
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ..graph import Body, Node, Op, Output, flat
from .helpers import with_used
from .literals import Literal, Literals
from .topology import Topology

TAKEN = frozenset({"F", "Tensor", "None", "True", "False"})
"""Names that a class cannot have: what the source imports, and words of Python."""


@dataclass(eq=False)
class SourceClass:
    """One class of the text.

    Attributes:
        word: The block's word; the network's name for a network.
        topology: The bodies that share it, and their steps.
        within: Classes that its steps are of.
        places: Where each of its bodies stands among the members.
        name: Its name, once the classes are named.
    """

    word: str
    topology: Topology
    within: list[SourceClass] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    name: str = ""


class SourceClasses:
    """The bodies of a network, grouped into classes.

    Attributes:
        body: The network's own.
        of: The class of every body that has one, by its identity.
        classes: Every class, those that others use first; the last one is the network's own.
        literals: The attributes of every operator.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.literals = Literals()
        self.of: dict[int, SourceClass] = {}
        self.known: dict[Hashable, tuple[SourceClass, int]] = {}
        self.classes: list[SourceClass] = []
        for inner in bodies(body):
            self.group(inner)
        self.classes = used_first(self.classes)
        whole = SourceClass(body.word, Topology.of(body, self.keys(body)), places={id(body): 0})
        self.of[id(body)] = whole
        self.classes.append(whole)

    def group(self, body: Body) -> None:
        """Add a body to the class of its topology, or to one of its word that can hold it."""
        keys = self.keys(body)
        signature = (body.word, body.outputs, body.names, tuple(keys), tuple(n.inputs for n in body.nodes))
        if signature in self.known:
            source_class, member = self.known[signature]
            source_class.topology.add_like(body, member)
        else:
            inner = self.inner(body)
            source_class = self.merged(body, keys, inner) or self.new(body, keys)
            source_class.within += [other for other in inner if other not in source_class.within]
            self.known[signature] = source_class, len(source_class.topology.members) - 1
        source_class.places[id(body)] = len(source_class.topology.members) - 1
        self.of[id(body)] = source_class

    def merged(
        self, body: Body, keys: Sequence[Hashable], inner: Sequence[SourceClass]
    ) -> SourceClass | None:
        """Return the first class of a body's word that it could be added to, if any."""
        within = used_first(inner)
        for old in self.classes:
            if old.word == body.word and old not in within and old.topology.merge(body, keys):
                return old
        return None

    def new(self, body: Body, keys: Sequence[Hashable]) -> SourceClass:
        """Return a new class for a body."""
        self.classes.append(SourceClass(body.word, Topology.of(body, keys)))
        return self.classes[-1]

    def inner(self, body: Body) -> list[SourceClass]:
        """Return the classes that the steps of a body are of."""
        classes: list[SourceClass] = []
        for node in body.nodes:
            if isinstance(node.op, Body):
                own = self.of.get(id(node.op))
                classes += self.inner(node.op) if own is None else [own]
        return list(dict.fromkeys(classes))

    def keys(self, body: Body) -> list[Hashable]:
        """Return what must agree of each node between the uses of one class."""
        return [self.key(node) for node in body.nodes]

    def key(self, node: Node) -> Hashable:
        """Return what must agree of a node; where it stands does not."""
        if isinstance(node.op, Body):
            return (node.name, node.like, self.kind(node.op))
        if node.op.interchangeable:
            return (len(node.inputs), node.like, type(node.op))
        attributes = self.literals.of(node.op)
        fixed = tuple([value for value in attributes.values() if not _is_numeric(value)])
        name = node.name if node.op.stateful or isinstance(node.op, Output) else len(node.inputs)
        return (name, node.like, type(node.op), tuple(attributes), fixed)

    def kind(self, body: Body) -> Hashable:
        """Return what must agree between two blocks that one class holds at one place."""
        if body.listed:
            return tuple([self.kind(node.op) for node in body.nodes if isinstance(node.op, Body)])
        return id(self.of[id(body)])

    def set_names(self, class_name: str) -> None:
        """Name each class after its block, and variants after the parts that the plainest one lacks."""
        *inner, whole = self.classes
        whole.name = class_name
        taken: set[str] = {*TAKEN, class_name, *helpers(self.body), *imported(self.body)}
        for word in dict.fromkeys(group.word for group in inner):
            variants = [group for group in inner if group.word == word]
            scopes = [_parts(group.topology) for group in variants]
            common = set.intersection(*map(set, scopes))
            for group, parts in zip(variants, scopes, strict=True):
                stem = camel(word) + "".join(camel(part) for part in parts if part not in common)
                stem = stem if stem.isidentifier() else f"Block{stem}"
                names = [stem, *(f"{stem}{n}" for n in range(2, len(variants) + 3))]
                group.name = next(name for name in names if name not in taken and not keyword.iskeyword(name))
                taken.add(group.name)


def used_first(classes: Sequence[SourceClass]) -> list[SourceClass]:
    """Return classes and all that stand within them, each behind those that it uses."""
    ordered: dict[SourceClass, None] = {}
    todo = list(reversed(classes))
    while todo:
        top = todo[-1]
        missing = [inner for inner in top.within if inner not in ordered]
        if missing:
            todo += reversed(missing)
        else:
            ordered[todo.pop()] = None
    return list(ordered)


def bodies(body: Body) -> Iterator[Body]:
    """Yield every body that becomes a class once, those that others use first."""
    yield from _bodies(body, set())


def _bodies(body: Body, seen: set[int]) -> Iterator[Body]:
    for node in body.nodes:
        if isinstance(node.op, Body) and id(node.op) not in seen:
            seen.add(id(node.op))
            yield from _bodies(node.op, seen)
            if not node.op.listed:
                yield node.op


@lru_cache(maxsize=4)
def operators(body: Body) -> tuple[Op, ...]:
    """Return every operator of a network once."""
    ops = {id(node.op): node.op for node in flat(body).nodes}
    return tuple(op for op in ops.values() if isinstance(op, Op))


@lru_cache(maxsize=4)
def helpers(body: Body) -> frozenset[str]:
    """Return the names in `runtime` that a body's operators use."""
    return frozenset(with_used(name for op in operators(body) for name in op.helpers()))


@lru_cache(maxsize=4)
def imported(body: Body) -> frozenset[str]:
    """Return the names that a body's operators import."""
    return frozenset(line.rpartition(" ")[2] for op in operators(body) for line in op.imports())


def camel(word: str) -> str:
    """Return a word in the style of class names."""
    name = "".join(part[:1].upper() + part[1:] for part in word.split("_"))
    return f"Block{name}" if name[:1].isdigit() else name


def _parts(topology: Topology) -> list[str]:
    """Return what a class is made of: scopes such as `projection`, and kinds of operators."""
    nodes = topology.nodes()
    scopes = [node.name.rpartition("_")[0] for node in nodes]
    kinds = [type(node.op).__name__.lower() for node in nodes if isinstance(node.op, Op)]
    return list(dict.fromkeys([*(scope for scope in scopes if scope), *kinds]))


def _is_numeric(value: Literal) -> bool:
    return isinstance(value, int | float | tuple) and not isinstance(value, bool)
