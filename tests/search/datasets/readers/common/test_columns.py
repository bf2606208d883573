from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archscape.search.datasets.readers.common.columns import ArrayColumn, samples_of
from archscape.spaces.errors import JobError

X = np.zeros((6, 1, 4, 4), np.float32)
WRONG: dict[str, tuple[np.ndarray, Any, str]] = {
    "mask": (np.zeros((6, 4, 4), np.int64), -1, "set: y_train[5] has a label below 0; labels run from 0"),
    "image": (X.copy(), np.nan, "set: y_train must hold finite real numbers; its type is float32"),
}


@pytest.mark.parametrize("case", WRONG)
def test_targets_that_are_maps_hold_labels_or_finite_numbers(case: str) -> None:
    y, value, message = WRONG[case]
    samples = samples_of("set", {"x_train": ArrayColumn(X), "y_train": ArrayColumn(y)})
    assert sum(len(x) for x, _ in samples.blocks()) == 6
    y[5, ..., 2] = value
    with pytest.raises(JobError) as caught:
        [*samples.blocks()]
    assert str(caught.value).startswith(message)
