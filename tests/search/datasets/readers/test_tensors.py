from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from helpers import data_files as files

from archscape.search.datasets.sources import open_source


def test_pt_and_safetensors_are_the_npz(tmp_path: Path) -> None:
    arrays = files.some_arrays(3, 8, 6)
    ours = [
        open_source(write(tmp_path / f"set{suffix}", arrays)).arrays
        for suffix, write in {
            ".npz": files.write_npz,
            ".pt": files.write_pt,
            ".safetensors": files.write_safetensors,
        }.items()
    ]
    for name, array in arrays.items():
        assert all(np.array_equal(each[name], array) for each in ours)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    x = torch.randn(20, 1, 4, 4).bfloat16()
    torch.save({"x_train": x, "y_train": torch.arange(20) % 2}, tmp_path / "set.pt")
    arrays = open_source(tmp_path / "set.pt").arrays
    assert arrays["x_train"].dtype == np.float32
    assert np.isin(arrays["x_train"], x.float().numpy()).all()


class Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def test_a_pt_runs_no_code(tmp_path: Path, refusal: Callable[..., str]) -> None:
    torch.save({"x_train": Hostile(tmp_path / "ran"), "y_train": torch.zeros(2)}, tmp_path / "set.pt")
    assert f"{tmp_path / 'set.pt'}: not a readable file of plain tensors: " in refusal(tmp_path / "set.pt")
    assert not (tmp_path / "ran").exists()


def test_what_holds_no_tensors_says_what_to_write(tmp_path: Path, refusal: Callable[..., str]) -> None:
    torch.save([torch.zeros(2)], tmp_path / "set.pt")
    assert "it must hold a mapping of tensors, as `torch.save({'x_train'" in refusal(tmp_path / "set.pt")
    torch.save({"x_train": torch.zeros(9, 1, 4, 4), "labels": torch.zeros(9)}, tmp_path / "set.pt")
    assert "'labels' is not one of x_train, y_train" in refusal(tmp_path / "set.pt")
