"""`benchmarks/cuda.py` runs on a machine that has torch, NumPy, PyYAML and pytest, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BLOCKED = '''
import sys
from importlib.machinery import ModuleSpec

NAMES = {
    *("fsspec", "fvcore", "jinja2", "matplotlib", "optuna", "pandas", "PIL", "plotly", "psycopg"),
    *("pyarrow", "ray", "rich", "safetensors", "scipy", "sklearn", "sqlalchemy", "torchvision", "typer"),
}


class Blocked:
    """Finds what is blocked, and refuses to load it: PyTorch only looks where some of it lies."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.partition(".")[0] in NAMES else None

    def create_module(self, spec):
        raise ModuleNotFoundError(f"{spec.name} is not on this machine")

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Blocked())
'''


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which Python knows none of the other packages."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKED)
    return os.environ | {"PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}


def run(root: Path, bare: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "benchmarks" / "cuda.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=bare, check=False)


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_there_is_no_figure(root: Path, bare: dict[str, str]) -> None:
    done = run(root, bare)
    assert done.returncode == 2, done.stderr
    assert "no CUDA device that PyTorch can use is at hand, so there is no figure" in done.stderr
    assert not done.stdout


@pytest.mark.full
def test_all_of_it_runs_on_a_cpu(root: Path, bare: dict[str, str]) -> None:
    before = sorted((root / "benchmarks" / "results").iterdir())
    done = run(root, bare, "--device", "cpu", "--short")
    assert done.returncode == 0, done.stderr
    assert "6 passed" in done.stdout
    assert "no figure is kept" in done.stdout
    assert sorted((root / "benchmarks" / "results").iterdir()) == before
