"""Run a program of ExecuTorch: `python pte.py FOLDER NAME samples.npz outputs.npz`."""

from __future__ import annotations

import sys
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


def main() -> None:
    """Read samples from an .npz, one array for each input, and write the outputs to another."""
    folder, stem, samples, target = sys.argv[1:]
    with np.load(samples) as arrays:
        outputs = load(Path(folder), stem)(*[arrays[name] for name in arrays.files])
    np.savez(target, outputs=outputs)


if __name__ == "__main__":
    main()
