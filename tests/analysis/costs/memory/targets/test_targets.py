"""Memory on small devices: names, types, and what a result says."""

from __future__ import annotations

import pytest

from archscape.analysis.costs.memory.targets import DTYPES, TARGETS, target_memory
from archscape.spaces import InputError, load_network


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_measures_a_network(target: str, dtype: str) -> None:
    lenet = target_memory(load_network("lenet5"), target=target, dtype=dtype)
    assert lenet.arena + lenet.persistent <= lenet.sram < lenet.arena + lenet.persistent + 16
    assert lenet.unsupported == ()
    assert lenet.flash > lenet.network.totals.params


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no target 'tflmm'; did you mean 'tflm'"):
        target_memory(load_network("lenet5"), target="tflmm")


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no type 'int18' on small devices; did you mean 'int8'"):
        target_memory(load_network("lenet5"), dtype="int18")
