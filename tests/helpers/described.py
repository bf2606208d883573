"""Networks as a model of `bayes` sees them, drawn at random; some of their paths are not asked for."""

from __future__ import annotations

import numpy as np

from archscape.search.samplers.bayes.description import Path
from archscape.search.samplers.bayes.encoding import Encoder
from archscape.search.samplers.bayes.kernels import Floats, Kernel
from archscape.search.samplers.bayes.mixture import kernels

PATHS = (Path("kind", 3, False), Path("depth", 5, True), Path("switch", 2, True), Path("range", 40, True))


def networks(count: int, seed: int = 0) -> dict[str, Floats]:
    """Return the vectors of random networks."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(-1, path.options, count) for path in PATHS], axis=1)
    return {
        "codes": Encoder(paths=PATHS).vectors(codes),
        "features": rng.normal(size=(count, 3)),
        "words": rng.normal(size=(count, 7)) / 4,
    }


def mixture() -> list[Kernel]:
    """Return the kernels of the mixture for such networks."""
    return kernels(Encoder(paths=PATHS).groups, features=3, words=7)
