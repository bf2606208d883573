"""PyTorch's ONNX exporter, whose table of operators is made once and not again for every file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest


@contextmanager
def one_table() -> Iterator[None]:
    """Keep the table of operators, which is the same each time and takes half a second to make."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    made = cache(ONNXRegistry.from_torchlib)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(made))
        yield
