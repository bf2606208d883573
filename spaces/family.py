"""A family: networks of one table that differ by an input and by constants, as in the tables of papers.

::

    family: efficientnet
    members:
      b0: {input: 3x224x224, w: 1.0, d: 1.0}
      b1: {input: 3x240x240, w: 1.0, d: 1.1}
    layers:
      ...

A member is the network `efficientnet-b1`: the family's table with the member's input and `let`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from .errors import SpaceError, suggest
from .graph import Shape
from .language.document import Document, Place
from .language.expressions import Expr
from .language.limits import Limit
from .language.reading import name_a_member
from .language.rows import INPUT, Composed
from .network import Network, TextTable

MAX_MEMBERS = 1000
_MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, kw_only=True)
class Family(TextTable):
    """Networks of one table.

    It is given what a network is, `members` besides; `input` only where a member has none of its own.

    Attributes:
        members: By name, what differs: `input`, and names of `let`.

    Raises:
        SpaceError: If a member says something else than the others, or nothing that the table has.

    >>> from archscape.spaces import Row, ref
    >>> rows = (Row("conv", width=ref("w")),)
    >>> family = Family(name="net", input=(3, 8, 8), layers=rows, members={"s": {"w": 8}, "m": {"w": 16}})
    >>> [network.name for network in family.networks()], family.member("m").body.shape
    (['net-s', 'net-m'], (16, 8, 8))
    """

    word: ClassVar[str] = "family"

    input: Shape | Mapping[str, Shape] = ()
    members: Mapping[str, Mapping[str, Expr | Mapping[str, Shape]]]
    blocks: Mapping[str, Composed] = field(default_factory=dict)
    choices: Mapping[str, Expr] = field(init=False, repr=False, default_factory=dict)
    within: Mapping[str, Limit] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.members, Mapping):
            law = f"`members` maps names to members, but got {self.members!r}"
            raise self.document.error(("members",), law)
        if not 1 <= len(self.members) <= MAX_MEMBERS:
            law = f"a family has 1 to {MAX_MEMBERS:,} members, but got {len(self.members):,}"
            raise self.document.error(("members",), law)
        for name in self.members:
            self._check(name)
        self._check_used()

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.members), self.layers))

    def member(self, name: str) -> Network:
        """Return the network of a member.

        Raises:
            SpaceError: If there is none of that name, or it does not follow the language.
        """
        if name not in self.members:
            known = list(self.members)
            raise SpaceError(
                f"family {self.name} has no member '{name}'{suggest(name, known)}"
                if name
                else name_a_member(self.document.name, known)
            )
        arguments = dict(self.members[name])
        shape = arguments.pop(INPUT, self.input)
        return Network(
            name=f"{self.name}-{name}",
            input=shape,  # type: ignore[arg-type]
            layers=self.layers,
            defaults=self.defaults,
            let={**self.let, **arguments},  # type: ignore[dict-item]
            functions=self.functions,
            blocks=self.blocks,
            outputs=self.outputs,
            uses=self.uses,
            alike=self.alike,
            origin=self.origin and self._document(self.origin, name),
        )

    def networks(self) -> Iterator[Network]:
        """Yield the network of every member."""
        return map(self.member, self.members)

    def _document(self, origin: Document, name: str) -> Document:
        """Return the family's document, in which what a member says stands where a network has it."""
        document = replace(origin, aliases=dict(origin.aliases), within=f"member '{name}'")
        document.stands_as(("family",), ("network",))
        for key in self.members[name]:
            document.stands_as(("members", name, key), (INPUT,) if key == INPUT else ("let", key))
        return document

    def _check_used(self) -> None:
        """Raise if every member sets what the family sets: nothing would use it."""
        set_by_all = set.intersection(*map(set, self.members.values()))
        places: dict[str, Place] = {name: ("let", name) for name in self.let}
        places |= {INPUT: (INPUT,)} if self.input else {}
        for name, place in places.items():
            if name in set_by_all:
                law = f"nothing uses '{name}': every member sets its own; take it out"
                raise self.document.error(place, law, at_key=True)

    def _check(self, name: str) -> None:
        place: Place = ("members", name)
        if not isinstance(name, str) or not _MEMBER.fullmatch(name):
            law = (
                "the name of a member is letters, digits, '.', '_', '-', and starts with a letter or a digit"
            )
            raise self.document.error(place, f"{law}, but got '{name}'", at_key=True)
        arguments = self.members[name]
        if not isinstance(arguments, Mapping):
            law = f"a member maps `input` and names of `let` to values, but got {arguments!r}"
            raise self.document.error(place, law)
        others = [other for member, other in self.members.items() if member != name]
        of_all = set(arguments).intersection(*others) if others else set(arguments)
        known = {INPUT, *self.let, *of_all}
        for key in arguments:
            if key not in known:
                lacking = next(m for m, other in self.members.items() if key not in other)
                names = {*known, *(each for other in others for each in other)} - {key}
                law = f"'{key}' is no name of `let`, and member '{lacking}' does not set it"
                raise self.document.error((*place, key), f"{law}{suggest(key, names)}", at_key=True)
        if INPUT not in arguments and not self.input:
            law = f"member '{name}' has no `input`; set it here or for the family"
            raise self.document.error(place, law, at_key=True)
