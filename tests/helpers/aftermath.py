"""What a search left behind, held against what its workers said they had done."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

ENDED = ("complete", "pruned", "failed")

_START = re.compile(r" starts: network (\w+),")
_EPOCH = re.compile(r" epoch (\d+): (.*)")
_END = re.compile(r" ends: (\w+)")

SIGNS = {"given back": " gives it back", "dropped": " drops it: ", "gone on with": " goes on from "}
"""What shows in a log that a fault struck a trial under way."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial as the study has it; its epochs hold their metrics by number."""

    number: int
    hash: str
    state: str
    cause: str
    attempts: int
    metrics: Mapping[str, float]
    epochs: Mapping[int, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A trial brought to its end, as the log of the worker that did it has it.

    Of an epoch the log may lack its line, if the disk was full at that moment.
    """

    number: int
    hash: str
    status: str
    epochs: Mapping[int, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """A study after its search.

    Attributes:
        trials: What it holds, by number.
        claims: What the logs hold.
        signs: How often the logs tell of a trial given back, dropped since its lease was lost, and gone on
            with from a checkpoint.
        optuna: How many trials Optuna has in each of its states.
        spooled: Files in the spool, but for those that were damaged and set aside.
        alive: Processes left.
    """

    trials: list[Trial]
    claims: list[Claim]
    signs: Mapping[str, int]
    optuna: Mapping[str, int]
    spooled: list[str]
    alive: list[int]

    @property
    def states(self) -> Counter[str]:
        """How many trials there are in each state."""
        return Counter(trial.state for trial in self.trials)

    @property
    def causes(self) -> Counter[str]:
        """How many trials failed, by cause."""
        return Counter(trial.cause for trial in self.trials if trial.state == "failed")

    @property
    def lost(self) -> list[Claim]:
        """Results that a worker logged and the study does not have, or has with other metrics."""
        held = {trial.hash: trial for trial in self.trials}
        return [claim for claim in self.claims if not _agrees(claim, held.get(claim.hash))]

    @property
    def twice(self) -> list[str]:
        """Hashes trained to the end more than once."""
        times = Counter(claim.hash for claim in self.claims if claim.status == "complete")
        return [digest for digest, count in times.items() if count > 1]

    @property
    def accuracies(self) -> dict[str, float]:
        """The accuracy of every complete trial, by hash."""
        return {t.hash: t.metrics["accuracy"] for t in self.trials if t.state == "complete"}

    def broken(self, *, trials: int, epochs: int, weights: Path) -> list[str]:
        """Return what is not as it must be after any faults, a sentence each.

        Args:
            trials: How many there must be.
            epochs: How many epochs a complete one has.
            weights: Folder of the weights of complete trials.
        """
        complete = [trial for trial in self.trials if trial.state == "complete"]
        unfinished = [trial.number for trial in complete if [*trial.epochs] != [*range(1, epochs + 1)]]
        weightless = [t.number for t in complete if not (weights / f"{t.hash}.safetensors").is_file()]
        unended = [trial.number for trial in self.trials if trial.state not in ENDED]
        promises = {
            f"trials {[t.number for t in self.trials]}": [t.number for t in self.trials] != [*range(trials)],
            f"open: {unended}": bool(unended),
            f"Optuna's states: {dict(self.optuna)}": self.optuna != _optuna_states(self.states),
            f"lost results: {self.lost}": bool(self.lost),
            f"trained to the end twice: {self.twice}": bool(self.twice),
            f"a hash twice: {self._repeated()}": bool(self._repeated()),
            f"complete without every epoch: {unfinished}": bool(unfinished),
            f"complete without weights: {weightless}": bool(weightless),
            f"failed for another reason than a lost worker: {self.causes}": bool(
                set(self.causes) - {"lost_worker"}
            ),
            f"left in the spool: {self.spooled}": bool(self.spooled),
            f"processes left: {self.alive}": bool(self.alive),
        }
        return [sentence for sentence, is_broken in promises.items() if is_broken]

    def _repeated(self) -> list[str]:
        times = Counter(trial.hash for trial in self.trials)
        return [digest for digest, count in times.items() if count > 1]


def read_aftermath(out: Path, storage: str, alive: list[int]) -> Aftermath:
    """Return what is in the folder of a run and in its storage, an URL of SQLAlchemy with one study."""
    engine = sqlalchemy.create_engine(storage)
    try:
        with engine.connect() as connection:
            trials = _trials(connection)
            counts = connection.execute(sqlalchemy.text("SELECT state, count(*) FROM trials GROUP BY state"))
            optuna = {str(state): int(count) for state, count in counts}
    finally:
        engine.dispose()
    logs = sorted((out / "logs").glob("trial-*.log"))
    return Aftermath(
        trials=trials,
        claims=[claim for path in logs for claim in read_claims(path)],
        signs={name: sum(_text(path).count(sign) for path in logs) for name, sign in SIGNS.items()},
        optuna=optuna,
        spooled=sorted(path.name for path in (out / "spool").iterdir() if path.suffix != ".damaged"),
        alive=alive,
    )


def read_claims(log: Path) -> list[Claim]:
    """Return the ends that the log of one trial tells of."""
    number, digest = int(log.stem.removeprefix("trial-")), ""
    epochs: dict[int, dict[str, float]] = {}
    claims: list[Claim] = []
    for line in _text(log).splitlines():
        if match := _START.search(line):
            digest, epochs = match[1], {}
        elif match := _EPOCH.search(line):
            epochs[int(match[1])] = dict(_metric(part) for part in match[2].split(", "))
        elif match := _END.search(line):
            claims.append(Claim(number=number, hash=digest, status=match[1], epochs=epochs))
    return claims


def count_ends(out: Path) -> int:
    """Return how many trials have come to their end so far, by their logs."""
    logs = (out / "logs").glob("trial-*.log")
    return sum(" ends: " in _text(path) for path in logs)


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _metric(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition(" ")
    return name, float(value)


def _trials(connection: sqlalchemy.Connection) -> list[Trial]:
    epochs: dict[int, dict[int, dict[str, float]]] = {}
    query = "SELECT number, epoch, metrics FROM archscape_epochs ORDER BY number, epoch"
    for number, epoch, metrics in connection.execute(sqlalchemy.text(query)):
        epochs.setdefault(number, {})[epoch] = json.loads(metrics)
    query = "SELECT number, hash, state, cause, attempts, metrics FROM archscape_trials ORDER BY number"
    return [
        Trial(
            number=row.number,
            hash=row.hash,
            state=row.state,
            cause=row.cause or "",
            attempts=row.attempts,
            metrics=json.loads(row.metrics),
            epochs=epochs.get(row.number, {}),
        )
        for row in connection.execute(sqlalchemy.text(query))
    ]


def _optuna_states(states: Mapping[str, int]) -> dict[str, int]:
    names = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    return {names[state]: count for state, count in states.items() if state in names}


def _agrees(claim: Claim, held: Trial | None) -> bool:
    if held is None or held.number != claim.number or held.state != claim.status:
        return False
    kept = {number: _result(row) for number, row in held.epochs.items()}
    if any(kept.get(number) != _result(row) for number, row in claim.epochs.items()):
        return False
    return claim.status != "complete" or _result(held.metrics) == kept.get(max(kept, default=0))


def _result(metrics: Mapping[str, float]) -> tuple[str, ...]:
    """Return what a training gave, with the digits that a log has."""
    return tuple(f"{metrics.get(name, math.nan):.6g}" for name in ("loss", "accuracy"))
