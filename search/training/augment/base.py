"""What an augmentation is: settings, and what they do to a batch."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from archscape.spaces.kinds import Kind, number
from archscape.spaces.language.settings import Settings, kinds_of

if TYPE_CHECKING:
    import torch

    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Augmentation(Settings):
    """Settings of what is done to every training sample, each time anew.

    All have defaults; a number in their place stands for the first, or for all of `short`.
    """

    moves: ClassVar[bool] = False
    """Whether things lie elsewhere afterwards."""
    hides: ClassVar[bool] = False
    """Whether parts of samples are hidden, and of masks are ignored."""
    recolours: ClassVar[bool] = False
    """Whether a target that is an image would have to change in its values."""
    axes: ClassVar[tuple[int, ...]] = (1, 2, 3)
    """How many axes of space a sample may have."""
    short: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def apply(self, batch: Batch) -> None:
        """Change a batch, and its targets alike where they are images."""

    def refusal(self, spatial: tuple[int, ...]) -> str:
        """Return why samples of a size (*spatial) cannot be changed so; "" if they can."""
        if len(spatial) not in self.axes:
            wanted = " or ".join(map(str, self.axes))
            return f"{self.name} is for samples with {wanted} {'axis' if wanted == '1' else 'axes'} of space"
        return ""

    def to_dict(self) -> dict[str, object]:
        """Return all settings in plain types, by name."""
        values = {field: getattr(self, field) for field in kinds_of(type(self))}
        return {field: float(value) if isinstance(value, int) else value for field, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class Geometric(Augmentation):
    """An augmentation that is an affine map; all of a recipe are one, and a batch is sampled once."""

    moves: ClassVar[bool] = True

    @abstractmethod
    def source(self, batch: Batch) -> torch.Tensor:
        """Return where in a sample each of its pixels comes from, as matrices (n, d + 1, d + 1).

        They map coordinates in pixels, (*spatial, 1), from the middle of a sample.
        """

    def apply(self, batch: Batch) -> None:
        """Let the map follow those before it."""
        batch.place(self.source(batch))


def lengths() -> Kind[float]:
    """Return the kind of lengths: pixels from 1, or a share of the size below 1."""
    return number(
        "a number of pixels from 1, or a share of the size between 0 and 1", lambda value: value > 0
    )


def factors() -> Kind[float]:
    """Return the kind of the largest of factors that are drawn log-uniformly from its inverse to it."""
    return number("a factor above 1, at most 10", lambda value: 1 < value <= 10)


def pixels(value: float, size: int) -> float:
    """Return a length in pixels of an axis of some size.

    >>> pixels(4, 32), pixels(0.125, 32)
    (4, 4.0)
    """
    return value if value >= 1 else value * size


def refusal_of_length(name: str, value: float, spatial: tuple[int, ...], *, is_whole: bool = False) -> str:
    """Return why a length, of whole pixels if `is_whole`, does not fit samples of a size; "" if it does."""
    if is_whole and pixels(value, max(spatial)) < 1:
        return f"{name} of {value:g} of the size is less than a pixel of its samples"
    return f"{name} of {value:g} pixels is for larger samples" if value >= min(spatial) else ""
