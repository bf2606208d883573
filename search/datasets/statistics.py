"""What is known of the arrays of a data set once all were looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Units:
    """The mean and the standard deviation of each channel over the training part, in the units of the source.

    A channel that is constant has the deviation 1.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What is known of arrays once all were looked at.

    Attributes:
        samples: Units of the samples.
        targets: Units of targets that are measured, not counted; None for labels.
        span: From the least to the greatest target of the training part; 255 for bytes, 0 for labels.
        classes: One more than the greatest label that counts; 0 where targets are no labels.
        fingerprint: Hash of every number of the source, 16 hex digits.
    """

    samples: Units
    targets: Units | None = None
    span: float = 0.0
    classes: int = 0
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """Return them in plain types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Statistics:
        """Return what `to_dict` gave, also if it went through JSON."""
        units = {
            name: Units(mean=tuple(plain[name]["mean"]), std=tuple(plain[name]["std"]))
            for name in ("samples", "targets")
            if plain[name]
        }
        return cls(**{**plain, **units})
