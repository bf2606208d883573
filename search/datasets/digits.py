"""The handwritten digits that scikit-learn carries: 1,797 real images of 8x8 pixels, ten classes.

Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI (test part of 43 writers).
The file is read without importing scikit-learn, whose import takes longer than a short training step.
"""

from __future__ import annotations

import gzip
import io
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import JobError

from .arrays import Source
from .rng import uniform

Bytes: TypeAlias = NDArray[np.uint8]
Integers: TypeAlias = NDArray[np.int64]

ORIGINALS = {"train": 1197, "val": 300, "test": 300}

_SPLIT_SEED = 1797
_FILE = Path("datasets", "data", "digits.csv.gz")


def digits() -> Source:
    """Return the plain digits, 1x8x8."""
    arrays = {
        name: part
        for split, (images, labels) in originals().items()
        for name, part in ((f"x_{split}", images[:, None]), (f"y_{split}", labels))
    }
    return Source(arrays=arrays)


def originals() -> dict[str, tuple[Bytes, Integers]]:
    """Return the images (n, 8, 8) with ink from 0 to 16 and their labels, by part."""
    images, labels = _read()
    order = np.argsort(uniform(_SPLIT_SEED, (len(images),)), kind="stable")
    parts = np.split(order, np.cumsum([*ORIGINALS.values()])[:-1])
    return {split: (images[rows], labels[rows]) for split, rows in zip(ORIGINALS, parts, strict=True)}


def _read() -> tuple[Bytes, Integers]:
    spec = find_spec("sklearn")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            text = gzip.decompress(path.read_bytes())
            table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)
            return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int64)
    raise JobError("the digits come with scikit-learn, which is not installed; `pip install scikit-learn`")
