"""Small devices as settings, and the boards."""

from __future__ import annotations

import doctest

import pytest

from archscape.analysis.costs.memory.targets import settings as module
from archscape.analysis.costs.memory.targets import target_memory
from archscape.analysis.costs.memory.targets.boards import BOARDS
from archscape.analysis.costs.memory.targets.settings import TargetSettings
from archscape.spaces import load_network
from archscape.spaces.errors import JobError


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_limits_both_memories(board: str) -> None:
    limits = TargetSettings(board=board).limits
    assert 64 * 2**10 <= limits["sram"] < limits["flash"] <= 16 * 2**20
    assert BOARDS[board].source


def test_without_a_board_there_is_no_limit() -> None:
    assert TargetSettings().limits == {}


def test_what_a_network_takes_is_that_of_its_runtime_and_type() -> None:
    network = load_network("lenet5")
    need = TargetSettings(dtype="float32").memory(network)
    assert need.sram == target_memory(network, target="tflm", dtype="float32").sram


def test_a_wrong_board_is_met_with_the_nearest() -> None:
    with pytest.raises(JobError, match=r"target: board is one of .* but got 'pic'; did you mean 'pico'"):
        TargetSettings(board="pic")
