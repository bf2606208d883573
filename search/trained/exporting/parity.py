"""Parity: an exported file gives in a fresh process what the network gives here, on real samples."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape.analysis.metrics import SHARES
from archscape.analysis.reports.format import value
from archscape.spaces.codegen.verification import TOLERANCE
from archscape.spaces.errors import ExportError

from .fresh_process import Reader, outputs_of

if TYPE_CHECKING:
    import numpy as np

    from .reference import Reference

RECORDED_LIMIT = 0.005
"""How far a metric may be from the recorded one, of 1 for shares and of its size for others.

The last bits of an output depend on the processor, so of thousands of samples a few change their class.
"""


@dataclass(frozen=True, kw_only=True)
class FileParity:
    """What an exported file gave in a fresh process, compared with the network.

    Attributes:
        file: Its name.
        reader: The packages that were there, with their versions.
        relative_error: max|a - b| / max|b| over all samples and numbers.
        agreement: The share of samples (of places, in segmentation) with the same class first.
        metrics: Those of the task.
    """

    file: str
    reader: Mapping[str, str]
    relative_error: float
    agreement: float | None
    metrics: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return it in plain types."""
        agreement = {} if self.agreement is None else {"top1_agreement": self.agreement}
        return {
            "packages": dict(self.reader),
            "relative_error": self.relative_error,
            **agreement,
            "metrics": dict(self.metrics),
        }


def check_file(
    path: Path, reader: Reader, reference: Reference, samples: list[np.ndarray], *, softmax: bool = False
) -> FileParity:
    """Return what a file gives for the samples of a reference.

    Args:
        path: The file.
        reader: What it is used with.
        reference: What the network gives.
        samples: The samples as the file takes them.
        softmax: Whether it gives probabilities.

    Raises:
        ExportError: If it does not run, or its outputs are others.
    """
    outputs = outputs_of(path.parent, path.stem, reader, samples)
    error = reference.relative_error(outputs, softmax=softmax)
    if not error <= TOLERANCE:
        law = f"its outputs differ from those of the network by {error:.1e} (at most {TOLERANCE:.0e})"
        raise ExportError(f"{path.name}: {law} over {reference.count} samples: nothing was written")
    return FileParity(
        file=path.name,
        reader=reader.versions,
        relative_error=error,
        agreement=reference.agreement(outputs),
        metrics=reference.measure(outputs),
    )


def check_recorded(title: str, reference: Reference) -> None:
    """Check that the network gives what training recorded of it.

    Raises:
        ExportError: If a metric is another.
    """
    for name, recorded in reference.recorded.items():
        measured = reference.metrics[name]
        size = 1.0 if name in SHARES else abs(recorded)
        if abs(measured - recorded) > RECORDED_LIMIT * size:
            law = f"{name} of the validation part is {value(name, measured)} here"
            recorded_text = f"{value(name, recorded)} was recorded when it was trained"
            raise ExportError(f"{title}: {law}, but {recorded_text}: weights and data do not belong together")


def parity_facts(reference: Reference, files: list[FileParity]) -> dict[str, Any]:
    """Return what was compared, and what came of it, for `parity.json`."""
    import torch

    part = "validation part" if reference.trained else "random numbers of a normal distribution, seed 0"
    return {
        "precision": "float32",
        "limit_of_relative_error": TOLERANCE,
        "relative_error": "max|a - b| / max|b|, a the file's first output, b the network's",
        "samples": {"of": part, "count": reference.count, "there_are": reference.of},
        "network": {
            "by": f"torch {torch.__version__}, in the process that exported it",
            "metrics": reference.metrics,
            "recorded": reference.recorded,
        },
        "files": {each.file: each.to_dict() for each in files},
        "machine": {
            "processor": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
        },
    }
