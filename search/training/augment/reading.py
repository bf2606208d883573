"""How a recipe writes its augmentations: names, settings, a set under its name, or several.

::

    augment: [flip, {rotate: 15}, {cutout: 8}]

    augment: {rotate: 15, cutout: {size: 0.25}, flip: }

    augment: plankton
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias, cast

from archscape.spaces.errors import suggest
from archscape.spaces.kinds import Kind, require
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.settings import kinds_of, read_settings, read_value

from . import AUGMENTATIONS, SETS
from .base import Augmentation

Augment: TypeAlias = tuple[str | Augmentation, ...]
"""Each augmentation once: its name if its settings are the defaults, or the settings."""

LAW = "none, or augmentations, as in flip, [flip, {rotate: 15}] or {rotate: 15, cutout: 0.25}"


def augmentations_kind() -> Kind[Augment]:
    """Return the kind of the augmentations of a recipe."""
    return Kind(LAW, _checked, words=(*AUGMENTATIONS, *SETS))


def normal_form(augment: Iterable[str | Augmentation]) -> Augment:
    """Return augmentations with the name alone of those whose settings are the defaults."""
    return tuple(
        each if isinstance(each, str) else each.name if each == type(each)() else each for each in augment
    )


def plain(augment: Augment) -> list[object]:
    """Return augmentations in plain types, as a recipe has them."""
    return [each if isinstance(each, str) else {each.name: each.to_dict()} for each in augment]


def read_augment(tree: Tree, document: Document, place: Place) -> Augment:
    """Return the augmentations that a recipe gives.

    Raises:
        InputError: If one is unknown or given twice, or a setting breaks its law.
    """
    entries: dict[str, str | Augmentation] = {}
    tree = [] if tree in (None, "none") else tree
    for name, settings, where in _entries(tree, document, place):
        if name in entries:
            raise document.error(
                where, f"augment has {name} twice; each is done once", at_key=where[-1] == name
            )
        entries[name] = _read(name, settings, document, where)
    return normal_form(entries.values())


def _entries(tree: Tree, document: Document, place: Place) -> Iterator[tuple[str, Tree, Place]]:
    """Yield names with their settings, and where they stand."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            _check_known(key, document, (*place, key))
            if key in SETS and value is not None:
                raise document.error((*place, key), f"{key} is a set of augmentations, without settings")
            yield from _named(key, value, (*place, key))
    elif isinstance(tree, list):
        for i, each in enumerate(tree):
            if not isinstance(each, str | dict):
                raise document.error((*place, i), f"augment is {LAW}, but got {each!r} in it")
            yield from _entries(each, document, (*place, i))
    else:
        _check_known(tree, document, place)
        yield from _named(cast("str", tree), None, place)


def _named(name: str, settings: Tree, place: Place) -> Iterator[tuple[str, Tree, Place]]:
    if name in SETS:
        for each, value in SETS[name].items():
            yield each, None if value is None else str(value), place
    else:
        yield name, settings, place


def _check_known(name: object, document: Document, place: Place) -> None:
    if name not in AUGMENTATIONS and name not in SETS:
        known = (*AUGMENTATIONS, *SETS)
        hint = suggest(name, known) if isinstance(name, str) else f"; augment is {LAW}"
        raise document.error(place, f"no augmentation {name!r}{hint}", at_key=place[-1] == name)


def _read(name: str, tree: Tree, document: Document, place: Place) -> str | Augmentation:
    """Return one augmentation with the settings that are given."""
    if tree is None:
        return name
    start = AUGMENTATIONS.load(name)()
    if isinstance(tree, dict):
        return read_settings(start, tree, document, place, owner=name)
    kinds = kinds_of(type(start))
    short = start.short or (next(iter(kinds)),)
    value = read_value(kinds[short[0]], tree, document, place, name=name)
    return replace(start, **dict.fromkeys(short, value))


def _checked(value: object) -> Augment:
    require(isinstance(value, tuple))
    names = [each.name if isinstance(each, Augmentation) else each for each in cast("Augment", value)]
    require(all(name in AUGMENTATIONS for name in names) and len({*names}) == len(names))
    return normal_form(cast("Augment", value))
