"""`track: tensorboard`: each trial a run, its epochs as scalars, its decisions as hyperparameters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from archscape.spaces.kinds import matching

from .settings import TrackedSearch, TrackerSettings

if TYPE_CHECKING:
    from ..trial import Trial


@dataclass(frozen=True, kw_only=True)
class TensorboardTracker(TrackerSettings):
    """Files of events, which `tensorboard --logdir FOLDER` shows.

    Attributes:
        folder: Where they lie, relative to the folder of the run.
    """

    name: ClassVar[str] = "tensorboard"
    needs: ClassVar[tuple[str, str]] = ("tensorboardX", "tensorboard")
    folder: Annotated[str, matching(r"[^\0]+", "a folder")] = "tensorboard"

    def open(self, search: TrackedSearch) -> object:
        """Return the tracker of a search."""
        return _Events(search.folder / Path(self.folder).expanduser(), search.objectives)


class _Events:
    """A folder with a folder for each trial."""

    def __init__(self, folder: Path, objectives: Mapping[str, str]) -> None:
        self.folder = folder
        self.objectives = objectives
        self.writers: dict[int, Any] = {}

    def epoch(self, trial: Trial, epoch: int, metrics: Mapping[str, float]) -> None:
        """Write the metrics of an epoch."""
        writer = self._writer(trial)
        for name, value in metrics.items():
            writer.add_scalar(f"epoch/{name}", value, global_step=epoch)
        writer.flush()

    def trial_ended(self, trial: Trial) -> None:
        """Write the scores of a trial and, for the page of hyperparameters, its decisions."""
        writer = self._writer(trial)
        for name, value in {**trial.costs, **trial.metrics}.items():
            writer.add_scalar(f"trial/{name}", value, global_step=trial.number)
        if trial.state == "complete":
            from tensorboardX.summary import hparams

            # `add_hparams` would open a second file, of the same name if it is within the same second.
            scores = {
                f"trial/{name}": trial.metrics[name] for name in self.objectives if name in trial.metrics
            }
            for summary in hparams(dict(trial.decisions), scores):
                writer.file_writer.add_summary(summary)
        writer.add_text("state", f"{trial.state} {trial.cause}".strip())
        self.writers.pop(trial.number).close()

    def search_ended(self, counts: Mapping[str, int]) -> None:
        """Close the files of trials that have not ended."""
        while self.writers:
            self.writers.popitem()[1].close()

    def _writer(self, trial: Trial) -> Any:
        if trial.number not in self.writers:
            from tensorboardX import SummaryWriter

            folder = str(self.folder / f"trial-{trial.number:05d}")
            self.writers[trial.number] = SummaryWriter(folder, filename_suffix=f".{os.getpid()}")
        return self.writers[trial.number]
