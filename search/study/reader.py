"""StudyReader: what a study holds, and what may be set from outside while others work on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from archscape.analysis.results import OPEN, TrialState
from archscape.spaces.printing import Printed, Printout

from . import claim as claims
from . import optuna_rows
from .address import Address
from .alive import alive_seconds, note_alive
from .budget import Spent
from .changes import StudyChanges, read_changes
from .database import Database
from .handle import StudyHandle
from .kept_weights import KeptWeights
from .owner import Owner
from .proposal import Prediction
from .proposal_rows import ProposalRecord
from .remains import remains
from .spending import Spending
from .transactions import StudyTransaction
from .trial import Trial, TrialRecord
from .trial_hash import CHOICES
from .trial_rows import TrialRows

TRACKED = "tracked"
"""The attribute of a study that holds the place of the latest change of which trackers were told."""

ORIGINS = "origins"
"""The attribute of a copied study that holds the artifacts of its originals."""


RECOMMENDED = "recommended"
"""The attribute of a study that holds the trial that its sampler recommended when the search ended last."""


class StudyReader(StudyHandle, Printed):
    """A study in a database, for those who read it."""

    def __init__(self, database: Database, study_id: int, address: Address, identity: str) -> None:
        super().__init__(database, study_id, address, identity)
        self._spending = Spending(objectives=self.objectives, limits=self.limits)

    def training_choices(self, decisions: Mapping[str, int | str]) -> dict[str, int | str]:
        """Return the decisions on the training of a trial; none where one recipe holds for all."""
        return {path: decisions[path] for path in self.facts.get(CHOICES, ()) if path in decisions}

    def delete(self) -> None:
        """Remove the study with all its trials; its folder is free for another one if it holds no results."""
        self._write(StudyTransaction.remove)
        claims.release(self.address.folder, self.address.storage, self.identity)

    def delete_unused(self, *, begun: bool = False) -> bool:
        """Remove the study if it never had a trial and its folder holds no results; return whether it did.

        With `begun` it may have trials that were given back without a result, which are lost. Whoever submits
        a trial meanwhile comes first, and the study stays, or finds it gone.
        """
        folder = self.address.folder
        if remains(folder) or {*self.counts()} - ({"waiting"} if begun else set()):
            return False
        self.claim()  # an earlier version left no id there, by which the folder is let go afterwards
        unused = self._write(lambda transaction: transaction.remove_unused(begun=begun))
        if unused:
            claims.release(folder, self.address.storage, self.identity)
        return unused

    def trials(self) -> list[Trial]:
        """Return the trials by number."""
        return self._read(lambda trial_rows: trial_rows.trials())

    def trial(self, number: int) -> tuple[Trial, dict[int, dict[str, float]]] | None:
        """Return a trial and its epochs by number, None if there is none; do not wait for the database."""

        def step(trial_rows: TrialRows) -> tuple[Trial, dict[int, dict[str, float]]] | None:
            trial = trial_rows.trial(number)
            return None if trial is None else (trial, trial_rows.epochs.numbered(number))

        return self._read(step, patience=0)

    def proposals(self, number: int | None = None, **how: float) -> dict[int, ProposalRecord]:
        """Return how trials were proposed, by number, of all or one; those of earlier versions lack it."""
        return self._read(lambda trial_rows: trial_rows.proposals.records(number), **how)

    def weights_digest(self, trial: TrialRecord) -> str:
        """Return the SHA-256 of a trial's weights; "" if it left none, or none was kept."""
        return self._read(lambda trial_rows: trial_rows.weights.digest(trial.number))

    def digests(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the SHA-256 of the weights of these trials, as far as they left any; do not wait."""
        return self._read(lambda rows: {n: rows.weights.digest(n) for n in numbers}, patience=0)

    def kept_weights(self, keep: str) -> KeptWeights:
        """Return what finds out which of its weights stay by a rule."""
        return KeptWeights(keep=keep, objectives=self.objectives, limits=self.limits)

    def changes(self, *, since: int) -> StudyChanges:
        """Return what changed after a place in the order of changes; do not wait for the database."""
        return self._on_read(lambda c: read_changes(c, self.key, since=since), patience=0)

    def weights_to_remove(self, kept: KeptWeights) -> dict[int, str]:
        """Bring up to date which weights stay; return the trials whose do no more, with their hashes."""
        return kept.take(self._read(lambda trial_rows: trial_rows.changes(since=kept.seen), patience=0))

    def epochs(self, number: int | None = None) -> list[dict[str, float]]:
        """Return one record per epoch of all trials, or of one: `trial`, `epoch` and its metrics."""
        return self._read(lambda trial_rows: trial_rows.epochs.records(number))

    def holders(self) -> list[TrialRecord]:
        """Return the trials that a process works on, or that wait for one."""
        return self._read(lambda trial_rows: trial_rows.in_states("running", "waiting"))

    def in_states(self, *states: str) -> list[TrialRecord]:
        """Return the trials in these states, by number."""
        return self._read(lambda trial_rows: trial_rows.in_states(*states))

    def at_work(self) -> list[TrialRecord]:
        """Return the trials whose processes live as far as can be seen: they gave a sign within a lease."""
        observer = Owner.current()

        def step(trial_rows: TrialRows) -> list[TrialRecord]:
            now = trial_rows.now()
            return [
                record
                for record in trial_rows.in_states("running")
                if record.owner and record.beat and not record.owner.is_dead(observer)
                if (now - record.beat).total_seconds() <= self.lease_seconds
            ]

        return self._read(step)

    def printout(self) -> Printout:
        """Return how many trials are in each state."""
        return Printout(
            title=f"study {self.name}", columns=("state", "trials"), rows=[*self.counts().items()]
        )

    def counts(self) -> dict[str, int]:
        """Return how many trials are in each state."""
        return self._read(lambda trial_rows: trial_rows.counts())

    def failures(self) -> dict[str, int]:
        """Return how many trials failed, by cause."""
        return self._read(lambda trial_rows: trial_rows.failures())

    def places(self) -> dict[int, dict[str, str]]:
        """Return where the weights of trials lie, `host` and `folder`, by number; as far as is known."""
        return self._read(lambda trial_rows: trial_rows.weights.places())

    def count_open(self) -> int:
        """Return how many trials have not come to their end."""
        counts = self.counts()
        return sum(counts.get(state, 0) for state in OPEN)

    def pinned(self) -> dict[str, str]:
        """Return what workers have pinned."""
        return {key: value for key, value in self._attributes().items() if isinstance(value, str)}

    def pin(self, key: str, value: str) -> str:
        """Fix a fact of the study that its first worker finds; return the value that holds from then on."""

        def step(connection: Connection) -> str:
            pinned = optuna_rows.study_facts(connection, self.key).get(key)
            if pinned is None:
                optuna_rows.set_study_facts(connection, self.key, **{key: value})
            return value if pinned is None else str(pinned)

        return self._on_write(step)

    def origins(self) -> list[dict[str, str]]:
        """Return the artifacts of the studies that this one was copied from, the latest first."""
        origins = self._attributes().get(ORIGINS)
        return origins if isinstance(origins, list) else []

    def tracked(self) -> int:
        """Return the place of the latest change of which trackers were told; -1 if they were of none."""
        latest = self._attributes().get(TRACKED, -1)
        return latest if isinstance(latest, int) else -1

    def set_tracked(self, place: int) -> None:
        """Note of which changes trackers were told; do not wait for a database that is away."""

        def step(connection: Connection) -> None:
            optuna_rows.set_study_facts(connection, self.key, **{TRACKED: place})

        self._on_write(step, patience=0)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Set what may change from one run to the next, and let workers work; nothing is recommended yet."""
        self._set(settings=dict(settings), stop=None, **{RECOMMENDED: None})
        self.settings = dict(settings)

    def recommend(self, number: int, expected: Prediction | None = None) -> None:
        """Note the trial that is recommended, and what is expected of its score."""
        known = {} if expected is None else {"mean": expected.mean, "deviation": expected.deviation}
        self._set(**{RECOMMENDED: {"number": number, **known}})

    def recommended(self) -> dict[str, float] | None:
        """Return the trial that is recommended, while it counts: its `number`.

        Where its sampler has a model, also the `mean` and `deviation` of what is expected of its score.
        """
        known = self._attributes().get(RECOMMENDED)
        if not isinstance(known, dict) or not isinstance(known.get("number"), int):
            return None
        record = self._read(lambda trial_rows: trial_rows.find(known["number"]))
        return dict(known) if record is not None and record.state == TrialState.COMPLETE else None

    def note_alive(self, elapsed: float) -> None:
        """Note that a driver of the search was there for these seconds until now."""

        def step(connection: Connection) -> None:
            now = self._transaction(connection).trial_rows.now()
            note_alive(connection, self.key, now, elapsed)

        self._on_write(step, patience=0)

    def spent(self, *, is_alive: bool = True, **how: float) -> Spent:
        """Return what the study has spent of a budget; where its driver lives, up to this moment."""

        def step(connection: Connection) -> Spent:
            rows = self._transaction(connection).trial_rows
            now = rows.now() if is_alive else None
            return self._spending.read(rows, seconds=alive_seconds(connection, self.key, now))

        return self._on_read(step, **how)

    def stop(self) -> None:
        """Ask every worker of the study to give its trial back and leave."""
        self._set(stop=True)

    def is_stopping(self) -> bool:
        """Return whether everybody was asked to leave the study."""
        return "stop" in self._attributes(patience=0)
