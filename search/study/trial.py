"""Trial and TrialRecord: a trial as the study keeps it, whole or only who works on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy

from archscape.analysis.results import FINAL

from .owner import Owner

T = TypeVar("T", bound="TrialRecord")


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """A trial and the process that works on it.

    Attributes:
        hash: Canonical hash of its network.
        trial_id: Optuna's key of the trial.
        state: `running`, `waiting`, `paused`; `complete`, `pruned`, `failed`, `dropped`.
        attempts: How many times a process took it up, less those it gave back.
        owner: The process that works on it, or did last; None if it waits.
        beat: When the owner's heart beat last, by the clock of the database.
        rung: Epoch at which it was paused last.
    """

    number: int
    hash: str
    trial_id: int
    state: str
    attempts: int
    owner: Owner | None
    beat: datetime | None
    rung: int | None

    @property
    def ended(self) -> bool:
        """Whether the trial has come to its end."""
        return self.state in FINAL

    @property
    def holder(self) -> str:
        """The owner in short; "" if there is none."""
        return self.owner.text if self.owner else ""


@dataclass(frozen=True, kw_only=True)
class Trial(TrialRecord):
    """Everything that a study knows of a trial but its epochs.

    Attributes:
        changed: Place of its latest change of state in the order of all changes in the study.
        decisions: The choices that made its network, by path.
        network: Its network as JSON.
        costs: What the network costs: params, macs, flops, activations; its latency where the study asks.
        metrics: What training gave, with the costs; while paused, at the rung; empty while it runs.
        cause: Why it failed or was stopped early, in one word; or empty.
        message: A sentence on that, or empty.
        worker: Name of the worker that brought it to its end.
        started: When it was submitted, ISO 8601.
        finished: When it ended, or empty.
    """

    changed: int
    seed: int
    decisions: Mapping[str, int | str]
    network: str
    costs: Mapping[str, float]
    metrics: Mapping[str, float]
    cause: str
    message: str
    worker: str
    started: str
    finished: str


def read_row(kind: type[T], row: sqlalchemy.Row[*tuple[Any, ...]]) -> T:
    """Return a trial, or the record of one, from its row."""
    fields = {name: getattr(row, name) for name in kind.__dataclass_fields__ if name != "owner"}
    trees = {name: json.loads(fields[name]) for name in ("decisions", "costs", "metrics") if name in fields}
    return kind(**(fields | trees), owner=owner_of(row))


def owner_of(row: sqlalchemy.Row[*tuple[Any, ...]]) -> Owner | None:
    """Return the process that works on the trial of a row, or did last."""
    return None if row.machine is None else Owner(machine=row.machine, pid=row.pid, born=row.born)
