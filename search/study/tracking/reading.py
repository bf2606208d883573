"""Reading the `track:` of a job: names of trackers, mappings of their settings, classes in files."""

from __future__ import annotations

from typing import TypeAlias

from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.settings import read_rule
from archscape.spaces.language.user_function import UserFunction, read_function

from . import TRACKERS
from .settings import TrackerSettings

Track: TypeAlias = UserFunction | TrackerSettings


def read_trackers(tree: Tree, document: Document, place: Place) -> tuple[Track, ...]:
    """Return the trackers that stand at a place: one, or a list.

    Raises:
        InputError: If one is none, with its place.
    """
    if isinstance(tree, list):
        return tuple(_read(each, document, (*place, at)) for at, each in enumerate(tree))
    return (_read(tree, document, place),)


def _read(tree: Tree, document: Document, place: Place) -> Track:
    if isinstance(tree, str) and (":" in tree or tree.endswith(".py")):
        return read_function(tree, document, place)
    return read_rule(TRACKERS, tree, document, place)


def plain(track: Track) -> str | dict[str, str | int | float]:
    """Return a tracker as a job has it."""
    return str(track) if isinstance(track, UserFunction) else track.to_dict()
