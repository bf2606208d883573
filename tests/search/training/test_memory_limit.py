"""A batch goes in pieces where memory is short, in as few as fit."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from archscape.analysis.costs.memory import ITEM, weights
from archscape.analysis.costs.memory.training import training_memory
from archscape.search.training.memory_limit import available_memory, fitting_pieces
from archscape.search.training.recipe import Recipe
from archscape.spaces import load_network

RECIPE = Recipe(batch=64)
NETWORK = load_network("resnet20")


def peak(batch: int) -> int:
    return training_memory(NETWORK, batch=batch, optimizer="adamw").peak


@pytest.mark.parametrize(
    ("available", "expected"),
    [(None, 1), (1 << 50, 1), (peak(64), 1), (peak(64) - 1, 2), (peak(16), 4), (0, 32)],
)
def test_pieces_are_doubled_until_they_fit(available: int | None, expected: int) -> None:
    assert fitting_pieces(NETWORK, RECIPE, batch=64, available=available) == expected


def test_the_pieces_of_a_recipe_are_the_least() -> None:
    recipe = replace(RECIPE, accumulate=3)
    assert fitting_pieces(NETWORK, recipe, batch=64, available=1 << 50) == 3
    assert fitting_pieces(NETWORK, recipe, batch=64, available=peak(22) - 1) == 6


def test_the_mean_of_the_weights_takes_memory_of_its_own() -> None:
    recipe, mean = replace(RECIPE, ema=0.99), weights(NETWORK, ITEM["float32"])
    assert fitting_pieces(NETWORK, recipe, batch=64, available=peak(64) + mean) == 1
    assert fitting_pieces(NETWORK, recipe, batch=64, available=peak(64) + mean - 1) == 2


def test_a_batch_of_few_samples_stays_whole() -> None:
    assert fitting_pieces(NETWORK, replace(RECIPE, batch=3), batch=3, available=0) == 1


def test_what_is_available_is_less_than_the_machine_has() -> None:
    total = int(Path("/proc/meminfo").read_text().split()[1]) << 10
    available = available_memory()
    assert available is not None
    assert 0 < available < total


def test_a_limit_of_the_process_counts() -> None:
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30));"
        "from archscape.search.training.memory_limit import available_memory; print(available_memory())"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 0 < int(run.stdout) < 3 << 30
