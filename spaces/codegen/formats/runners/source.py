"""Run a source with its weights, by torch."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file


def load(folder: Path, stem: str) -> Callable[..., np.ndarray]:
    """Return a function of samples (n, C, *spatial), as the data set holds them, to the first output."""
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    sys.path.insert(0, str(folder))
    module = importlib.import_module(stem)
    *_, network = [each for each in vars(module).values() if getattr(each, "__module__", "") == stem]
    model = network().eval()
    weights = folder / f"{stem}.safetensors"
    model.load_state_dict(load_file(weights))
    with safe_open(weights, "pt") as file:
        about = file.metadata()
    mean, std = (
        torch.tensor(json.loads(about.get(key, start))) for key, start in (("mean", "[0]"), ("std", "[1]"))
    )

    @torch.inference_mode()
    def predict(*samples: np.ndarray) -> np.ndarray:
        shape = (-1, *[1] * (samples[0].ndim - 2))
        maps = [torch.from_numpy(each).to(torch.float32) for each in samples]
        results = model(*[(x - mean.reshape(shape)) / std.reshape(shape) for x in maps])
        result: np.ndarray = (results if isinstance(results, torch.Tensor) else results[0]).numpy()
        return result

    return predict
