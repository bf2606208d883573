"""What a complete trial confused on the validation part, as its weights say; their numbers are not read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.inspection.confusion import METADATA, Confusion, read_confusion
from archscape.analysis.results import TrialState

from .damaged import report

if TYPE_CHECKING:
    from .reader import StudyReader


def confusions(study: StudyReader) -> Callable[[int], Confusion | None]:
    """Return what gives the confusion matrix of a trial by its number, also when the study is closed.

    It gives None for a trial whose weights are not on this machine, or say nothing of it: they were trained
    by an earlier version, by a function of the user's, or for a task without classes.
    """
    own, places = study.address.folder / "checkpoints", study.places()
    files = {
        trial.number: [
            folder / f"{trial.hash}.safetensors" for folder in (own, _folder(places, trial.number))
        ]
        for trial in study.trials()
        if trial.state == TrialState.COMPLETE
    }

    def confusion(number: int) -> Confusion | None:
        file = next((file for file in files.get(number, []) if file.is_file()), None)
        return None if file is None else _read(file)

    return confusion


def _folder(places: Mapping[int, Mapping[str, str]], number: int) -> Path:
    return Path(places.get(number, {}).get("folder", ""))


def _read(file: Path) -> Confusion | None:
    """Return the matrix that weights hold among what they say of themselves; a damaged one is reported."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as weights:
            says: Mapping[str, str] = weights.metadata() or {}
        if METADATA not in says:
            return None
        names = tuple(map(str, json.loads(says.get("class_names", "[]"))))
        unit = "pixels" if says.get("task") == "segmentation" else "samples"
        return read_confusion(says[METADATA], names=names, unit=unit)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        report(f"{file}: its confusion matrix cannot be read and is not shown: {error}")
        return None
