"""Settings that are their own schema, and the one reader of them from a document.

::

    @dataclass(frozen=True, kw_only=True)
    class Halving(RuleSettings):
        name: ClassVar[str] = "halving"
        eta: Annotated[int, whole(2)] = 3

A rule with settings stands in a document as its name, or as a mapping that changes its settings::

    stop: halving
    stop: {rule: halving, eta: 4}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from functools import cache
from inspect import cleandoc
from typing import Any, ClassVar, NamedTuple, TypeVar, get_type_hints

from ..errors import InputError, JobError, suggest
from ..kinds import Kind, kind_of, law_of
from ..registry import LazyTable
from .document import Document, Place, Tree

RULE = "rule"
"""The key under which a mapping of settings names what they are of."""

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings, each field annotated with the kind of its values; a field without one is not checked here.

    Raises:
        JobError: If a value is not of its kind.
    """

    name: ClassVar[str]
    """What they are of, for messages."""

    @property
    def word(self) -> str:
        """The word for them in a document."""
        return self.name

    def __post_init__(self) -> None:
        for field, kind in kinds_of(type(self)).items():
            value = getattr(self, field)
            try:
                kind.accept(value)
            except ValueError:
                raise JobError(f"{self.name}: {field} {kind.refusal(value, repr(value))}") from None


@dataclass(frozen=True, kw_only=True)
class RuleSettings(Settings):
    """Settings of a rule out of a table; its name is the word for it in a document."""

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the settings of a rule in plain types, as a document has them; what is none is left out."""
        values = {field: getattr(self, field) for field in kinds_of(type(self))}
        return {RULE: self.word, **{field: value for field, value in values.items() if value is not None}}


S = TypeVar("S", bound=Settings)
R = TypeVar("R", bound=RuleSettings)


def kinds_of(cls: type[Settings]) -> Mapping[str, Kind[Any]]:
    """Return the kind of every setting of a class that has one, by name."""
    hashable: Any = cls  # which mypy does not believe of the classes of dataclasses
    return _kinds_of(hashable)


@cache
def _kinds_of(cls: type[Settings]) -> Mapping[str, Kind[Any]]:
    hints = get_type_hints(cls, include_extras=True)
    kinds = ((field.name, kind_of(hints[field.name])) for field in fields(cls))
    return {name: kind for name, kind in kinds if kind is not None}


class Setting(NamedTuple):
    """A setting as a user reads about it."""

    name: str
    default: str
    law: str
    meaning: str


def describe(cls: type[Settings]) -> list[Setting]:
    """Return the settings of a class that a document may have: their defaults, laws and meanings."""
    hints, meanings = get_type_hints(cls, include_extras=True), _meanings(cls)
    return [
        Setting(field.name, _default(field), law, meanings.get(field.name, ""))
        for field in fields(cls)
        if (law := law_of(hints[field.name]))
    ]


def _default(field: Field[Any]) -> str:
    """Return the default of a setting as a document would have it; "needed" where there is none."""
    if field.default is MISSING and field.default_factory is MISSING:
        return "needed"
    value = field.default if field.default is not MISSING else field.default_factory()  # type: ignore[operator]
    if isinstance(value, Settings):
        return value.word
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {word}' for key, word in value.items())}}}" if value else "none"
    return "none" if value in (None, "", ()) else str(value)


def _meanings(cls: type) -> dict[str, str]:
    """Return what the docstrings of a class and of its bases say of its attributes."""
    meanings: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        section = cleandoc(base.__doc__ or "").partition("\nAttributes:\n")[2]
        for name, text in re.findall(r"^    (\w+): (.*(?:\n {6,}.*)*)", section, re.MULTILINE):
            meanings[name] = " ".join(text.split())
    return meanings


class ConflictError(JobError):
    """Values of one owner that do not fit each other.

    Attributes:
        key: The setting that is to change.
        said: The message, without the owner.
    """

    def __init__(self, owner: str, key: str, message: str) -> None:
        super().__init__(f"{owner}: {message}")
        self.key, self.said = key, message


def read_settings(
    start: S,
    tree: Mapping[str, Tree],
    document: Document,
    place: Place,
    *,
    owner: str,
    others: Iterable[str] = (),
    elsewhere: Callable[[str], str] = lambda key: "",
) -> S:
    """Return settings changed by a mapping, which stands at a place in a document.

    The owner is whose settings they are, for messages: `a recipe`. The mapping may have other keys, which are
    not read. `elsewhere` says where an unknown key belongs, if it does.

    Raises:
        InputError: If a key is unknown, or a value breaks its law.
    """
    kinds = kinds_of(type(start))
    changes: dict[str, Any] = {}
    for key, value in tree.items():
        if key in kinds:
            changes[key] = read_value(kinds[key], value, document, (*place, key), name=key)
        elif key not in others:
            raise document.unknown((*place, key), owner, (*others, *kinds), remedy=elsewhere(key))
    try:
        return replace(start, **changes)
    except ConflictError as conflict:
        raise document.error((*place, conflict.key), conflict.said) from None
    except InputError as error:  # it breaks another law of several values
        raise document.error(place, str(error)) from None


def read_value(kind: Kind[V], tree: Tree, document: Document, place: Place, *, name: str) -> V:
    """Return the value of one setting.

    Raises:
        InputError: If it breaks its law; with the place, what was written and the law.
    """
    try:
        return kind.read(tree)
    except ValueError:
        raise document.error(place, f"{name} {kind.refusal(tree, repr(tree))}") from None


def read_rule(table: LazyTable[type[R]], tree: Tree, document: Document, place: Place) -> R:
    """Return the settings of a rule: of its name alone, or of a mapping with its `rule` and settings.

    All settings of the rules in the table have defaults.

    Raises:
        InputError: If a rule or a setting is unknown, or a value breaks its law.
    """
    if not isinstance(tree, dict):
        return table.load(read_name(table, tree, document, place))()
    if RULE not in tree:
        example = next(iter(table))
        raise document.error(place, f"`{place[-1]}:` needs its rule, as in {{{RULE}: {example}}}")
    start = table.load(read_name(table, tree[RULE], document, (*place, RULE)))()
    return read_settings(start, tree, document, place, owner=start.word, others=(RULE,))


def read_name(table: LazyTable[V], tree: Tree, document: Document, place: Place) -> str:
    """Return a name out of a table, which is not imported.

    Raises:
        InputError: If it is no name, or there is nothing of that name.
    """
    if not isinstance(tree, str) or not tree:
        article = "an" if table.what[0] in "aeiou" else "a"
        raise document.error(place, f"{article} {table.what} is one word{suggest('', table)}")
    if tree not in table:
        raise document.error(place, table.missing(tree))
    return tree
