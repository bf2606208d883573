"""Augmentations: what is done to every training sample anew, one idea a file.

A batch is changed at once, on the device where it lies, with random numbers of the training's own generator
for each of its samples. A new one is a file here with an `Augmentation`, and a line in `AUGMENTATIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .base import Augmentation

AUGMENTATIONS: LazyTable[type[Augmentation]] = LazyTable(
    "augmentation",
    __name__,
    {
        "flip": ".flip:Flip",
        "shift": ".shift:Shift",
        "time_shift": ".time_shift:TimeShift",
        "crop": ".crop:Crop",
        "scale": ".scale:Scale",
        "stretch": ".stretch:Stretch",
        "shear": ".shear:Shear",
        "rotate": ".rotate:Rotate",
        "translate": ".translate:Translate",
        "colour": ".colour:Colour",
        "noise": ".noise:Noise",
        "cutout": ".cutout:Cutout",
    },
    error=JobError,
)
"""By the name in the `augment:` of a recipe, in the order in which they are done."""

SETS: Mapping[str, Mapping[str, float | None]] = {
    # Dieleman et al. 2015, "Classifying plankton with deep neural networks"; 10 pixels of its 95.
    "plankton": {"flip": None, "scale": 1.6, "stretch": 1.3, "shear": 20, "rotate": 180, "translate": 0.105},
}
"""Several under one name, that of their source."""

__all__ = ["AUGMENTATIONS", "SETS", "Augmentation"]
