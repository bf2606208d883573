"""Run an ONNX file by onnxruntime: `python onnx.py FOLDER NAME samples.npz outputs.npz`."""

from __future__ import annotations

import sys
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


def main() -> None:
    """Read samples from an .npz, one array for each input, and write the outputs to another."""
    folder, stem, samples, target = sys.argv[1:]
    with np.load(samples) as arrays:
        outputs = load(Path(folder), stem)(*[arrays[name] for name in arrays.files])
    np.savez(target, outputs=outputs)


if __name__ == "__main__":
    main()
