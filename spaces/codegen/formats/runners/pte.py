"""Run a program of ExecuTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from executorch.runtime import Runtime


def load(folder: Path, stem: str) -> Callable[..., np.ndarray]:
    """Return a function of up to 64 samples (n, C, *spatial), as the file takes them, to the first output."""
    method = Runtime.get().load_program(folder / f"{stem}.pte").load_method("forward")

    def predict(*samples: np.ndarray) -> np.ndarray:
        result: np.ndarray = method.execute([torch.from_numpy(each) for each in samples])[0].numpy().copy()
        return result

    return predict
