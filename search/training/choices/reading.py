"""Reading a recipe that may leave settings open; one that does not is the recipe of `recipe.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from archscape.spaces.errors import JobError
from archscape.spaces.language.arithmetic import ExpressionError
from archscape.spaces.language.document import Document, Place, Tree
from archscape.spaces.language.expressions import Range
from archscape.spaces.language.parser import parse
from archscape.spaces.language.settings import RULE, kinds_of
from archscape.spaces.registry import LazyTable
from archscape.spaces.values import LogOptions, Option, decimal

from ..augment import AUGMENTATIONS, SETS
from ..recipe import RULES, Recipe, read_recipe
from . import AnyRecipe
from .nodes import Choice, Node, choices, option_of
from .open_recipe import HEAD, OpenRecipe

MAX_OPTIONS = 1000


def read_any_recipe(
    tree: Tree, document: Document | None = None, place: Place = (HEAD,), *, check: bool = True
) -> AnyRecipe:
    """Return the recipe that a job gives, with its choices if it leaves any.

    Args:
        tree: The recipe.
        document: Where it is written.
        place: Where it stands there.
        check: Whether to check all that can be drawn; a job in the folder of a run was, when it began.

    Raises:
        JobError: If a key is unknown, a value breaks its law, settings that may be drawn together do not fit
            each other, or a choice changes nothing.

    >>> read_any_recipe({"rate": "0.01..0.1 log", "weight_decay": {"0": None, "1e-4": None}}).count()
    22
    """
    document = document or Document(tree=tree, name="recipe", kind=JobError)
    if not isinstance(tree, dict):
        return read_recipe(tree, document, place)
    known = [field.name for field in fields(Recipe)]
    if unknown := {key: value for key, value in tree.items() if key not in known}:
        return read_recipe(unknown, document, place)
    opener = _Opener(document)
    settings = {key: opener.setting(key, tree[key], (*place, key)) for key in known if key in tree}
    if not any(True for node in settings.values() for _ in choices(node)):
        return read_recipe(tree, document, place)
    # An option that is a key has no value of its own to point to.
    leaves = {leaf: document.keys[leaf] for leaf in opener.leaves if leaf in document.keys}
    origin = replace(document, values=document.values | leaves)
    recipe = OpenRecipe(settings=settings, origin=origin, place=place)
    if check:
        recipe.check()
    return recipe


class _Opener:
    """Finds the choices in the tree of a recipe; what it does not know it leaves for the reader of recipes.

    Attributes:
        leaves: The places of options that are written as keys.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.leaves: list[Place] = []

    def setting(self, key: str, tree: Tree, place: Place) -> Node:
        """Return one setting of a recipe."""
        path = f"{HEAD}.{key}"
        if key == "augment":
            return self._augment(tree, place, path)
        return self._rule(RULES[key], tree, place, path) if key in RULES else self._value(tree, place, path)

    def _value(self, tree: Tree, place: Place, path: str) -> Node:
        """Return a value, a range, or a choice of values."""
        if isinstance(tree, dict) and tree and all(value is None for value in tree.values()):
            return self._choice({key: (key, None) for key in tree}, place, path)
        if isinstance(tree, str) and ".." in tree:
            return self._range(tree, place, path)
        return tree  # type: ignore[return-value]

    def _rule(self, table: LazyTable[type], tree: Tree, place: Place, path: str) -> Node:
        """Return a rule with its settings, or a choice of rules, each with its own."""
        if not isinstance(tree, dict):
            return tree  # type: ignore[return-value]
        if RULE in tree:
            return self._settings(tree, place, path)
        if len(tree) < 2 or not any(key in table for key in tree):
            return tree  # type: ignore[return-value]
        options: dict[str, tuple[Node, Node]] = {}
        for key, value in tree.items():
            if not isinstance(value, dict | None):
                law = (
                    f"behind an option of `{place[-1]}` stand its settings, as in {{sgd: {{nesterov: true}}}}"
                )
                raise self.document.error((*place, key), law)
            own = self._settings(value or {}, (*place, key), f"{path}.{key}")
            options[key] = {RULE: key, **own}, own or None
        return self._choice(options, place, path)

    def _augment(self, tree: Tree, place: Place, path: str) -> Node:
        """Return augmentations with their settings, or a choice of several of them."""
        if isinstance(tree, list):
            return [self._augment(each, (*place, i), path) for i, each in enumerate(tree)]
        if not isinstance(tree, dict):
            return tree
        if not _is_choice_of_augmentations(tree):
            return {
                key: self._strength(key, value, (*place, key), f"{path}.{key}") for key, value in tree.items()
            }
        options: dict[str, tuple[Node, Node]] = {}
        for key, value in tree.items():
            inner = f"{path}.{key}"
            if key in AUGMENTATIONS and value is not None:
                strength = self._strength(key, value, (*place, key), inner)
                options[key] = {key: strength}, strength
            elif value is None:
                options[key] = _listed(key), None
            else:
                node = self._augment(value, (*place, key), inner)
                options[key] = node, node
        return self._choice(options, place, path)

    def _strength(self, name: str, tree: Tree, place: Place, path: str) -> Node:
        """Return the settings of an augmentation: a mapping, one value, or a choice of values."""
        if name in AUGMENTATIONS and isinstance(tree, dict):
            known = kinds_of(AUGMENTATIONS.load(name))
            if not tree or any(key in known for key in tree):
                return self._settings(tree, place, path)
        return self._value(tree, place, path)

    def _settings(self, tree: Mapping[str, Tree], place: Place, path: str) -> dict[str, Node]:
        return {
            key: value if key == RULE else self._value(value, (*place, key), f"{path}.{key}")  # type: ignore[misc]
            for key, value in tree.items()
        }

    def _choice(self, options: Mapping[str, tuple[Node, Node]], place: Place, path: str) -> Choice:
        """Return the choice of options: by its key what each stands for, and what is written behind it."""
        self._check_number(len(options), place)
        nodes: dict[Option, Node] = {}
        written: dict[Option, Node] = {}
        places: dict[Option, Place] = {}
        for key, (node, behind) in options.items():
            option = option_of(key)
            if option in nodes:
                raise self.document.error((*place, key), f"the choice lists '{option}' twice", at_key=True)
            nodes[option] = str(option) if node == key else node
            written[option], places[option] = behind, (*place, key)
            if behind is None:
                self.leaves.append(places[option])
        return Choice(path=path, options=tuple(nodes), nodes=nodes, written=written, places=places)

    def _range(self, text: str, place: Place, path: str) -> Node:
        """Return the choice of the numbers in a range; a text that is none stays as it is."""
        try:
            value = parse(text)
        except ExpressionError as error:
            raise self.document.error(place, str(error), offset=error.offset) from None
        if not isinstance(value, Range):
            return text
        options = value.options
        if not value.log and not isinstance(options, range):
            options = tuple(option_of(decimal(each)) for each in value.numbers)
        self._check_number(len(options), place)
        ends = f"{decimal(value.low)}..{decimal(value.high)}"
        step = "" if value.step == 1 else f" step {decimal(value.step)}"
        return Choice(
            path=path,
            options=options if isinstance(options, LogOptions) else tuple(options),
            nodes={option: str(option) for option in options},
            places=dict.fromkeys(options, place),
            text=ends + (" log" if value.log else step),
        )

    def _check_number(self, options: int, place: Place) -> None:
        if options < 2:
            law = "a choice of one leaves nothing open; write the value itself"
            raise self.document.error(place, law)
        if options > MAX_OPTIONS:
            law = f"a choice of a recipe holds at most {MAX_OPTIONS:,} options, but got {options:,}"
            raise self.document.error(place, law)


def _is_choice_of_augmentations(tree: Mapping[str, Tree]) -> bool:
    """Tell whether a mapping lists options: `none`, a list, or names of one's own for several augmentations.

    A mapping of augmentations alone is all of them.
    """
    own = [key for key in tree if key not in AUGMENTATIONS and key not in SETS]
    lists = [key for key in own if key == "none" or key.startswith("[")]
    named = [key for key in own if isinstance(tree[key], dict | list)]
    return bool(lists) or (len(tree) > 1 and len(named) == len(tree))


def _listed(key: str) -> Node:
    """Return the augmentations that a key means."""
    if key.startswith("["):
        return [word.strip() for word in key[1:-1].split(",") if word.strip()]
    return key
