"""Run a program of `torch.export` by torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch


def load(folder: Path, stem: str) -> Callable[..., np.ndarray]:
    """Return a function of samples (n, C, *spatial), as the file takes them, to the first output."""
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    module = torch.export.load(folder / f"{stem}.pt2").module()

    @torch.inference_mode()
    def predict(*samples: np.ndarray) -> np.ndarray:
        results = module(*map(torch.from_numpy, samples))
        result: np.ndarray = (results if isinstance(results, torch.Tensor) else results[0]).numpy()
        return result

    return predict
