"""A YAML (or JSON) text as a tree of texts that remembers where each part stands.

Scalars stay the text that was written, so `no`, `1/4` and `3x32x32` mean what they say; only an empty one, or
the `null` of JSON, is None. A flow mapping whose values are all empty, `{3, 5, 7}`, is how YAML reads a set;
it stays a mapping to None here. JSON is read by the same code, since every JSON text is a YAML text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

import yaml

from ..errors import InputError, SpaceError, suggest

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"
Place: TypeAlias = "tuple[str | int, ...]"
Mark: TypeAlias = tuple[int, int]
Runs: TypeAlias = Literal["nothing", "beside", "all"]
"""What a document may name to be run: a stored one nothing, a table that the user names what lies beside it,
the job that the user starts all that it names."""

MAX_CHARACTERS = 200_000
MAX_DEPTH = 60
MAX_LINE = 160
"""Characters of a line that a message shows."""
MAX_MESSAGE = 600
"""Characters of what a message says."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A tree of texts with the place of each key and value.

    Attributes:
        tree: Nested dicts, lists and texts; an omitted value is None.
        name: File name for messages, or `<text>`.
        keys: Line and column (from 1) of each mapping key, by path.
        values: Line and column (from 1) of each value, by path.
        aliases: Where parts stand in the text that have another path as well.
        runs: Which Python files it may name to be run; `uses.py` decides.
        member: Which member of a family it was asked for.
        within: What of it is read, to be said in messages: `member 'b1'` of a family.
        functions: The functions that it declares: the least and the largest number of arguments of each.
    """

    tree: Tree
    name: str = "<python>"
    kind: type[InputError] = SpaceError
    lines: tuple[str, ...] = ()
    keys: dict[Place, Mark] = field(default_factory=dict, repr=False)
    values: dict[Place, Mark] = field(default_factory=dict, repr=False)
    aliases: dict[Place, Place] = field(default_factory=dict, repr=False)
    runs: Runs = "nothing"
    member: str = ""
    within: str = ""
    functions: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def error(
        self,
        place: Place,
        message: str,
        *,
        at_key: bool = False,
        offset: int = 0,
        kind: type[InputError] | None = None,
    ) -> InputError:
        """Return an error that says where: `file:line:column: message`, then the line itself.

        Args:
            place: Path of the part in the tree, such as `("layers", 3, "any", "width")`.
            message: What is wrong and what would be right.
            at_key: Point to the key rather than to its value.
            offset: Characters to the right of the value's start.
            kind: Class of the error; the document's own by default.
        """
        cls = kind or self.kind
        message += f"; in {self.within}" if self.within else ""
        real = self._real(place)
        for end in range(len(real), -1, -1):
            table = self.keys if at_key and end == len(real) else self.values
            mark = table.get(real[:end]) or self.keys.get(real[:end])
            if mark:
                line, column = mark[0], mark[1] + (offset if end == len(real) else 0)
                text = self.lines[line - 1].rstrip() if line <= len(self.lines) else ""
                column = min(column, len(text) + 1)
                return cls(f"{self.name}:{line}:{column}: {_printable(message)}{_pointer(text, column)}")
        return cls(f"{self.name}: {_printable(_dotted(place) + message)}")

    @contextmanager
    def at(self, place: Place) -> Iterator[None]:
        """Give an input error that is raised meanwhile its place."""
        try:
            yield
        except InputError as error:
            raise self.error(place, str(error)) from None

    def line(self, place: Place) -> int | None:
        """Return the line in which a place stands, from 1, if it is known."""
        mark = self.values.get(self._real(place))
        return mark[0] if mark else None

    def written(self, place: Place) -> str:
        """Return the text that stands at a place, if it is known, or nothing."""
        tree = self.tree
        for part in self._real(place):
            if not isinstance(tree, dict | list) or (isinstance(tree, list) and not isinstance(part, int)):
                return ""
            tree = tree.get(str(part)) if isinstance(tree, dict) else tree[int(part)]
        return tree if isinstance(tree, str) else ""

    def stands_as(self, place: Place, other: Place) -> None:
        """Let what stands at a place be found at another place."""
        self.aliases[other] = self._real(place)

    def _real(self, place: Place) -> Place:
        """Return the place in the text of what stands at a place."""
        real: Place = ()
        for end, part in enumerate(place, 1):
            real = self.aliases.get(place[:end], (*real, part))
        return real

    def unknown(self, place: Place, owner: str, known: Iterable[str], *, remedy: str = "") -> InputError:
        """Return the error for a key that its owner does not have, with what would be right."""
        key = str(place[-1])
        return self.error(place, f"{owner} has no '{key}'{remedy or suggest(key, known)}", at_key=True)


def read_text(text: str, *, name: str = "<text>", kind: type[InputError] = SpaceError) -> Document:
    """Return the document that a YAML or JSON text holds.

    Raises:
        InputError: Of the given kind, if the text is not YAML, repeats a key, or uses anchors or tags.
    """
    if len(text) > MAX_CHARACTERS:
        raise kind(f"{name}: {len(text):,} characters; a document holds at most {MAX_CHARACTERS:,}")
    lines = tuple(text.splitlines())
    blank = Document(tree=None, name=name, kind=kind, lines=lines)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except _OutsideError as error:
        raise _marked(blank, error.problem_mark).error((), str(error.problem)) from None
    except yaml.MarkedYAMLError as error:
        where = _marked(blank, error.problem_mark or error.context_mark)
        reason = ", ".join(filter(None, (error.context, error.problem)))
        raise where.error((), f"not YAML: {reason}") from None
    except yaml.reader.ReaderError as error:
        before = (text[: error.position] + "^").splitlines()
        where = replace(blank, values={(): (len(before), len(before[-1]))})
        raise where.error((), f"not YAML: the character #x{error.character:04x} is not allowed") from None
    except (yaml.YAMLError, ValueError) as error:
        raise kind(f"{name}: not YAML: {_printable(str(error).splitlines()[0])}") from None
    if node is None:
        raise blank.error((), "the document is empty")
    return replace(blank, tree=_tree(blank, node, ()))


def read_file(path: str | Path, *, kind: type[InputError] = SpaceError, runs: Runs = "nothing") -> Document:
    """Return the document in a file; a missing or unreadable file is an error of the given kind."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise kind(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise kind(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
    return replace(read_text(text, name=str(path), kind=kind), runs=runs)


