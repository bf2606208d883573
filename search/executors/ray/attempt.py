"""One attempt to train a network, in a thread that others can follow, stop at a rung, and ask to leave."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from archscape.search.shutdown import ShutdownRequested
from archscape.search.study.lease import Lease
from archscape.search.study.spool import Result
from archscape.search.workers.evaluator import Context, Evaluator, evaluate_safely

LEAVE_SECONDS = 8.0
"""How long a training that was asked to leave gets to write its checkpoint."""


@dataclass(kw_only=True)
class AttemptUpdate:
    """What happened since somebody asked.

    Attributes:
        rows: Metrics by epoch.
        lines: For the log of the trial.
        result: How it ended, or None.
        left: Whether the training was left and can go on.
    """

    rows: dict[int, dict[str, float]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    result: Result | None = None
    left: bool = False


class Attempt:
    """A training in a thread of its own.

    At a rung of early stopping it waits until somebody asks for news again, which lets it go on, or tells it
    to leave.
    """

    def __init__(self, evaluate: Evaluator, lease: Lease, *, rungs: tuple[int, ...], worker: str) -> None:
        """Start the training.

        Args:
            evaluate: Gives the network its result.
            lease: The trial.
            rungs: Epochs after which the training waits for a verdict.
            worker: Name of this process.
        """
        self._evaluate = evaluate
        self._lease = lease
        self._rungs = rungs
        self._worker = worker
        self._changed = threading.Condition()
        self._news = AttemptUpdate()
        self._waiting = False
        self._told = False
        self._leaving = False
        self._thread = threading.Thread(target=self._run, name=f"trial-{lease.number}", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> AttemptUpdate:
        """Let the training go on, and return its news: at a rung, at its end, or after some seconds."""
        with self._changed:
            if self._told:
                self._waiting = False
                self._changed.notify_all()
            self._changed.wait_for(self._is_to_tell, timeout=seconds)
            self._told = self._waiting
            news, self._news = self._news, AttemptUpdate()
            return news

    def log(self, text: str) -> None:
        """Append a line to the log of the trial."""
        with self._changed:
            self._news.lines.append(text)

    def leave(self) -> None:
        """Ask the training to write its checkpoint and end; at a rung, this is the verdict."""
        with self._changed:
            self._leaving = True
            self._changed.notify_all()

    def end(self) -> None:
        """Ask the training to leave, and wait for it."""
        self.leave()
        self._thread.join(LEAVE_SECONDS)

    def _is_to_tell(self) -> bool:
        return self._waiting or self._news.left or self._news.result is not None

    def _run(self) -> None:
        context = Context(
            lease=self._lease,
            worker=self._worker,
            log=self.log,
            report=self._report,
            should_stop=lambda: self._leaving,
        )
        result = None
        try:
            result = evaluate_safely(self._evaluate, self._lease.network, context)
        except ShutdownRequested:
            self.log(f"{self._worker} leaves it")
        except OSError as error:
            self.log(f"{self._worker} gives it back: {error}")
        pruned = result is not None and result.status == "pruned"
        with self._changed:
            self._news.left = result is None or pruned
            self._news.result = None if pruned else result
            self._changed.notify_all()

    def _report(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        with self._changed:
            known = {name: value for name, value in metrics.items() if value == value}
            self._news.rows[epoch] = known
            if epoch in self._rungs and not self._leaving:
                self._waiting = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._leaving or not self._waiting)
                self._waiting = self._told = False
            return not self._leaving
