"""Run a model of OpenVINO: `python openvino.py FOLDER NAME samples.npz outputs.npz`."""

from __future__ import annotations

import sys
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


def main() -> None:
    """Read samples from an .npz, one array for each input, and write the outputs to another."""
    folder, stem, samples, target = sys.argv[1:]
    with np.load(samples) as arrays:
        outputs = load(Path(folder), stem)(*[arrays[name] for name in arrays.files])
    np.savez(target, outputs=outputs)


if __name__ == "__main__":
    main()
