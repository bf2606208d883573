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
from archscape.spaces.errors import InputError, StudyError

from .atomic import write_json, write_whole

if TYPE_CHECKING:
    from torch import Tensor

    from archscape.analysis.reports.results.run import RunResults
    from archscape.spaces import Network

    from .study.reader import StudyReader

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

    def write_tables(self, study: StudyReader, *, command: str) -> None:
        """Write the tables of the trials and what is needed to repeat them."""
        from .study.frames import curve_table, trial_table

        write_whole(self.path / "trials.csv", trial_table(study.trials()).to_csv(index=False))
        write_whole(self.path / "curves.csv", curve_table(study.epochs()).to_csv(index=False))
        write_json(self.path / "environment.json", environment(study.pinned(), command=command))


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
    """Return a search, finished or not, as the report reads it.

    Args:
        study: The study.
        references: Known networks to show beside the trials.
    """
    import pandas as pd

    from archscape.analysis.reports.results.run import RunResults

    from .study.frames import curve_table, trial_table

    written = study.address.folder / "environment.json"
    current = environment(study.pinned(), command="")
    rows = [{"name": n.name, **count_costs(n.totals)} for n in references]
    return RunResults(
        name=study.name,
        trials=trial_table(study.trials()),
        curves=curve_table(study.epochs()),
        objectives=study.objectives,
        job=_job(study),
        environment=json.loads(written.read_text(encoding="utf-8")) if written.exists() else current,
        references=pd.DataFrame(rows),
    )


def _job(study: StudyReader) -> str:
    """Return the job as a reader wants to see it: of a calibration, which device it is of."""
    text = str(study.settings.get("job", ""))
    if not study.facts.get("latency"):
        return text
    from .latency import named

    return named(text)


def trained(study: StudyReader, trial: str = "best") -> tuple[Network, dict[str, Tensor], dict[str, str]]:
    """Return the network of a trial, its trained weights, and the data they were trained on.

    The last holds `data`, and `mean` and `std` of each channel as JSON: a sample is `(source - mean) / std`.

    Args:
        study: The study; the weights lie in the folder that it is seen from.
        trial: `best`, the complete trial with the best first objective, or a trial's number.

    Raises:
        InputError: If there is no such trial, it is not complete, or its weights are missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    from archscape.spaces import Network

    run, folder = results(study), study.address.folder
    complete = run.trials[run.trials["status"] == "complete"]
    if complete.empty:
        raise InputError(f"{folder}: no trial is complete, so there is nothing to export")
    if trial == "best":
        objective, direction = next(iter(run.objectives.items()))
        row = complete.sort_values(objective, ascending=direction == "minimize", kind="stable").iloc[0]
    else:
        rows = complete[complete["number"].astype(str) == trial]
        if rows.empty:
            numbers = ", ".join(map(str, complete["number"]))
            raise InputError(f"{folder}: no trial '{trial}' is complete; those that are: {numbers}")
        row = rows.iloc[0]
    network = replace(Network.from_json(row["network"]), name=f"{run.name}-{row['number']}")
    file = RunFolder(folder).checkpoints / f"{row['hash']}.safetensors"
    if not file.is_file():
        raise InputError(f"{file}: the weights of trial {row['number']} are missing")
    try:
        with safe_open(file, framework="pt") as opened:
            return network, {key: opened.get_tensor(key) for key in opened.keys()}, opened.metadata()  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"{file}: the weights of trial {row['number']} are damaged: {error}") from None
