"""The file of a trial's landscape: `RUN/landscape/trial-N.json`, checked when it is read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from archscape.spaces.errors import InputError

from .first_layer import Change, Filters
from .surface import SPANS, Floats, Surface

VERSION = 1
NAMES = {math.inf: "inf", -math.inf: "-inf"}
"""How numbers that JSON does not have are written; the other is `nan`."""

Tree: TypeAlias = Any
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Explored:
    """One network that was trained, and the loss around it.

    Attributes:
        val_accuracy: Accuracy on the validation part after training.
    """

    network: str
    params: int
    val_accuracy: float
    surface: Surface


@dataclass(frozen=True, kw_only=True, eq=False)
class Landscape:
    """What was explored around one trial.

    Attributes:
        data: Name of the data.
        part: In words, the samples that the loss is the mean of.
        seed: Of the directions and the samples.
        plain: The same network without its skip connections, trained by the same recipe and seed, if it was.
        filters: Those of the first convolution, if an image can show them.
        changes: How far training moved each layer's weights.
    """

    trial: int
    data: str
    part: str
    seed: int
    trained: Explored
    plain: Explored | None = None
    filters: Filters | None = None
    changes: tuple[Change, ...] = ()

    @property
    def explored(self) -> dict[str, Explored]:
        """The networks that were explored, by what they are."""
        return {"trained": self.trained, **({"without skips": self.plain} if self.plain else {})}

    @property
    def surfaces(self) -> list[Surface]:
        """The surfaces around them."""
        return [explored.surface for explored in self.explored.values()]


def to_json(landscape: Landscape) -> str:
    """Return a landscape as the text of its file."""
    tree = {
        "version": VERSION,
        **{name: getattr(landscape, name) for name in ("trial", "data", "part", "seed")},
        "trained": _explored(landscape.trained),
        "plain": None if landscape.plain is None else _explored(landscape.plain),
        "filters": None if landscape.filters is None else _filters(landscape.filters),
        "changes": [vars(change) for change in landscape.changes],
    }
    return json.dumps(tree, allow_nan=False) + "\n"


def read_landscape(path: Path) -> Landscape:
    """Read the file of a landscape.

    Raises:
        InputError: If it cannot be read, or holds anything else than what `to_json` writes; with the place.
    """
    try:
        return _landscape(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, OverflowError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        law = "`archscape landscape` writes it anew"
        raise InputError(f"{path}: no landscape that can be read: {why}; {law}") from None


def read_landscapes(folder: Path) -> tuple[Landscape, ...]:
    """Return the landscapes in the folder of a run, by trial.

    Raises:
        InputError: If a file is damaged.
    """
    landscapes = [read_landscape(path) for path in (folder / "landscape").glob("trial-*.json")]
    return tuple(sorted(landscapes, key=lambda landscape: landscape.trial))


def _explored(explored: Explored) -> dict[str, Tree]:
    surface = explored.surface
    return {
        **{name: getattr(explored, name) for name in ("network", "params", "val_accuracy")},
        "span": surface.span,
        "losses": _listed(surface.losses),
        "accuracies": _listed(surface.accuracies),
    }


def _filters(filters: Filters) -> dict[str, Tree]:
    # Six digits are more than an image shows.
    before, after = (
        np.vectorize(lambda x: float(f"{x:.6g}"))(each) for each in (filters.before, filters.after)
    )
    return {"layer": filters.layer, "before": before.tolist(), "after": after.tolist()}


def _listed(values: Floats) -> list[list[float | str]]:
    return [[v if math.isfinite(v) else NAMES.get(v, "nan") for v in row] for row in values.tolist()]


def _landscape(tree: Tree) -> Landscape:
    if tree["version"] != VERSION:
        raise ValueError(f"it is of version {tree['version']}, not {VERSION}")
    return Landscape(
        trial=_is(int, tree, "trial"),
        data=_is(str, tree, "data"),
        part=_is(str, tree, "part"),
        seed=_is(int, tree, "seed"),
        trained=_read_explored(tree["trained"]),
        plain=_optional(tree["plain"], _read_explored),
        filters=_optional(tree["filters"], _read_filters),
        changes=tuple(map(_read_change, tree["changes"])),
    )


def _optional(tree: Tree, read: Callable[[Tree], T]) -> T | None:
    return None if tree is None else read(tree)


def _read_explored(tree: Mapping[str, Tree]) -> Explored:
    losses, accuracies = (np.array(tree[name], dtype=np.float64) for name in ("losses", "accuracies"))
    steps = len(losses)
    if not losses.shape == accuracies.shape == (steps, steps) or steps % 2 == 0 or steps < 3:
        raise ValueError(f"a surface is a square of an odd size, not {losses.shape} and {accuracies.shape}")
    if not ((accuracies >= 0) & (accuracies <= 1)).all():
        raise ValueError("an accuracy is from 0 to 1")
    span = _is(float, tree, "span")
    if not SPANS[0] <= span <= SPANS[1]:
        raise ValueError(f"a span is from {SPANS[0]:g} to {SPANS[1]:g}, not {span}")
    return Explored(
        network=_is(str, tree, "network"),
        params=_is(int, tree, "params"),
        val_accuracy=_is(float, tree, "val_accuracy"),
        surface=Surface(span=span, losses=losses, accuracies=accuracies),
    )


def _read_filters(tree: Mapping[str, Tree]) -> Filters:
    before, after = (np.array(tree[name], dtype=np.float64) for name in ("before", "after"))
    if before.shape != after.shape or not 3 <= before.ndim <= 5 or before.shape[1] not in (1, 3):
        raise ValueError(f"filters are (number, 1 or 3, *kernel), not {before.shape} and {after.shape}")
    if not np.isfinite([before, after]).all():
        raise ValueError("a filter is not finite")
    return Filters(layer=_is(str, tree, "layer"), before=before, after=after)


def _read_change(tree: Mapping[str, Tree]) -> Change:
    lengths = {name: _is(float, tree, name) for name in ("before", "after", "moved")}
    shape = tuple(tree["shape"])
    if set(tree) != {field.name for field in fields(Change)} or not all(type(size) is int for size in shape):
        raise ValueError("a change has a layer, a shape and three lengths")
    return Change(layer=_is(str, tree, "layer"), shape=shape, **lengths)


def _is(kind: type[T], tree: Mapping[str, Tree], name: str) -> T:
    """Return a value of a mapping, of its kind; a whole number is a float too."""
    value = tree[name]
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise ValueError(f"'{name}' is {value!r}, not of type {kind.__name__}")
    return value
