"""A bed for tests: 16 networks whose accuracy follows from width and kernel, and no table."""

from __future__ import annotations

from pathlib import Path

from archscape.spaces import Sample, Space

from .bed import Bed, Outcome, Regret

SPACE = """
space: tiny-bed
input: 1x8x8
choices:
  width:  {4, 8, 16, 32}
  kernel: {1, 3, 5, 7}
layers:
  - conv: {width: $width, kernel: $kernel}
  - avgpool
  - linear: {width: 10}
"""


def accuracy(sample: Sample) -> float:
    """Return the accuracy of a network, in percent; the widest with the middle kernel is best."""
    width, kernel = sample.decisions.values()
    return 60.0 + float(width) - 4.0 * abs(float(kernel) - 5.0)


def bed(tables: Path | None = None) -> Bed:
    """Return the bed."""
    space = Space.from_yaml(SPACE)

    def train(sample: Sample, seed: int) -> Outcome:
        values = (accuracy(sample),)
        return Outcome(values=values, truth=values)

    return Bed(
        name="tiny",
        title=__doc__ or "",
        space=space,
        objectives={"accuracy": "maximize"},
        train=train,
        score=Regret.of([accuracy(sample) for sample in space.enumerate()]),
        trials=15,
    )
