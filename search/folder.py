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
import logging
import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape._version import __version__
from archscape.analysis.costs.latency.device_setup import cpu_name
from archscape.analysis.limits import violation
from archscape.analysis.metrics import METRICS, SPREADS, count_costs
from archscape.analysis.reports.format import LABELS
from archscape.analysis.results import (
    COLUMNS,
    CURVE_COLUMNS,
    FEASIBLE,
    TrialState,
    columns,
    prediction_columns,
)
from archscape.spaces.atomic import write_json, write_whole
from archscape.spaces.errors import InputError, StudyError

from .costs.latency import named
from .file_faults import make_folder
from .study.confusions import confusions
from .study.damaged import make_room, read_mapping, report
from .study.secrets import hide_secrets, presentable_command

if TYPE_CHECKING:
    from archscape.analysis.reports.results.run import RunResults
    from archscape.spaces import Network

    from .study.proposal_rows import ProposalRecord
    from .study.reader import StudyReader
    from .study.trial import Trial

TRIAL_LOG = "trial-{:05d}.log"
"""The log of a trial in `logs/`, by its number."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")
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
    def spool(self) -> Path:
        """Results on their way to the study."""
        return self.path / "spool"

    @property
    def inner_folders(self) -> tuple[Path, ...]:
        """The folders that the files of trials go to."""
        return self.logs, self.checkpoints, self.spool

    def folders(self, study: StudyReader) -> tuple[Path, ...]:
        """Return the folders that may be made again if they stay missing, in this order.

        That of the run is among them if the study does not lie in it.
        """
        file = study.database.file
        holds_study = file is not None and self.path.resolve() in file.path.resolve().parents
        return self.inner_folders if holds_study else (self.path, *self.inner_folders)

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.path / "report.html"

    def create(self) -> None:
        """Create the folder and those in it.

        Raises:
            InputError: If its name is not UTF-8, in which a study and its pages are written, or an address.
            StudyError: If that is not possible.
        """
        if not is_utf8(self.path):
            raise InputError(f"{self.path}: its name is not UTF-8; choose another folder with --out")
        if _ADDRESS.match(str(self.path)):
            shown = hide_secrets(str(self.path))
            raise InputError(
                f"{shown}: an address is no folder; give it with --storage, and a folder with --out"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in self.inner_folders:
                make_folder(folder, logging.getLogger("archscape").warning)
        except OSError as error:
            raise StudyError(f"{self.path}: cannot be created: {error.strerror}") from None

    def check_readable(self) -> None:
        """Check that the job and its space are there.

        Raises:
            OSError: If they cannot be read.
        """
        for path in (self.job, self.path / "space.yaml"):
            path.read_bytes()

    def write_job(self, job: str, space: str) -> None:
        """Write a job and its space, both as text."""
        write_whole(self.path / "space.yaml", space)
        write_whole(self.job, job)

    def write_results(
        self, study: StudyReader, *, command: str, references: Iterable[Network] = ()
    ) -> RunResults:
        """Write the tables of the trials and what is needed to repeat them; return what a report reads.

        Raises:
            InputError: If the folder has a table of more trials than the study holds.
        """
        from .study.claim import check_trials

        check_trials(self.path, sum(study.counts().values()))
        make_room(self.path / "environment.json")
        write_json(self.path / "environment.json", environment(study.pinned(), command=command))
        run = results(study, references=references)
        write_whole(self.path / "trials.csv", run.trials.to_csv(index=False))
        write_whole(self.path / "curves.csv", run.curves.to_csv(index=False))
        return run


def is_utf8(path: Path) -> bool:
    """Return whether a path, from its root, can be written as UTF-8."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        return False
    return True


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
        "command": presentable_command(command),
    }


