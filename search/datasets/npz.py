"""Arrays from a NumPy archive: `x_train`, `y_train`, and where given `x_val`, `y_val`, `x_test`, `y_test`.

Images are (N, C, *spatial) with channels first, in any number type; labels are (N,) whole numbers from 0.
A missing validation or test part is split off the training part, the same way every time.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from archscape.spaces.errors import JobError

from .arrays import SPLITS
from .rng import uniform

HELD_OUT = 0.1  # share of the training part that becomes a missing validation or test part

_SPLIT_SEED = 2011


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return the six arrays of an archive.

    Raises:
        JobError: If the file cannot be read, an array is missing or unknown, or shapes and values do not fit.
    """
    arrays = _load(path)
    expected = [f"{letter}_{split}" for split in SPLITS for letter in "xy"]
    for name in arrays:
        if name not in expected:
            raise JobError(f"{path}: '{name}' is not one of {', '.join(expected)}")
    for name in ("x_train", "y_train"):
        if name not in arrays:
            raise JobError(f"{path}: there is no array '{name}'; it holds {', '.join(arrays) or 'nothing'}")
    for split in SPLITS:
        if f"x_{split}" in arrays or f"y_{split}" in arrays:
            _check(path, arrays, split)
    for split in ("test", "val"):
        if f"x_{split}" not in arrays:
            _split_off(path, arrays, split)
    return {name: arrays[name] for name in expected}


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise JobError(f"{path}: no such file")
    try:
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise JobError(f"{path}: not a readable .npz archive of plain numbers: {error}") from None


def _check(path: Path, arrays: dict[str, np.ndarray], split: str) -> None:
    """Check one part by itself and against the training part."""
    for letter, partner in (("x", "y"), ("y", "x")):
        if f"{letter}_{split}" not in arrays:
            raise JobError(f"{path}: '{partner}_{split}' needs '{letter}_{split}' beside it")
    x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
    if x.ndim not in (3, 4, 5):
        raise JobError(f"{path}: x_{split} must be (N, C, *spatial), 1 to 3 axes of space, but is {x.shape}")
    if x.dtype.kind not in "uif" or not np.isfinite(x).all():
        raise JobError(f"{path}: x_{split} must hold finite real numbers; its type is {x.dtype}{_where(x)}")
    if y.dtype.kind not in "ui" or y.shape != x.shape[:1]:
        expected = f"{x.shape[:1]} whole numbers, one for each of x_{split}"
        raise JobError(f"{path}: y_{split} must be {expected}, but is {y.shape} {y.dtype}")
    if min(x.shape) == 0 or y.min() < 0:
        what = f"shape {x.shape}" if min(x.shape) == 0 else f"the label {y.min()}"
        raise JobError(f"{path}: the part '{split}' must hold samples with labels from 0, but has {what}")
    first = arrays["x_train"].shape[1:]
    if x.shape[1:] != first:
        raise JobError(f"{path}: x_{split} holds {x.shape[1:]} samples, but x_train holds {first}")


def _where(x: np.ndarray) -> str:
    """Return where the first number that is not finite stands."""
    if x.dtype.kind != "f":
        return ""
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    return f" and x[{', '.join(map(str, at))}] is {x[at]}"


def _split_off(path: Path, arrays: dict[str, np.ndarray], split: str) -> None:
    """Move a random tenth of the training part, at least one sample, to the part `split`."""
    x, y = arrays["x_train"], arrays["y_train"]
    count = max(1, round(HELD_OUT * len(x)))
    if len(x) - count < 2:
        raise JobError(f"{path}: {len(x)} training samples are too few to split off '{split}'")
    order = np.argsort(uniform(_SPLIT_SEED + SPLITS.index(split), (len(x),)), kind="stable")
    held, kept = np.sort(order[:count]), np.sort(order[count:])
    arrays[f"x_{split}"], arrays[f"y_{split}"] = x[held], y[held]
    arrays["x_train"], arrays["y_train"] = x[kept], y[kept]
