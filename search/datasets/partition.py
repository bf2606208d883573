"""Which sample is in which part: as the source says, by lists, by groups, or drawn, class by class.

What is drawn depends on the labels, the shares and the seed alone, on every machine and NumPy version.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import JobError, suggest

from .arrays import SPLITS, Parts
from .random_bits import uniform
from .readers.base import Samples
from .settings import GROUP, HELD_OUT, DataSettings

TRAIN, VAL, TEST = range(3)
NOWHERE = -1


def partition(samples: Samples, settings: DataSettings) -> tuple[Parts, tuple[str, ...]]:
    """Return the part of each sample, and what there is to say of it.

    Raises:
        JobError: If a part would be empty, or the settings do not fit the data.
    """
    if GROUP in settings.split:
        parts = _by_group(samples, settings)
    elif settings.split:
        parts = _by_lists(samples, settings.split)
    elif samples.parts is not None:
        parts = samples.parts.astype(np.int8)
    else:
        parts = np.zeros(samples.count, np.int8)
    if not (parts == TRAIN).any():
        raise JobError(f"{samples.source}: no sample is in the training part")
    shares = {TEST: settings.test, VAL: settings.val}
    for part, share in shares.items():
        if not (parts == part).any():
            _hold_out(parts, part, share or HELD_OUT, samples, settings.seed)
        elif share is not None and GROUP not in settings.split:
            name = SPLITS[part]
            raise JobError(
                f"{samples.source}: it has its own {name} part, so `{name}: {share}` changes nothing"
            )
    _check_classes(samples, parts)
    left = int((parts == NOWHERE).sum())
    return parts, (f"{left:,} of {samples.count:,} samples are in no list of `split:`",) if left else ()


def _hold_out(parts: Parts, part: int, share: float, samples: Samples, seed: int) -> None:
    """Move a share of all samples from the training part to another, in each class the same share."""
    rows = np.flatnonzero(parts == TRAIN)
    count = max(1, round(share * int((parts != NOWHERE).sum())))
    targets = samples.targets
    labels = targets[rows] if targets is not None and targets.ndim == 1 else np.zeros(len(rows), np.int64)
    if len(rows) - count < 2:
        raise JobError(f"{samples.source}: {len(rows)} samples are too few to split off '{SPLITS[part]}'")
    held = stratified(labels, count, uniform(2 * seed + part, (len(rows),)))
    if len(held) == 0:
        law = "no class has two samples, so none can be split off"
        raise JobError(f"{samples.source}: {law} for '{SPLITS[part]}'; give that part")
    parts[rows[held]] = part


def stratified(labels: NDArray[np.int64], count: int, draws: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return about `count` rows, from each class its share; every class keeps a row that is not taken.

    Args:
        labels: Of each row.
        count: How many to take: that many if the classes allow it.
        draws: A random number for each row: in each class the rows with the smallest are taken.
    """
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    exact = count * sizes / len(labels)
    quota = np.minimum(np.floor(exact).astype(np.int64), sizes - 1)
    by_remainder = np.argsort(-(exact - quota), kind="stable")  # the largest first
    while quota.sum() < count and (quota < sizes - 1).any():
        for each in by_remainder:
            if quota.sum() < count and quota[each] < sizes[each] - 1:
                quota[each] += 1
    order = np.lexsort((draws, inverse))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    taken = [order[start : start + n] for start, n in zip(starts, quota, strict=True)]
    rows: NDArray[np.int64] = np.sort(np.concatenate(taken))
    return rows


def _by_group(samples: Samples, settings: DataSettings) -> Parts:
    """Return parts in which no two have samples of the same group, of about the shares that are asked for."""
    column = settings.split[GROUP]
    if column not in samples.columns:
        known = suggest(column, samples.columns) if samples.columns else "; it has no columns"
        raise JobError(f"{samples.source}: `split: {{group: {column}}}` names no column of it{known}")
    groups, inverse, sizes = np.unique(
        np.asarray(samples.columns[column], str), return_inverse=True, return_counts=True
    )
    if len(groups) < len(SPLITS):
        raise JobError(f"{samples.source}: '{column}' has {len(groups)} values, too few for three parts")
    order = np.argsort(uniform(settings.seed, (len(groups),)), kind="stable")
    part_of = np.zeros(len(groups), np.int8)
    for part, share in ((TEST, settings.test), (VAL, settings.val)):
        wanted, got = (share or HELD_OUT) * samples.count, 0
        for group in order:
            is_last = (part_of == TRAIN).sum() <= (2 if part == TEST else 1)
            if part_of[group] == TRAIN and not is_last and (not got or got + sizes[group] <= wanted):
                part_of[group] = part
                got += int(sizes[group])
    parts: Parts = part_of[inverse]
    return parts


def _by_lists(samples: Samples, lists: Mapping[str, str]) -> Parts:
    """Return the parts that lists of names give, one name a line."""
    if not samples.names:
        raise JobError(f"{samples.source}: its samples have no names, so no lists can split them")
    row_of = {name: row for row, name in enumerate(samples.names)}
    parts = np.full(samples.count, NOWHERE, np.int8)
    for key, file in lists.items():
        for number, line in enumerate(_lines(Path(file)), 1):
            if not line:
                continue
            row = row_of.get(line)
            if row is None:
                near = suggest(line, samples.names) if samples.count <= 10_000 else ""
                raise JobError(f"{file}:{number}: {samples.source} has no sample '{line}'{near}")
            if parts[row] != NOWHERE:
                raise JobError(f"{file}:{number}: '{line}' is in '{SPLITS[parts[row]]}' already")
            parts[row] = SPLITS.index(key)
        if not (parts == SPLITS.index(key)).any():
            raise JobError(f"{file}: it names no sample; one is named a line")
    return parts


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(f"{file}: not a readable list of samples: {error}") from None


def _check_classes(samples: Samples, parts: Parts) -> None:
    """Check that every class is trained on that is asked for later."""
    targets = samples.targets
    if targets is None or targets.ndim != 1 or targets.dtype.kind not in "ui":
        return
    trained = np.unique(targets[parts == TRAIN])
    for part in (VAL, TEST):
        extra = np.setdiff1d(targets[parts == part], trained)
        if len(extra):
            label = int(extra[0])
            named = samples.class_names[label : label + 1]
            shown = f"{label} ('{named[0]}')" if named else f"{label}"
            near = suggest(named[0], [samples.class_names[i] for i in trained]) if named else ""
            law = f"class {shown} of the part '{SPLITS[part]}' is not in the training part"
            raise JobError(f"{samples.source}: {law}{near}")
