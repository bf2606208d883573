"""The handwritten digits that scikit-learn carries: 1,797 real images of 8x8 pixels, ten classes.

Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI (test part of 43 writers).
The file is read without importing scikit-learn, whose import takes longer than a short training step.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import JobError

from ..arrays import Arrays
from ..random_bits import Bytes, uniform

Integers: TypeAlias = NDArray[np.int64]

ORIGINALS = {"train": 1197, "val": 300, "test": 300}
"""How many images each part has."""

SEEDS = {"train": 100, "val": 200, "test": 300}
"""Of what is drawn for each part; a data set adds a number of its own."""

_SPLIT_SEED = 1797
_FILE = Path("datasets", "data", "digits.csv.gz")


class Digits(NamedTuple):
    """Images (n, 8, 8) with ink from 0 to 16, and their labels (n,)."""

    images: Bytes
    labels: Integers


Part: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Samples (n, C, *spatial) and their targets."""


def from_originals(make: Callable[[str, Digits], Part]) -> Callable[[], Arrays]:
    """Return what makes the arrays of a data set, each part from the originals of that part alone.

    Args:
        make: Takes the name of a part and its originals; returns the part.
    """

    def arrays() -> Arrays:
        parts = {split: make(split, digits) for split, digits in originals().items()}
        return {
            f"{letter}_{split}": array
            for split, part in parts.items()
            for letter, array in zip("xy", part, strict=True)
        }

    return arrays


def originals() -> dict[str, Digits]:
    """Return the images and their labels by part."""
    images, labels = _read()
    order = np.argsort(uniform(_SPLIT_SEED, (len(images),)), kind="stable")
    parts = np.split(order, np.cumsum([*ORIGINALS.values()])[:-1])
    return {split: Digits(images[rows], labels[rows]) for split, rows in zip(ORIGINALS, parts, strict=True)}


def _read() -> Digits:
    spec = find_spec("sklearn")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            text = gzip.decompress(path.read_bytes())
            table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)
            return Digits(table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int64))
    raise JobError("the digits come with scikit-learn, which is not installed; `pip install scikit-learn`")
