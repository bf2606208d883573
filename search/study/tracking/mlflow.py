"""`track: mlflow`: the search a run of MLflow, each trial a run within it.

The server is that of the environment, `MLFLOW_TRACKING_URI` with its user and password, which no file of a
search keeps; without it a database in the folder of the run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from archscape.spaces.kinds import matching

from .settings import TrackedSearch, TrackerSettings

if TYPE_CHECKING:
    from ..trial import Trial

SERVER = "MLFLOW_TRACKING_URI"
STATUS = {"complete": "FINISHED", "failed": "FAILED"}
PARAMS_AT_ONCE = 100
"""As many as MLflow takes in one request."""


@dataclass(frozen=True, kw_only=True)
class MlflowTracker(TrackerSettings):
    """Runs of MLflow, which its server or `mlflow ui` shows.

    Attributes:
        experiment: The experiment that they belong to; by default one with the name of the search.
    """

    name: ClassVar[str] = "mlflow"
    needs: ClassVar[tuple[str, str]] = ("mlflow", "mlflow")
    experiment: Annotated[str, matching(r"[^\0]*", "a name")] = ""

    def open(self, search: TrackedSearch) -> object:
        """Return the tracker of a search."""
        from mlflow import MlflowClient

        own = f"sqlite:///{(search.folder / 'mlflow.db').resolve()}"
        return _Runs(
            MlflowClient(tracking_uri=os.environ.get(SERVER, own)), self.experiment or search.name, search
        )


class _Runs:
    """The runs of a search; after a restart, those that are there already."""

    def __init__(self, client: Any, experiment: str, search: TrackedSearch) -> None:
        self.client = client
        known = client.get_experiment_by_name(experiment)
        self.experiment = known.experiment_id if known else client.create_experiment(experiment)
        self.study = search.identity
        self.parent = self._run(search.name, {"archscape.search": search.name})
        self.runs: dict[int, str] = {}

    def trial_started(self, trial: Trial) -> None:
        """Begin a run with the decisions of the trial."""
        tags = {
            "archscape.trial": str(trial.number),
            "archscape.hash": trial.hash,
            "mlflow.parentRunId": self.parent,
        }
        run = self.runs[trial.number] = self._run(f"trial {trial.number}", tags)
        from mlflow.entities import Param

        params = [Param(_key(path), str(option)) for path, option in trial.decisions.items()]
        for at in range(0, len(params), PARAMS_AT_ONCE):
            self.client.log_batch(run, params=params[at : at + PARAMS_AT_ONCE])
        self._log(run, trial.costs, step=0, moment=trial.started)

    def epoch(self, trial: Trial, epoch: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics of an epoch."""
        self._log(self.runs[trial.number], metrics, step=epoch)

    def trial_ended(self, trial: Trial) -> None:
        """Log the scores of a trial, and end its run."""
        run = self.runs.pop(trial.number)
        scores = {f"final.{name}": value for name, value in trial.metrics.items() if name not in trial.costs}
        self._log(run, scores, step=0, moment=trial.finished)
        if trial.cause:
            self.client.set_tag(run, "archscape.cause", trial.cause)
        self.client.set_terminated(run, STATUS.get(trial.state, "KILLED"), _milliseconds(trial.finished))

    def search_ended(self, counts: Mapping[str, int]) -> None:
        """End the run of the search; a search that is resumed begins it again."""
        self._log(self.parent, {f"trials.{state}": count for state, count in counts.items()}, step=0)
        self.client.set_terminated(self.parent, "FINISHED")

    def _run(self, name: str, tags: Mapping[str, str]) -> str:
        """Return the run of these tags, under way again."""
        ours = {"archscape.study": self.study, **tags}
        query = " and ".join(f"tags.`{key}` = '{value}'" for key, value in ours.items() if "hash" not in key)
        runs = self.client.search_runs([self.experiment], query, max_results=1)
        if runs:
            self.client.update_run(runs[0].info.run_id, status="RUNNING")
            return str(runs[0].info.run_id)
        return str(self.client.create_run(self.experiment, run_name=name, tags=ours).info.run_id)

    def _log(self, run: str, values: Mapping[str, float], *, step: int, moment: str = "") -> None:
        from mlflow.entities import Metric

        now = _milliseconds(moment) if moment else int(datetime.now().timestamp() * 1000)
        metrics = [Metric(_key(name), float(value), now, step) for name, value in _finite(values)]
        self.client.log_batch(run, metrics=metrics)


def _finite(values: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    return ((name, value) for name, value in values.items() if abs(value) < float("inf"))


def _key(name: str) -> str:
    """Return a name in the letters that MLflow takes."""
    return re.sub(r"[^\w.\-/ ]", "_", name)


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