class _OutsideError(yaml.MarkedYAMLError):
    """YAML that the language leaves out."""


class _Loader(yaml.SafeLoader):
    """Composes nodes, without anchors, aliases and tags, and not too deep."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.level = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node and all in it; an event that the language leaves out is an error at its place."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        law = ""
        if getattr(event, "anchor", None) is not None:
            law = "anchors and aliases are not part of the language; use `let`"
        elif getattr(event, "tag", None) is not None:
            law = f"the tag {event.tag} is not part of the language"
        elif self.level > MAX_DEPTH:
            law = f"nested too deep; at most {MAX_DEPTH} levels"
        if law:
            raise _OutsideError(problem=law, problem_mark=event.start_mark)
        self.level += 1
        node = super().compose_node(parent, index)
        self.level -= 1
        return node


def _tree(document: Document, node: yaml.Node, place: Place) -> Tree:
    """Return a YAML node as a tree, and note in the document where its parts stand."""
    document.values[place] = _mark(node)
    if isinstance(node, yaml.ScalarNode):
        return None if node.style is None and node.value in ("", "null") else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_tree(document, item, (*place, i)) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.MappingNode)
    tree: dict[str, Tree] = {}
    for key_node, value_node in node.value:
        key = _key(document, key_node, place)
        inner = (*place, key)
        document.keys[inner] = _mark(key_node)
        if key in tree:
            raise document.error(inner, f"'{key}' stands twice in one mapping", at_key=True)
        tree[key] = _tree(document, value_node, inner)
    return tree


def _key(document: Document, node: yaml.Node, place: Place) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(i, yaml.ScalarNode) for i in node.value):
        return f"[{', '.join(str(item.value) for item in node.value)}]"
    raise document.error(place, "a key is a word, a number or a flat sequence")


def _mark(node: yaml.Node) -> Mark:
    """Return the line and column where a node starts; of a quoted one, the character after the quote."""
    quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
    return node.start_mark.line + 1, node.start_mark.column + 1 + quoted


def _marked(blank: Document, mark: yaml.Mark | None) -> Document:
    """Return a document whose only place is a mark."""
    return replace(blank, values={(): (mark.line + 1, mark.column + 1)} if mark else {})


def _printable(message: str) -> str:
    """Return a message without characters that would break a terminal's line, cut where it is very long."""
    short = message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]} ..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)


def _pointer(text: str, column: int) -> str:
    """Return the line, or the part of it around a column, and a caret below the column."""
    start = max(0, column - MAX_LINE) if len(text) > MAX_LINE else 0
    shown = _printable(text[start : start + MAX_LINE].replace("\t", " "))
    before = _printable(text[start : column - 1].replace("\t", " "))
    return f"\n  {shown}\n  {' ' * len(before)}^"


def _dotted(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{text.lstrip('.')}: " if text else ""
