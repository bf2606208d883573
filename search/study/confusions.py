"""What a complete trial confused on the validation part, as its weights say; their numbers are not read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.inspection.confusion import METADATA, Confusion, read_confusion
from archscape.analysis.results import TrialState

from .damaged import report
from .trained import weights_paths

if TYPE_CHECKING:
    from .reader import StudyReader


def confusions(study: StudyReader) -> Callable[[int], Confusion | None]:
    """Return what gives the confusion matrix of a trial by its number, also when the study is closed.

    It gives None for a trial whose weights are not on this machine, or say nothing of it: they were trained
    by an earlier version, by a function of the user's, or for a task without classes.
    """
    places = study.places()
    files = {
        trial.number: weights_paths(study, trial, places.get(trial.number))
        for trial in study.trials()
        if trial.state == TrialState.COMPLETE
    }

    def confusion(number: int) -> Confusion | None:
        file = next((file for file in files.get(number, ()) if file.is_file()), None)
        return None if file is None else _read(file)

    return confusion


def _read(file: Path) -> Confusion | None:
    """Return the matrix that weights hold among what they say of themselves; a damaged one is reported."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as weights:
            metadata: Mapping[str, str] = weights.metadata() or {}
        if METADATA not in metadata:
            return None
        names = tuple(map(str, json.loads(metadata.get("class_names", "[]"))))
        unit = "pixels" if metadata.get("task") == "segmentation" else "samples"
        return read_confusion(metadata[METADATA], names=names, unit=unit)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        report(f"{file}: its confusion matrix cannot be read and is not shown: {error}")
        return None
