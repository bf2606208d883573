"""RunFolder: the files of a run, and its results as a report reads them.

::

    job.yaml          the job as run, every setting spelled out
    space.yaml        the space as run, so that the folder stands alone
    study.db          every trial: the only truth
    spool/            results on their way to the study
    logs/             a file per trial and per worker
    checkpoints/      weights of complete trials, HASH.safetensors
    trials.csv        one row a trial          } written when a search ends or is stopped
    curves.csv        one row an epoch         }
    environment.json  versions and hardware    }
    report.html       everything to look at    }
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape._version import __version__
from archscape.analysis.costs.latency.device_setup import cpu_name
from archscape.analysis.metrics import count_costs
from archscape.analysis.results import CURVE_COLUMNS, columns
from archscape.spaces.errors import InputError, StudyError

from .atomic import write_json, write_whole
from .latency import named

if TYPE_CHECKING:
    from torch import Tensor

    from archscape.analysis.reports.results.run import RunResults
    from archscape.spaces import Network

    from .study.reader import StudyReader
    from .study.trial import Trial

TOOLS = ("torch", "optuna", "numpy", "SQLAlchemy", "scikit-learn")


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run."""

    path: Path

    @property
    def job(self) -> Path:
        """The job as run."""
        return self.path / "job.yaml"

    @property
    def logs(self) -> Path:
        """Log files of trials and workers."""
        return self.path / "logs"

    @property
    def checkpoints(self) -> Path:
        """Weights of complete trials."""
        return self.path / "checkpoints"

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.path / "report.html"

    def create(self) -> None:
        """Create the folder and those in it.

        Raises:
            StudyError: If that is not possible.
        """
        try:
            for folder in (self.path, self.logs, self.checkpoints):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyError(f"{self.path}: cannot be created: {error.strerror}") from None

    def write_job(self, job: str, space: str) -> None:
        """Write a job and its space, both as text."""
        write_whole(self.path / "space.yaml", space)
        write_whole(self.job, job)

    def write_results(
        self, study: StudyReader, *, command: str, references: Iterable[Network] = ()
    ) -> RunResults:
        """Write the tables of the trials and what is needed to repeat them; return what a report reads."""
        write_json(self.path / "environment.json", environment(study.pinned(), command=command))
        run = results(study, references=references)
        write_whole(self.path / "trials.csv", run.trials.to_csv(index=False))
        write_whole(self.path / "curves.csv", run.curves.to_csv(index=False))
        return run


def environment(pinned: dict[str, str], *, command: str) -> dict[str, Any]:
    """Return what a run depended on besides its job.

    Args:
        pinned: What the workers found: fingerprint of the data, device.
        command: What the user typed, or "".
    """
    return {
        "archscape": __version__,
        "python": platform.python_version(),
        **{tool: version(tool) for tool in TOOLS},
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        **pinned,
        "command": command,
    }


def results(study: StudyReader, *, references: Iterable[Network] = ()) -> RunResults:
    """Return a search, finished or not, as the report reads it, with known networks to show beside it."""
    import pandas as pd

    from archscape.analysis.reports.results.run import RunResults

    written = study.address.folder / "environment.json"
    current = environment(study.pinned(), command="")
    job, trials = str(study.settings.get("job", "")), study.trials()
    known = {name for trial in trials for name in trial.costs}
    return RunResults(
        name=study.name,
        trials=pd.DataFrame([_row(trial) for trial in trials], columns=columns(known)),
        curves=pd.DataFrame(study.epochs(), columns=list(CURVE_COLUMNS)),
        objectives=study.objectives,
        job=named(job)
        if study.facts.get("latency")
        else job,  # a reader wants to see the device, not its table
        environment=json.loads(written.read_text(encoding="utf-8")) if written.exists() else current,
        references=pd.DataFrame([{"name": n.name, **count_costs(n.totals)} for n in references]),
    )


def _row(trial: Trial) -> dict[str, Any]:
    """Return the row of a trial; what is not known, or not yet, is missing."""
    facts = vars(trial) | {"status": trial.state, "decisions": json.dumps(dict(trial.decisions))}
    return {**trial.costs, **trial.metrics, **facts}


def trained(
    study: StudyReader, number: str = "best"
) -> tuple[Trial, Network, dict[str, Tensor], dict[str, str]]:
    """Return a trial, its network, its trained weights, and the data they were trained on.

    The last holds `data`, and `mean` and `std` of each channel as JSON: a sample is `(source - mean) / std`.

    Args:
        study: The study; the weights lie in the folder that it is seen from.
        number: `best`, the complete trial with the best first objective, or a trial's number.

    Raises:
        InputError: If there is no such trial, it is not complete, or its weights are missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    from archscape.spaces import Network

    folder = study.address.folder
    complete = {str(trial.number): trial for trial in study.trials() if trial.state == "complete"}
    if not complete:
        raise InputError(f"{folder}: no trial is complete, so there is nothing to export")
    if number == "best":
        objective, direction = next(iter(study.objectives.items()))
        best = max if direction == "maximize" else min
        number = best(complete, key=lambda number: complete[number].metrics[objective])
    if number not in complete:
        numbers = ", ".join(complete)
        raise InputError(f"{folder}: no trial '{number}' is complete; those that are: {numbers}")
    trial = complete[number]
    network = replace(Network.from_json(trial.network), name=f"{study.name}-{number}")
    file = RunFolder(folder).checkpoints / f"{trial.hash}.safetensors"
    if not file.is_file():
        raise InputError(f"{file}: the weights of trial {number} are missing")
    try:
        with safe_open(file, framework="pt") as tensors:
            weights = {key: tensors.get_tensor(key) for key in tensors.keys()}  # noqa: SIM118
            return trial, network, weights, tensors.metadata()
    except SafetensorError as error:
        raise InputError(f"{file}: the weights of trial {number} are damaged: {error}") from None
