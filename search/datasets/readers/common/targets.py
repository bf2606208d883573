"""What samples are trained to give: labels from 0, or numbers; what is written otherwise is converted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from archscape.spaces.errors import JobError

from ...arrays import NUMBERS

FLOAT32_MAX = float(np.finfo(np.float32).max)
"""Greatest number that a network can be given, or give."""

_SHOWN = 6
"""Class names that a note lists."""


class Targets(NamedTuple):
    """Targets by part, the names of their classes, and what was converted, in words."""

    parts: dict[str, np.ndarray]
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def targets_of(
    source: str, parts: Mapping[str, np.ndarray], *, task: str = "", class_names: tuple[str, ...] = ()
) -> Targets:
    """Return targets as a task has them: labels from 0 (N,), or numbers (N, k).

    Converted, with a note: text, whole numbers in a floating-point type, one-hot rows, and labels from 1 that
    have no names.

    Args:
        source: Where they are, for messages.
        parts: As they are written, by part: (N,) or (N, k).
        task: What they are for; "" follows from them.
        class_names: Of the labels from 0, if these have names.

    Raises:
        JobError: If one is missing, or they are nothing of that.
    """
    arrays = {part: _plain(source, part, np.asarray(y)) for part, y in parts.items()}
    for part, y in arrays.items():
        _check_present(f"{source}: y_{part}", y)
    every = [*arrays.values()]
    if task in NUMBERS:
        _check_numbers(source, arrays)
    if any(y.dtype.kind == "U" for y in every):
        return _of_text(source, arrays)
    if task in NUMBERS:
        return Targets({part: y.reshape(len(y), -1).astype(np.float32) for part, y in arrays.items()})
    if all(y.ndim == 2 for y in every):
        if all(y.shape[1] == 1 and _is_whole(y) for y in every):
            arrays = {part: y[:, 0] for part, y in arrays.items()}
        elif task == "multi-label" or (task == "" and all(_is_multi_label(y) for y in every)):
            return _several(source, arrays, class_names)
        elif all(_is_one_hot(y) for y in every):
            note = f"{source}: the labels are one-hot rows; the place of the 1 in each is taken"
            return Targets({part: y.argmax(1) for part, y in arrays.items()}, class_names, (note,))
        else:
            return _numbers(source, arrays)
    return _of_numbers(source, arrays, class_names)


def _of_text(source: str, arrays: Mapping[str, np.ndarray]) -> Targets:
    names = in_order({str(name) for y in arrays.values() for name in np.unique(y.astype(str))})
    at = {name: label for label, name in enumerate(names)}
    labels = {part: np.array([at[str(each)] for each in y], np.int64) for part, y in arrays.items()}
    more = ", ..." if len(names) > _SHOWN else ""
    note = f"{source}: the labels are text; {', '.join(names[:_SHOWN])}{more} become 0 to {len(names) - 1}"
    return Targets(labels, names, (note,))


def _of_numbers(source: str, arrays: dict[str, np.ndarray], class_names: tuple[str, ...]) -> Targets:
    """Return labels that are written as numbers, from 0."""
    notes: list[str] = []
    for part, y in arrays.items():
        if y.dtype.kind == "f" and not _is_whole(y):
            row = int(np.flatnonzero(y != np.round(y))[0])
            way = "for a regression write `data: {path: ..., task: regression}`"
            raise JobError(
                f"{source}: y_{part}[{row}] is {y[row]}, but a label is a whole number from 0; {way}"
            )
    if any(y.dtype.kind in "fb" for y in arrays.values()):
        kind = "true and false" if any(y.dtype.kind == "b" for y in arrays.values()) else "floating-point"
        notes.append(f"{source}: the labels are {kind} numbers; they become whole ones")
        arrays = {part: y.astype(np.int64) for part, y in arrays.items()}
    lowest = min(int(y.min()) for y in arrays.values())
    if lowest < 0:
        part, row = next((p, int(y.argmin())) for p, y in arrays.items() if y.min() == lowest)
        law = f"y_{part}[{row}] has the label {lowest}, but labels run from 0"
        raise JobError(f"{source}: {law}; leave samples without a label out")
    if lowest != 1 or class_names:
        return Targets(arrays, class_names, tuple(notes))
    count = max(int(y.max()) for y in arrays.values())
    notes.append(f"{source}: the labels run from 1 to {count}; they become 0 to {count - 1}")
    names = tuple(str(label) for label in range(1, count + 1))
    return Targets({part: y - 1 for part, y in arrays.items()}, names, tuple(notes))


def _several(source: str, arrays: Mapping[str, np.ndarray], class_names: tuple[str, ...]) -> Targets:
    """Return which labels samples have, (N, k) of 0 and 1."""
    for part, y in arrays.items():
        wrong = np.argwhere((y != 0) & (y != 1))
        if len(wrong):
            row, column = (int(i) for i in wrong[0])
            law = f"y_{part}[{row}, {column}] is {y[row, column]}, but a label is there, 1, or not, 0"
            raise JobError(f"{source}: {law}")
    if len({y.shape[1] for y in arrays.values()}) > 1:
        shapes = ", ".join(f"y_{part} {y.shape}" for part, y in arrays.items())
        raise JobError(f"{source}: all parts have the same labels, but there is {shapes}")
    return Targets({part: y.astype(np.uint8) for part, y in arrays.items()}, class_names)


def _numbers(source: str, arrays: dict[str, np.ndarray]) -> Targets:
    """Return the numbers of a regression."""
    widths = {y.shape[1] for y in arrays.values()}
    whole = next((part for part, y in arrays.items() if y.dtype.kind != "f"), "")
    if whole or len(widths) > 1:
        shapes = ", ".join(f"y_{part} {y.shape} {y.dtype}" for part, y in arrays.items())
        law = "labels are (N,) whole numbers or one-hot rows, the numbers of a regression (N, k) floats"
        raise JobError(f"{source}: {law}, but there is {shapes}")
    return Targets(arrays)


def in_order(names: set[str]) -> tuple[str, ...]:
    """Return names of classes in the order of their labels: by number if all are numbers, else by letter."""
    is_number = all(name.isdecimal() for name in names)
    return tuple(sorted(names, key=lambda name: (int(name) if is_number else 0, name)))


def _plain(source: str, part: str, y: np.ndarray) -> np.ndarray:
    """Return targets as numbers or text.

    Raises:
        JobError: If they are anything else.
    """
    if y.dtype.kind == "O" and all(isinstance(each, str | type(None)) for each in y.ravel()):
        y = np.array([each or "" for each in y.ravel()], str).reshape(y.shape)
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if (
        y.dtype.kind not in "uifbU"
        or y.ndim not in (1, 2)
        or y.size == 0
        or (y.dtype.kind == "U" and y.ndim > 1)
    ):
        raise JobError(
            f"{source}: y_{part} must be labels (N,) or numbers (N, k), but is {y.shape} {y.dtype}"
        )
    return y


def _check_present(where: str, y: np.ndarray) -> None:
    """Check that no target is missing.

    Raises:
        JobError: If one is NaN or an empty text.
    """
    missing = (
        ~np.isfinite(y) if y.dtype.kind == "f" else (y == "") if y.dtype.kind == "U" else np.zeros(1, bool)
    )
    if missing.any():
        row = int(np.argwhere(missing)[0][0])
        what = "''" if y.dtype.kind == "U" else str(y[row])
        raise JobError(f"{where}[{row}] is {what}: its label is missing; leave the sample out")


def _check_numbers(source: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Check that the targets of a regression are numbers that float32 has.

    Raises:
        JobError: If they are not.
    """
    for part, y in arrays.items():
        if y.dtype.kind == "U":
            law = f"the targets of a regression are numbers, but y_{part}[0] is the text '{y[0]}'"
            raise JobError(f"{source}: {law}; convert them")
        if (np.abs(y) > FLOAT32_MAX).any():
            raise JobError(f"{source}: y_{part} has numbers beyond those of float32; scale them")


def _is_whole(y: np.ndarray) -> bool:
    return bool((y == np.round(y)).all()) if y.dtype.kind == "f" else True


def _is_multi_label(y: np.ndarray) -> bool:
    """Return whether whole numbers (N, k) say which labels samples have, and some have none or several."""
    is_binary = y.dtype.kind in "uib" and y.shape[1] > 1 and bool(((y == 0) | (y == 1)).all())
    return is_binary and not _is_one_hot(y)


def _is_one_hot(y: np.ndarray) -> bool:
    return y.shape[1] > 1 and bool(((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all())
