"""What a reader returns: the arrays of a data set, by split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Arrays: TypeAlias = "Mapping[str, np.ndarray]"
"""`x_train`, `y_train`, `x_val`, `y_val`, `x_test` and `y_test`: samples (N, C, *spatial) and labels (N,)."""

SPLITS = ("train", "val", "test")
