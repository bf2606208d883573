"""Tune's search algorithm, scheduler, callback and stop criterion, which pass everything on to the driver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import ray
from ray.tune import Callback, Stopper
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import NoopStopper

from .actor_trial import MEMORY
from .driver import Driver
from .messages import TrialUpdate

OUT_OF_MEMORY = ("OUT_OF_MEMORY", "OOM kill reason")
"""What Ray's errors hold if it ended an actor because its node had no memory left."""

LINE_LENGTH = 300

T = TypeVar("T")


class StudySearcher(Searcher):
    """Tune's searcher: each configuration is a trial of the study."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver

    def suggest(self, trial_id: str) -> dict[str, str] | None:
        """Return a trial as a configuration; None if there is none now."""
        spec = guarded(self._driver, lambda: self._driver.assign(trial_id))
        if spec is not None:
            return {"spec": spec.to_json()}
        return Searcher.FINISHED if self._driver.is_over else None  # type: ignore[return-value]

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """End a trial with its last update; failures are `TrialTimeout`'s."""
        if result is not None and trial_id in self._driver.trials:
            update = TrialUpdate.from_json(result["update"])
            guarded(self._driver, lambda: self._driver.end(trial_id, update))

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Save nothing: the study is the truth."""


class StudyScheduler(FIFOScheduler):
    """Tune's scheduler: it takes the updates of actors, and asks those to leave whose trial may not continue.

    Such an actor writes its checkpoint and sends a last update; Tune's own way to stop a trial loses both.
    """

    def __init__(self, driver: Driver) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._driver = driver

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Take an update, and let the trial continue."""
        update = TrialUpdate.from_json(result["update"])
        if guarded(self._driver, lambda: self._driver.receive(trial.trial_id, update)) is False:
            _actor(trial).leave.remote()  # comes before the next step
        return str(TrialScheduler.CONTINUE)

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """Leave the order to Tune.

        A trial chosen here would take the actor of one that has ended even if its own is about to be ready,
        which Tune would then throw away: where trials are shorter than the start of an actor, a search would
        never come to have a second one.
        """


class TrialTimeout(Callback):
    """Follows which actors have trials, and ends those that hang."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._trials: dict[str, Trial] = {}

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Note that an actor has a trial."""
        self._trials[trial.trial_id] = trial
        guarded(self._driver, lambda: self._driver.start(trial.trial_id))

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Note that the actor of a trial was lost; the driver assigns the trial again, under another name."""
        guarded(self._driver, lambda: self._driver.lose_actor(trial.trial_id, _reason(trial)))

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """End the actors that take too long."""
        for name in set(self._trials) - set(self._driver.trials):
            del self._trials[name]
        for name in self._driver.overdue():
            if actor := _actor(self._trials[name]):
                ray.kill(actor)


class StopCriterion(Stopper):
    """Ends Tune's run when the search is asked to stop, or cannot continue."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Leave single trials alone."""
        return False

    def stop_all(self) -> bool:
        """Say whether to end."""
        driver = self._driver
        return driver.source.shutdown.requested or driver.failure is not None or driver.is_out_of_time

    def __reduce__(self) -> tuple[type[NoopStopper], tuple[()]]:
        """Stand in Tune's records, which it cannot do without, as one that never ends."""
        return NoopStopper, ()


def guarded(driver: Driver, step: Callable[[], T]) -> T | None:
    """Take a step; what it raises ends the search, and is not for Tune to retry."""
    try:
        return step()
    except Exception as error:
        driver.failure = driver.failure or error
        return None


def _actor(trial: Trial) -> Any:
    return trial.temporary_state.ray_actor


def _reason(trial: Trial) -> str:
    """Return in one line why the actor of a trial was lost, from what Tune wrote down.

    That is a line with the time, and the error's text: a traceback, or a list of reasons; about memory, the
    reason comes first and much advice follows.
    """
    text = Path(trial.error_file).read_text(errors="replace") if trial.error_file else ""
    lines = [line.strip() for line in text.splitlines()[1:] if line.strip()] or ["unknown"]
    reason = f"{MEMORY}: {lines[0]}" if any(mark in text for mark in OUT_OF_MEMORY) else lines[-1]
    return reason if len(reason) <= LINE_LENGTH else f"{reason[:LINE_LENGTH]}…"
