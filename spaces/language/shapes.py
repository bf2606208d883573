"""The input of a table: `3x224x224`, channels first; among inputs with names, `10` is a flat vector.

A picture with its channels last, `224x224x3`, would make another network without a word; so what looks like
one is refused where it is written, and whoever means 224 channels says so: `{channels: 224, size: 224x3}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..errors import SpaceError
from ..graph import Shape
from ..values import shape_text
from ..vocabulary import nearest
from .document import Document, Place, Tree

_PICTURE_CHANNELS = (1, 3)
_FORM = "channels and one to three extents"
FIELDS = ("channels", "size")
"""What an input is written with where it looks like one with its channels last."""


class Inputs(Mapping[str, Shape]):
    """Inputs by name, in order; immutable.

    In another order they are others, since the first row reads the first one.

    >>> Inputs({"image": (3, 8, 8), "noise": [3, 4, 4]})
    {'image': (3, 8, 8), 'noise': (3, 4, 4)}
    """

    __slots__ = ("_shapes",)

    def __init__(self, shapes: Mapping[str, Iterable[int] | int]) -> None:
        self._shapes: dict[str, Shape] = {
            name: tuple(shape) if isinstance(shape, Iterable) else (shape,) for name, shape in shapes.items()
        }

    def __getitem__(self, name: str) -> Shape:
        return self._shapes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and [*self.items()] == [*other.items()]

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return repr(self._shapes)


def read_shape(text: str, *, flat: bool = False) -> Shape:
    """Return the shape that `3x224x224` means, or `10` where a flat vector may be meant.

    Raises:
        SpaceError: If it is not channels and one to three extents, or has its channels last.
    """
    sizes = re.findall("[0-9]+", text)
    if not re.fullmatch(rf"[0-9]{{1,30}}(x[0-9]{{1,30}}){{{0 if flat else 1},3}}", text):
        near = f"; did you mean {'x'.join(sizes)}?" if 2 <= len(sizes) <= 4 else ""
        near = f"; a flat vector has a name, as in {{code: {text}}}" if [text] == sizes else near
        raise SpaceError(f"an input is {_FORM}, as in 3x224x224, but got '{text}'{near}")
    shape = tuple(map(int, sizes))
    if has_channels_last(shape):
        near = shape_text((shape[-1], *shape[:-1]))
        law = f"channels stand first, as in 3x224x224, but got '{text}'; did you mean {near}?"
        meant = f"{{channels: {shape[0]}, size: {shape_text(shape[1:])}}}"
        raise SpaceError(f"{law} A file with `input: {meant}` has {shape[0]} channels")
    return shape


def inputs_text(inputs: Shape | Mapping[str, Shape]) -> str:
    """Return a shape as text, or several with their names.

    >>> inputs_text({"image": (3, 8, 8), "noise": (3, 4, 4)})
    'image=3x8x8, noise=3x4x4'
    """
    if isinstance(inputs, Mapping):
        return ", ".join([f"{name}={shape_text(shape)}" for name, shape in inputs.items()])
    return shape_text(inputs)


def read_input(document: Document, tree: Tree, place: Place) -> Shape | dict[str, Shape]:
    """Return the shape that stands at a place of a document, or several by name.

    Raises:
        SpaceError: If it is none.
    """
    if isinstance(tree, dict) and tree and not _is_one(tree):
        return {name: _read_one(document, value, (*place, name), flat=True) for name, value in tree.items()}
    if isinstance(tree, list) and any("x" in str(item) for item in tree):
        law = "several inputs have names, as in {image: 3x224x224, noise: 3x112x112}"
        raise document.error(place, law)
    return _read_one(document, tree, place)


def _is_one(tree: Mapping[str, Tree]) -> bool:
    """Tell whether a mapping is one input with its channels apart, or a misspelt one; else it is several."""
    counted = [key for key, value in tree.items() if isinstance(value, str) and value.isdecimal()]
    return [*tree] == ["size"] or any(nearest(key, ["channels"]) for key in counted)


def _read_one(document: Document, tree: Tree, place: Place, *, flat: bool = False) -> Shape:
    if isinstance(tree, dict):
        for key in tree:
            if key not in FIELDS:
                raise document.unknown((*place, key), "an input", FIELDS)
        channels, size = tree.get("channels"), tree.get("size")
        text = f"{channels}x{size}"
        if not re.fullmatch(r"[0-9]{1,30}(x[0-9]{1,30}){1,3}", text):
            raise document.error(place, f"an input is {_FORM}, as in {{channels: 3, size: 224x224}}")
        return tuple(map(int, text.split("x")))
    with document.at(place):
        text = tree if isinstance(tree, str) else f"[{', '.join(map(str, tree or ()))}]"
        return read_shape(text, flat=flat)


def has_channels_last(shape: Shape) -> bool:
    """Return whether a shape looks like that of a picture or a film with its channels last.

    >>> has_channels_last((224, 224, 3)), has_channels_last((3, 224, 224)), has_channels_last((512, 1, 1))
    (True, False, False)
    """
    *extents, last = shape
    return len(extents) > 1 and last in _PICTURE_CHANNELS and min(extents) > max(_PICTURE_CHANNELS)
