"""The benchmark of training runs to its end, short: what it measures is read by people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.full
@pytest.mark.timeout(900)
def test_training_is_compared_with_its_peers(root: Path) -> None:
    command = [sys.executable, root / "benchmarks" / "training.py", "--short"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    for peer in ("the tutorial", "bare loop", "eager NCHW", "picked, flip, shift", "Pillow"):
        assert peer in done.stdout