def load(run: str | Path = "", *, study: str = "", storage: str = "") -> RunResults:
    """Return a search, finished or not, from its folder or from the database of its study.

    Args:
        run: The folder of the run.
        study: Without a folder, or where the storage holds several: the name of the study.
        storage: URL of the database; by default that which the folder was used with.

    Raises:
        InputError: If neither a folder nor a storage is given, or the storage is no address.
        StudyError: If there is no such study.
    """
    from .study.reader import StudyReader

    if not run and not storage:
        raise InputError('load: which search? give its folder, as in load("runs/digits"), or its storage')
    folder = Path(run or Path("runs", study or "study"))
    with StudyReader.open(folder, name=study, storage=storage) as reader:
        return results(reader)


def results(study: StudyReader, *, references: Iterable[Network] = ()) -> RunResults:
    """Return a search, finished or not, as the report reads it, with known networks to show beside it."""
    import pandas as pd

    from archscape.analysis.reports.results.decisions import with_decisions
    from archscape.analysis.reports.results.run import RunResults

    folder = study.address.folder
    kept = _kept_environment(folder / "environment.json") if study.owns(folder) else {}
    job, trials = str(study.settings.get("job", "")), study.trials()
    proposals, epochs = study.proposals(), study.epochs()
    rows = [_proposal(proposals.get(trial.number)) | _row(study, trial) for trial in trials]
    own, predicted = _own_metrics(study, trials), [*study.objectives, *study.limits]
    table = pd.DataFrame(rows, columns=columns({name for row in rows for name in row}, own, predicted))
    known = {name for epoch in epochs for name in epoch}
    learned = [*(name for name, metric in study.metrics.items() if metric.is_quality), *own]
    more = [name for name in dict.fromkeys(learned) if name in known and name not in CURVE_COLUMNS]
    return RunResults(
        name=study.name,
        trials=with_decisions(table),
        curves=pd.DataFrame(epochs, columns=[*CURVE_COLUMNS, *more]),
        objectives=study.objectives,
        metrics=study.metrics,
        limits=study.limits,
        job=named(job)
        if study.facts.get("latency")
        else job,  # a reader wants to see the device, not its table
        environment=kept or environment(study.pinned(), command=""),
        logs=f"logs/{TRIAL_LOG}",
        confusion_of=confusions(study),
        recommended=study.recommended(),
        references=pd.DataFrame([{"name": n.name, **count_costs(n.totals)} for n in references]),
    )


def _kept_environment(file: Path) -> dict[str, Any]:
    """Return what a run noted of its environment; empty if it did not, or its file cannot be read.

    Earlier versions wrote the command as it was typed.
    """
    try:
        kept = read_mapping(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        report(f"{file}: damaged: {error}; what is here now is shown")
        return {}
    return kept | {"command": presentable_command(str(kept.get("command", "")))}


def _row(study: StudyReader, trial: Trial) -> dict[str, Any]:
    """Return the row of a trial; what is not known, or not yet, is missing."""
    facts = vars(trial) | {"status": trial.state, "decisions": json.dumps(dict(trial.decisions))}
    values = {**trial.costs, **trial.metrics}
    if study.limits:
        is_complete = trial.state == TrialState.COMPLETE
        facts |= {FEASIBLE: not violation(study.limits, values) if is_complete else None}
    return {**values, **facts}


def _proposal(record: ProposalRecord | None) -> dict[str, Any]:
    """Return what the row of a trial has of its proposal: who made it and why, and what was expected."""
    if record is None:
        return {}
    texts = {"sampler": record.sampler, "reason": record.reason}
    row: dict[str, Any] = {name: text for name, text in texts.items() if text}
    for name, prediction in record.predicted.items():
        row |= zip(prediction_columns(name), prediction, strict=True)
    return row


def _own_metrics(study: StudyReader, trials: Iterable[Trial]) -> list[str]:
    """Return the metrics of a study's own: those that it names, and what else its training function gave."""
    own = [name for name in study.metrics if name not in METRICS]
    if study.facts.get("train"):
        taken = {*METRICS, *SPREADS, *COLUMNS, *LABELS, "kept_repeat"}
        reported = dict.fromkeys(name for trial in trials for name in trial.metrics)
        own += [name for name in reported if name not in taken and not name.endswith("_std")]
    return list(dict.fromkeys(own))
