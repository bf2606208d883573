"""A loss surface as a grid, and its numbers (sharpness, curvature ...), each with its definition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archscape.analysis.statistics.frontier import Floats as Floats

SPANS = (1e-3, 1e3)
"""How far a grid may go to either side: float32 tells its points apart, and their squares are numbers."""
NEAR = 0.25
"""How far from the trained weights `sharpness` looks, in lengths of each filter."""
BEND = 0.1
"""From which share of the upward curvature a downward one counts as a bend."""

DEFINITIONS = {
    "loss": "mean cross-entropy of the trained weights on the samples of the surface",
    "accuracy": "share of these samples that the trained weights classify correctly",
    "lowest": "lowest loss on the grid",
    "half_right": "share of the grid where at least half of these samples are classified correctly",
    "within_twice": "share of the grid where the loss is at most twice that of the trained weights",
    "sharpness": (
        f"(L - L0) / (1 + L0), L the highest loss within {NEAR} of the trained weights, L0 theirs "
        "(after Keskar et al. 2016, eq. 2.2)"
    ),
    "curvature": "second difference of the loss at the trained weights along each direction, a unit squared",
    "bends": (
        "share of the inner grid points where the surface is not convex: the Hessian of second differences "
        f"has a negative eigenvalue, in size more than {BEND} of the larger one"
    ),
    "not_finite": "grid points where the loss is not finite",
}
"""What each number of a surface is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """The loss and the accuracy on a grid around trained weights.

    Attributes:
        span: How far the grid goes to either side, in lengths of each filter.
        losses: Mean loss at (second direction, first direction), each from -span to span; not finite where
            the network's outputs were not.
        accuracies: Share of samples that the network classifies correctly there.
    """

    span: float
    losses: Floats
    accuracies: Floats

    @property
    def steps(self) -> int:
        """Points along each direction, an odd number: the middle one is the trained network."""
        return len(self.losses)

    @property
    def offsets(self) -> list[float]:
        """Places of the points along a direction, from -span to span."""
        return grid(self.steps, self.span)

    @property
    def loss(self) -> float:
        """Loss of the trained weights."""
        return float(self.losses[self.steps // 2, self.steps // 2])

    @property
    def accuracy(self) -> float:
        """Accuracy of the trained weights on these samples."""
        return float(self.accuracies[self.steps // 2, self.steps // 2])


def grid(steps: int, span: float) -> list[float]:
    """Return where the points stand, the middle one at exactly 0."""
    half = steps // 2
    return [span * (i - half) / half for i in range(steps)]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A surface in numbers, each as `DEFINITIONS` defines it; NaN where there is nothing to take it from."""

    loss: float
    accuracy: float
    lowest: float
    half_right: float
    within_twice: float
    sharpness: float
    curvature: tuple[float, float]
    bends: float
    not_finite: int


def numbers(surface: Surface) -> Numbers:
    """Return the numbers of a surface."""
    losses = surface.losses
    finite = np.isfinite(losses)
    return Numbers(
        loss=surface.loss,
        accuracy=surface.accuracy,
        lowest=float(losses[finite].min()) if finite.any() else float("nan"),
        half_right=float((surface.accuracies >= 0.5).mean()),
        within_twice=float((finite & (losses <= 2 * surface.loss)).mean()),
        sharpness=_sharpness(surface),
        curvature=_curvature(surface),
        bends=_bends(surface),
        not_finite=int((~finite).sum()),
    )


def _sharpness(surface: Surface) -> float:
    """Return NaN if no other point of the grid is near enough."""
    offsets = np.array(surface.offsets)
    distance = np.hypot(offsets[:, None], offsets[None, :])
    near = surface.losses[(distance <= NEAR * (1 + 1e-9)) & (distance > 0)]
    return float((near.max() - surface.loss) / (1 + surface.loss)) if len(near) else float("nan")


def _curvature(surface: Surface) -> tuple[float, float]:
    middle, step = surface.steps // 2, _step(surface)
    cross = (surface.losses[middle], surface.losses[:, middle])
    along, across = (
        float(line[middle - 1] - 2 * line[middle] + line[middle + 1]) / step**2 for line in cross
    )
    return along, across


def _bends(surface: Surface) -> float:
    with np.errstate(invalid="ignore"):
        low, high = _eigenvalues(surface.losses, _step(surface))
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return float("nan")
    largest = np.maximum(np.abs(low), np.abs(high))
    return float((low < -BEND * largest)[known].mean())


def _eigenvalues(f: Floats, step: float) -> tuple[Floats, Floats]:
    """Return the eigenvalues of the Hessian at the inner points, the lower ones first."""
    middle = f[1:-1, 1:-1]
    xx = (f[1:-1, 2:] - 2 * middle + f[1:-1, :-2]) / step**2
    yy = (f[2:, 1:-1] - 2 * middle + f[:-2, 1:-1]) / step**2
    xy = (f[2:, 2:] - f[2:, :-2] - f[:-2, 2:] + f[:-2, :-2]) / (4 * step**2)
    mean, root = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return mean - root, mean + root


def _step(surface: Surface) -> float:
    return surface.offsets[1] - surface.offsets[0]
