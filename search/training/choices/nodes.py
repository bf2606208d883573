"""The parts of a recipe, some of which are open: a tree as a document has it, with choices in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from archscape.spaces.language.document import Place, Tree
from archscape.spaces.language.slots import Choose
from archscape.spaces.values import Option, decimal

Node: TypeAlias = "str | Choice | list[Node] | dict[str, Node] | None"
"""A part of a recipe: as a document has it, or open."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A choice in a recipe.

    Attributes:
        path: Its path among the decisions of a trial.
        options: The options, in order.
        nodes: What each stands for, which may be open itself.
        written: What is written behind each, where they are listed.
        places: Where each is written.
        text: The range, as it is written; "" where the options are listed.
    """

    path: str
    options: Sequence[Option]
    nodes: Mapping[Option, Node]
    written: Mapping[Option, Node] = field(default_factory=dict)
    places: Mapping[Option, Place] = field(compare=False, repr=False)
    text: str = ""


def option_of(text: str) -> Option:
    """Return an option in the one way to write it: a whole number, a decimal, or a text.

    >>> [option_of(text) for text in ("48", "1e-4", "0.10", "[flip]")]
    [48, '0.0001', '0.1', '[flip]']
    """
    try:
        number = decimal(float(text))
    except ValueError:
        return text
    return int(number) if number.lstrip("-").isdigit() else number


def choices(node: Node) -> Iterator[Choice]:
    """Yield every choice in a part of a recipe, an outer one before those in its options."""
    if isinstance(node, Choice):
        yield node
    for inner in _within(node):
        yield from choices(inner)


def count(node: Node) -> int:
    """Return in how many ways a part of a recipe can be drawn."""
    return (sum if isinstance(node, Choice) else prod)(map(count, _within(node)))


def close(node: Node, place: Place, choose: Choose, aliases: dict[Place, Place]) -> Tree:
    """Return a part of a recipe as it is drawn.

    Args:
        node: The part.
        place: Where it stands in the recipe that is drawn.
        choose: Draws.
        aliases: Takes where in the document its parts are written that stand elsewhere.
    """
    if isinstance(node, Choice):
        option = choose(node.path, node.options)
        aliases[place] = node.places[option]
        return close(node.nodes[option], place, choose, aliases)
    if isinstance(node, dict):
        return {key: close(value, (*place, key), choose, aliases) for key, value in node.items()}
    if isinstance(node, list):
        return [close(value, (*place, i), choose, aliases) for i, value in enumerate(node)]
    return node


def plain(node: Node) -> object:
    """Return a part of a recipe as a document has it; it reads back as the same."""
    if isinstance(node, Choice):
        return node.text or {str(option): plain(node.written[option]) for option in node.options}
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items()}
    return [plain(value) for value in node] if isinstance(node, list) else node


def _within(node: Node) -> Iterable[Node]:
    if isinstance(node, Choice):
        return node.nodes.values()
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
