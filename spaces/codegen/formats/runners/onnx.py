"""Run an ONNX file by onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime


def load(folder: Path, stem: str) -> Callable[..., np.ndarray]:
    """Return a function of samples (n, C, *spatial), as the file takes them, to the first output."""
    options = onnxruntime.SessionOptions()
    # Some processors would compute in bfloat16.
    options.add_session_config_entry("mlas.enable_gemm_fastmath_arm64_bfloat16", "0")
    session = onnxruntime.InferenceSession(
        folder / f"{stem}.onnx", options, providers=["CPUExecutionProvider"]
    )
    inputs = session.get_inputs()

    def predict(*samples: np.ndarray) -> np.ndarray:
        feed = {each.name: sample for each, sample in zip(inputs, samples, strict=True)}
        result: np.ndarray = session.run(None, feed)[0]
        return result

    return predict
