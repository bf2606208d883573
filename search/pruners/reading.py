"""How a job says what stops its trials early.

::

    stop: halving                           # a rule by its name, or a mapping that changes its settings

    stop: {rule: halving, eta: 3, epochs: 1}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from archscape.spaces.errors import JobError, suggest
from archscape.spaces.language.document import Document, Place, Tree

from .halving import Asha, Halving
from .median import Median
from .settings import PrunerSettings

RULES: Mapping[str, type[PrunerSettings]] = {kind.name: kind for kind in (Halving, Asha, Median)}


def read_pruner(tree: Tree, document: Document, place: Place = ("stop",)) -> PrunerSettings:
    """Return the settings of the rule that a job names.

    Args:
        tree: What stands at the place.
        document: The job, for errors that say where.
        place: Path of the rule in the document.

    Raises:
        JobError: If a rule or a setting is unknown, or a value breaks its law.
    """
    if not isinstance(tree, dict):
        return _kind(tree, document, place)()
    if "rule" not in tree:
        raise document.error(place, "early stopping needs its rule, as in {rule: halving}")
    kind = _kind(tree["rule"], document, (*place, "rule"))
    known = ("rule", *(field.name for field in fields(kind)))
    settings = kind()
    for key, value in tree.items():
        if key not in known:
            raise document.unknown((*place, key), kind.name, known)
        if key != "rule":
            try:
                settings = replace(settings, **{key: _number(value)})
            except JobError as error:
                raise document.error((*place, key), str(error)) from None
    return settings


def _number(tree: Tree) -> Any:
    """Return the number that a text is; what is none stays as it is, for the rule to refuse."""
    return int(tree) if isinstance(tree, str) and re.fullmatch(r"\d{1,9}", tree) else tree


def _kind(tree: Tree, document: Document, place: Place) -> type[PrunerSettings]:
    """Return the settings' class of a rule by its name."""
    if not isinstance(tree, str):
        raise document.error(place, f"a rule of early stopping is one word{suggest('', RULES)}")
    if tree not in RULES:
        raise document.error(place, f"no rule of early stopping '{tree}'{suggest(tree, RULES)}")
    return RULES[tree]
