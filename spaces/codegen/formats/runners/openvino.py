"""Run a model of OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino


def load(folder: Path, stem: str) -> Callable[..., np.ndarray]:
    """Return a function of samples (n, C, *spatial), as the file takes them, to the first output."""
    precision = {"INFERENCE_PRECISION_HINT": "f32"}  # some processors would compute in bfloat16
    model = openvino.Core().compile_model(folder / f"{stem}.xml", "CPU", precision)

    def predict(*samples: np.ndarray) -> np.ndarray:
        result: np.ndarray = model([*samples])[model.output(0)].copy()
        return result

    return predict
