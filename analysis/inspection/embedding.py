"""Features of many samples on a plane: by their principal components, and by t-SNE.

PCA is linear and keeps distances as well as two axes can; t-SNE (van der Maaten, Hinton 2008) keeps who is
near whom and nothing else: neither distances between groups nor their sizes mean anything there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COMPONENTS = 50
"""Principal components that t-SNE sees, as its authors advise."""
PERPLEXITY = 30.0
ITERATIONS = 500
FEWEST = 10
"""Samples below which there is nothing to arrange."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedding:
    """Samples on a plane.

    Attributes:
        layer: The layer whose features they are, as a reader calls it.
        labels: Class of each sample, (n,).
        pca: Their first two principal components, (n, 2).
        explained: Share of the variance in each.
        tsne: (n, 2).
        neighbours: Share of the samples whose nearest other one, in all features, is of their class.
    """

    layer: str
    labels: NDArray[np.int64]
    pca: Floats
    explained: tuple[float, float]
    tsne: Floats
    neighbours: float


def embed(features: Floats, labels: NDArray[np.int64], *, layer: str, seed: int) -> Embedding:
    """Return features on a plane; the same seed gives the same plane.

    Args:
        features: (n, features), n at least `FEWEST`.
        labels: Their classes, (n,).
        layer: Whose they are.
        seed: Of t-SNE.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    count = len(features)
    components = min(COMPONENTS, count, features.shape[1])
    reduction = PCA(components, svd_solver="full").fit(features)
    reduced = reduction.transform(features)
    plane = np.pad(reduced[:, :2], ((0, 0), (0, max(2 - components, 0))))
    shares = np.pad(np.nan_to_num(reduction.explained_variance_ratio_), (0, 2))
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    # Begun from the plane of PCA, scaled as its authors do, so that groups keep their places from run to run.
    begin = plane / max(plane[:, 0].std(), 1e-12) * 1e-4
    near = NearestNeighbors(n_neighbors=2).fit(features).kneighbors(return_distance=False)
    tsne = TSNE(init=begin, perplexity=perplexity, max_iter=ITERATIONS, random_state=seed)
    with threadpool_limits(1):  # on a busy machine its threads wait for each other far longer than they work
        arranged = tsne.fit_transform(reduced)
    return Embedding(
        layer=layer,
        labels=labels,
        pca=plane,
        explained=(float(shares[0]), float(shares[1])),
        tsne=arranged.astype(np.float64),
        neighbours=float((labels[near[:, 0]] == labels).mean()),
    )
